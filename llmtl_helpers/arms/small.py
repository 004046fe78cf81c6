"""The small language models, and their own ladder. Taught in 03 and 04."""

from llmtl_helpers.arms.arm import CONTROL, Arm


def _small(name: str, label: str, checkpoint: str, init: str = "pretrained",
           strategy: str = "all_weights", control: bool = False) -> Arm:
    """An arm of the small language models; random weights have the higher range, as everywhere."""
    random = init == "random"
    knob = None if strategy == "untuned" else "learning_rate"
    trials = (3e-4, 1e-3, 2e-3, 4e-3) if random else (1e-4, 3e-4, 1e-3, 2e-3)
    colour, line, marker = (CONTROL if control else ("#D55E00", "--", "s") if random else
                            ("#0072B2", "-", "o") if knob else ("#009E73", "-.", ""))
    return Arm(name, label, checkpoint, init, strategy, knob, trials if knob else (), colour, line,
               marker)


# The pre-training dial of the small language models: tokens read. 3M takes minutes.
DIAL = {"100k": 100_000, "300k": 300_000, "1M": 1_000_000, "3M": 3_000_000, "10M": 10_000_000,
        "30M": 30_000_000}
SMALL_MODELS = {
    arm.name: arm
    for arm in (
        _small("causal_scratch", "same causal network from scratch", "causal-30M", "random"),
        _small("masked_scratch", "same masked network from scratch", "masked-30M", "random"),
        *(_small(f"{family}_{tokens}", f"{family}, pre-trained on {tokens} tokens",
                 f"{family}-{tokens}") for family in ("causal", "masked") for tokens in DIAL),
        _small("causal_untuned", "pre-trained, not tuned", "causal-30M", strategy="untuned"),
        _small("replaced_10M", "replaced tokens, 10M tokens", "replaced-10M"),
        _small("masked_films", "masked, the task's own text, 10M tokens", "masked-films-10M"),
        _small("masked_general_films", "masked, general and own text, 10M tokens",
               "masked-general-films-10M"),
        _small("masked_moments", "random, with the checkpoint's scales", "masked-10M",
               "random_moments", control=True),
        _small("masked_shuffled_layers", "the checkpoint's blocks, shuffled", "masked-10M",
               "shuffled_layers", control=True),
        _small("masked_nonsense", "pre-trained on random words", "masked-nonsense-10M",
               control=True),
        _small("masked_shuffled_words", "pre-trained on shuffled words",
               "masked-shuffled-words-10M", control=True),
    )
}

# ... and at that of the small masked language model. The two are never mixed in one figure.
SMALL_LADDER = ("masked_scratch", "masked_moments", "masked_shuffled_layers", "masked_nonsense",
                "masked_shuffled_words", "masked_films", "masked_10M")
