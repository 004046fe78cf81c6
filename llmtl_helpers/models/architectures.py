"""The suite's small language models: configurations of `transformers`, no weights. Taught in 03.

Two blocks, 128 wide: 0.4 million weights beside the word vectors, the same in each family, so that
what differs is what a network may look at and what it has to guess.
"""

from collections.abc import Callable

SIZES = dict(hidden_size=128, num_hidden_layers=2, num_attention_heads=4)
POSITIONS = 128  # tokens that a text may have


def gpt2(tokenizer):
    """Each token sees those before it (Radford et al. 2019)."""
    from transformers import GPT2Config

    return GPT2Config(**_tokens(tokenizer), **SIZES, n_positions=POSITIONS, use_cache=False,
                      activation_function="gelu_pytorch_tanh")  # one fused operation, same function


def modernbert(tokenizer):
    """Each token sees all others (Warner et al. 2024), and how far away they are."""
    from transformers import ModernBertConfig

    # three matrices a block where GPT-2 has two, hence the odd width: as many weights
    return ModernBertConfig(**_tokens(tokenizer), **SIZES, intermediate_size=344,
                            max_position_embeddings=POSITIONS, cls_token_id=tokenizer.cls_token_id,
                            sep_token_id=tokenizer.sep_token_id, embedding_dropout=0.1,
                            mlp_dropout=0.1, attention_dropout=0.1)


ARCHITECTURES: dict[str, Callable] = {
    "small-gpt2": gpt2,
    "small-modernbert": modernbert,
}


def _tokens(tokenizer) -> dict:
    return dict(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id,
                bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id)
