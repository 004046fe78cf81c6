"""The arms of every twin curve. Taught in 01."""

from llmtl_helpers.arms.arm import ENCODER, SMALL, Arm

ARMS = {
    arm.name: arm
    for arm in (
        Arm("fine_tuned", "fine-tuned checkpoint", ENCODER, "pretrained", "all_weights",
            "learning_rate", (2e-5, 5e-5, 1e-4, 2e-4), "#0072B2", "-", "o"),
        Arm("scratch", "same network from scratch", ENCODER, "random", "all_weights",
            "learning_rate", (1e-4, 3e-4, 6e-4, 1e-3), "#D55E00", "--", "s"),
        Arm("small_scratch", "right-sized network from scratch", SMALL, "random", "all_weights",
            "learning_rate", (2e-4, 5e-4, 1e-3, 2e-3), "#CC79A7", "--", "^"),
        Arm("probe", "frozen probe on the checkpoint", ENCODER, "pretrained", "frozen_probe",
            "inverse_regularisation", (0.001, 0.01, 0.1, 1.0), "#009E73", "-", "D"),
        Arm("tfidf", "bag of words (TF-IDF)", "none", "none", "bag_of_words",
            "inverse_regularisation", (0.1, 1.0, 10.0, 1000.0), "#000000", ":", "x"),
        Arm("majority", "always the majority class", "none", "none", "majority",
            None, (), "#7F7F7F", ":", ""),
    )
}
