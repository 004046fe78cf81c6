"""How many tokens may go through a network at once. Taught in 08."""

FREE = 0.5  # share of the free memory that one pass may take
BYTES = 4  # of a number
KEPT_BY_A_BLOCK = 10  # vectors of the network's width that wait for the way back, a token and block


def tokens_at_once(model) -> int | None:
    """Tokens of a batch that fit into this machine's free memory; None where it does not matter.

    The update does not depend on it: a batch that does not fit goes through in parts. An estimate:
    what each block keeps for the way back, and the logits; beside them the weights' gradients and
    the two averages of AdamW.
    """
    if not model.tied:  # a classifier's batches are small
        return None
    import psutil

    config = model.network.config
    width = config.hidden_size
    inner = getattr(config, "intermediate_size", None) or 4 * width
    blocks = config.num_hidden_layers
    token = BYTES * (blocks * (KEPT_BY_A_BLOCK * width + 4 * inner) + 3 * config.vocab_size)
    trained = 3 * BYTES * sum(p.numel() for p in model.parameters() if p.requires_grad)
    free = psutil.virtual_memory().available - trained
    return max(1, int(FREE * free / token))
