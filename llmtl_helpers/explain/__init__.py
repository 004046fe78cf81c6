"""Looking into a trained classifier: what it says of any text, and which words made it say so."""

from llmtl_helpers.explain.judges import Judge, network_judge, probability, put_probe, word_judge
from llmtl_helpers.explain.masks import masked, plain_words, shown, snippet
from llmtl_helpers.explain.occlusion import Occlusion, occlude

__all__ = ["Judge", "Occlusion", "masked", "network_judge", "occlude", "plain_words",
           "probability", "put_probe", "shown", "snippet", "word_judge"]
