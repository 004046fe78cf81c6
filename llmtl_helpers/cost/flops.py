"""How much arithmetic a transformer needs: the exact count of its matrix products, and 6ND.

One FLOP is one addition or one multiplication of two numbers, so a product of an (m, k) and a
(k, n) matrix takes 2 m n k of them. Counted are the matrix products, which are nearly all of the
work. Not counted are softmax, normalisation, activation, dropout and biases, the look-up of word
vectors, and the optimizer, which touches each weight a few times per update. Taught in 11.
"""

from dataclasses import dataclass

from llmtl_helpers.arms import ENCODER, SMALL


@dataclass(frozen=True)
class Architecture:
    """The numbers of a BERT-like encoder that decide its cost.

    Attributes:
        layers: transformer blocks.
        width: length of a token vector (the hidden size).
        inner: width of the feed-forward layer.
        vocabulary, positions, segments: rows of the three embedding tables.
    """

    layers: int
    width: int
    inner: int
    vocabulary: int = 30_522
    positions: int = 512
    segments: int = 2

    @classmethod
    def of(cls, config) -> "Architecture":
        """From a `transformers` configuration of the BERT family."""
        return cls(config.num_hidden_layers, config.hidden_size, config.intermediate_size,
                   config.vocab_size, config.max_position_embeddings, config.type_vocab_size)

    @property
    def embedding_weights(self) -> int:
        """Weights of the three tables: they are looked up, not multiplied with."""
        return (self.vocabulary + self.positions + self.segments) * self.width

    @property
    def non_embedding_weights(self) -> int:
        """All other weights of the body, without a pooler: the N of 6ND in this suite."""
        attention = 4 * (self.width * self.width + self.width)  # query, key, value, output
        feed_forward = 2 * self.width * self.inner + self.inner + self.width
        norms = 2 * 2 * self.width
        return self.layers * (attention + feed_forward + norms) + 2 * self.width

    def head_weights(self, labels: int) -> int:
        """Weights of the linear head on the pooled vector."""
        return labels * (self.width + 1)


ARCHITECTURES = {
    ENCODER: Architecture(6, 384, 1536),
    SMALL: Architecture(2, 128, 512),
    "MiniLM-L12-H384": Architecture(12, 384, 1536),
    "BERT-base": Architecture(12, 768, 3072),
}


@dataclass(frozen=True)
class Flops:
    """Matrix-product work in FLOP.

    Attributes:
        blocks: the linear layers of the blocks, which grow with the number of tokens.
        attention: queries times keys and weights times values, which grow with its square.
        head: the linear head, once per text.
    """

    blocks: float
    attention: float
    head: float

    @property
    def total(self) -> float:
        return self.blocks + self.attention + self.head

    def __mul__(self, times: float) -> "Flops":
        return Flops(self.blocks * times, self.attention * times, self.head * times)

    __rmul__ = __mul__


def forward_flops(architecture: Architecture, batch: int, tokens: float, labels: int = 2) -> Flops:
    """Exact matrix-product work of one forward pass over a padded batch.

    Args:
        batch: texts in the batch.
        tokens: tokens of each text, padding included (a mean length is an approximation,
            since the attention part grows with the square).
        labels: outputs of the head; 0 for a body without a head.

    Raises:
        ValueError: a number is negative.
    """
    if min(batch, tokens, labels) < 0:
        raise ValueError(f"batch, tokens and labels must not be negative, and they are {batch}, "
                         f"{tokens} and {labels}")
    a = architecture
    projections = 4 * a.width * a.width + 2 * a.width * a.inner  # weights used by each token
    return Flops(blocks=2.0 * a.layers * batch * tokens * projections,
                 attention=2.0 * a.layers * batch * 2 * tokens * tokens * a.width,
                 head=2.0 * batch * a.width * labels)


def training_flops(architecture: Architecture, batch: int, tokens: float,
                   labels: int = 2) -> Flops:
    """Matrix-product work of one update, forward and backward: three times the forward pass.

    Going back, each product needs two of the same size: one for the gradient of its input and
    one for the gradient of its weights (or of its other input). That is exact while the word
    vectors are trained; with the word vectors frozen, the first layer's input gradient is saved.
    """
    return 3 * forward_flops(architecture, batch, tokens, labels)


def six_nd(weights: float, tokens: float) -> float:
    """Training work by the rule of thumb 6ND: 6 FLOP per non-embedding weight and token.

    It leaves out the attention products and the head. Source: Kaplan et al. 2020, Scaling Laws
    for Neural Language Models, section 2.1.

    Raises:
        ValueError: a number is negative.
    """
    if weights < 0 or tokens < 0:
        raise ValueError(f"weights and tokens must not be negative, and they are {weights} "
                         f"and {tokens}")
    return 6.0 * weights * tokens
