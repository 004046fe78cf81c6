"""The bill for pre-training: what was spent before the checkpoint reached this course.

The encoder comes from three trainings, one upon the other. None was published in FLOP, so each
line is an estimate by 6ND, computed here from published settings; what the same papers say of
machines and days stands beside it. Figures for well-known models of the same family are in
PUBLISHED, to hold it against. Taught in 11.
"""

from llmtl_helpers.arms import ENCODER
from llmtl_helpers.cost.bill import Bill, Line, Published
from llmtl_helpers.cost.flops import ARCHITECTURES, six_nd


def pretraining_bill(checkpoint: str = ENCODER) -> Bill:
    """The bill of a checkpoint.

    Raises:
        ValueError: its history is not known here.
    """
    if checkpoint not in PRETRAINING:
        raise ValueError(f"the history of {checkpoint!r} is not known here, so nothing can be "
                         "charged for it; known: " + ", ".join(PRETRAINING))
    return PRETRAINING[checkpoint]


def _six_nd_text(weights: int, tokens: float, how: str) -> str:
    return (f"6 x {weights / 1e6:.1f} million weights x {tokens:.2e} tokens ({how}) "
            f"= {six_nd(weights, tokens):.1e} FLOP")


def _teacher() -> Line:
    weights = ARCHITECTURES["BERT-base"].non_embedding_weights
    updates, batch, length = 500_000, 7_680, 512
    tokens = updates * batch * length
    how = f"{updates:,} updates of {batch:,} texts of {length} tokens"
    return Line(
        "the teacher, a network of the size of BERT-base", six_nd(weights, tokens),
        _six_nd_text(weights, tokens, how) + ", estimate",
        "64 V100 graphics processors, about 20 days", 64 * 20,
        "The very teacher is in-house: published are its size, its 160 GB of text and that it "
        "follows UniLM. The settings and machines are those of the published UniLMv2-base. "
        "Pseudo masks lengthen its texts; that is not counted.",
        "Wang et al. 2020 (MiniLM, arXiv:2002.10957), section 5.1; "
        "Bao et al. 2020 (UniLMv2, arXiv:2002.12804), section 4.1")


def _distillation() -> Line:
    student = ARCHITECTURES["MiniLM-L12-H384"].non_embedding_weights
    teacher = ARCHITECTURES["BERT-base"].non_embedding_weights
    updates, batch, length = 400_000, 2_048, 512
    tokens = updates * batch * length
    reading = 2.0 * teacher * tokens
    flops = six_nd(student, tokens) + reading
    how = f"{updates:,} updates of {batch:,} texts of {length} tokens"
    return Line(
        "distillation into 12 layers, 384 wide", flops,
        _six_nd_text(student, tokens, how) + f"; the teacher reads along, 2 x "
        f"{teacher / 1e6:.1f} million weights x {tokens:.2e} tokens = {reading:.1e} FLOP; "
        f"together {flops:.1e} FLOP, estimate",
        "8 V100 graphics processors; the days were not published", None,
        "Texts may be shorter than 512 tokens, and only the last layers enter the loss. The six "
        "layers of our encoder are every second one of these twelve, which cost no training.",
        "Wang et al. 2020 (MiniLM, arXiv:2002.10957), section 4.1; cards of "
        "microsoft/MiniLM-L12-H384-uncased and nreimers/MiniLM-L6-H384-uncased")


def _sentence_pairs() -> Line:
    weights = ARCHITECTURES[ENCODER].non_embedding_weights
    updates, pairs, length = 100_000, 1_024, 128
    tokens = updates * pairs * 2 * length
    how = f"{updates:,} updates of {pairs:,} pairs of 2 texts of {length} tokens"
    return Line(
        "tuning on sentence pairs", six_nd(weights, tokens),
        _six_nd_text(weights, tokens, how) + ", estimate",
        "one TPU v3-8; the hours were not published", None,
        "An upper bound: 128 tokens is the limit, and most texts are shorter. The comparison of "
        "all texts of a batch with each other is not counted.",
        "card of sentence-transformers/all-MiniLM-L6-v2, section Training procedure")


PRETRAINING = {
    ENCODER: Bill(
        ENCODER, (_teacher(), _distillation(), _sentence_pairs()),
        "Runs that failed, the search for good settings, the collection of the texts and every "
        "earlier model that showed the way."),
}


def _bert() -> Published:
    """BERT-base by its paper's settings: most updates read short texts."""
    weights = ARCHITECTURES["BERT-base"].non_embedding_weights
    updates, batch = 1_000_000, 256
    tokens = batch * (0.9 * updates * 128 + 0.1 * updates * 512)
    how = f"{updates:,} updates of {batch} texts, 90% of them of 128 tokens and 10% of 512"
    return Published(
        "BERT-base, by 6ND from its paper's settings", six_nd(weights, tokens),
        _six_nd_text(weights, tokens, how) + ", estimate",
        "Machines as published: 16 TPU chips, 4 days.",
        "Devlin et al. 2019 (BERT, arXiv:1810.04805), appendix A.2")


PUBLISHED = (
    _bert(),
    Published("BERT-base, as others counted it", 1.64e20,
              "6 x 109 million weights x 250 billion tokens = 1.64e+20 FLOP",
              "All weights are counted, and nearly six times the tokens of its paper's schedule.",
              "Brown et al. 2020 (GPT-3, arXiv:2005.14165), table D.1"),
    Published("RoBERTa-base, as others counted it", 1.50e21,
              "6 x 125 million weights x 2,000 billion tokens = 1.50e+21 FLOP",
              "The teacher's text and settings are modelled on this one.",
              "Brown et al. 2020 (GPT-3, arXiv:2005.14165), table D.1"),
)
