"""How much of the checkpoint is trained, how, and after what. Taught in 05, 06 and 07.

A list of learning rates suits how much is trained: the fewer the weights, the higher.
"""

from llmtl_helpers.arms.arm import ENCODER, Arm
from llmtl_helpers.arms.curve import ARMS

PLAIN = ARMS["fine_tuned"].trials
FEW = (3e-4, 1e-3, 3e-3, 6e-3)  # for biases and adapters
STYLE = ("#0072B2", "-", "o")


def _adapted(name: str, label: str, strategy: str = "all_weights",
             trials: tuple[float, ...] = PLAIN, style: tuple[str, str, str] = STYLE,
             **settings) -> Arm:
    """An arm that starts from the checkpoint as `fine_tuned` does, with other settings."""
    return Arm(name, label, ENCODER, "pretrained", strategy, "learning_rate", trials, *style,
               tuple(sorted(settings.items())))


# From the fewest weights trained to all of them; the last two train all, in another order.
UNFREEZE = {
    arm.name: arm
    for arm in (
        _adapted("head", "head alone", "top_blocks", (1e-3, 3e-3, 1e-2, 3e-2), trained_blocks=0),
        _adapted("biases", "head and biases", "biases", FEW),
        _adapted("adapters_8", "adapters of rank 8 (LoRA)", "adapters", FEW, adapter_rank=8),
        _adapted("top_1", "top block", "top_blocks", (5e-5, 1e-4, 3e-4, 6e-4), trained_blocks=1),
        _adapted("top_2", "top 2 blocks", "top_blocks", (5e-5, 1e-4, 3e-4, 6e-4), trained_blocks=2),
        _adapted("top_4", "top 4 blocks", "top_blocks", (5e-5, 1e-4, 2e-4, 5e-4), trained_blocks=4),
        _adapted("probe_first", "probe first, then all weights", head_first=1),
        _adapted("gradual", "all weights, one block after the other", gradual=1),
    )
}

# A second task after films, with a share of the films in each epoch; and a related task first.
FILMS_FIRST = dict(first_task="sentiment/films", first_n=1024)
SEQUELS = {
    arm.name: arm
    for arm in (
        *(_adapted(f"replay_{share}", f"films first, then {share}% films in the mix", **FILMS_FIRST,
                   replay=share / 100) for share in (10, 25, 50)),
        _adapted("films_first", "films first, then this task", style=("#E69F00", "-", "P"),
                 **FILMS_FIRST),
    )
}

# What a bag of words makes of the words that a network reads of a text, and no more.
BEGINNINGS = {
    "tfidf_beginning": Arm("tfidf_beginning", "bag of words (beginnings only)", ENCODER,
                           "none", "bag_of_words", "inverse_regularisation",
                           ARMS["tfidf"].trials, "#7F7F7F", ":", "+"),
}
