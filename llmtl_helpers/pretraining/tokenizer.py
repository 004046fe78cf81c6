"""A tokenizer of one's own, from training text only. Taught in 03."""

from collections.abc import Sequence

from llmtl_helpers.errors import LearnerError

SPECIAL = dict(pad_token="<pad>", bos_token="<s>", eos_token="</s>", mask_token="<mask>",
               cls_token="<s>", sep_token="</s>")


def train_tokenizer(documents: Sequence[str], vocabulary: int):
    """Byte-pair encoding (Sennrich et al. 2016) over bytes, lower case; `<s> text </s>`.

    Bytes, so that text in any script can be written down; how well is for `Stream` to say.

    Args:
        vocabulary: entries in all, the 256 bytes and 4 special tokens among them.

    Raises:
        LearnerError: the documents do not hold that many frequent pieces.
    """
    from tokenizers import (Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                            trainers)
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    special = list(dict.fromkeys(SPECIAL.values()))
    tokenizer.train_from_iterator(documents, trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=special, min_frequency=2, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    found = tokenizer.get_vocab_size()
    if found < vocabulary:
        raise LearnerError(f"a vocabulary of {vocabulary:,} cannot be made from this text",
                           f"only {found:,} pieces occur in it twice or more",
                           f"ask for {found:,} or fewer, or use more text")
    first, last = (tokenizer.token_to_id(SPECIAL[name]) for name in ("bos_token", "eos_token"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", first), ("</s>", last)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL,
                                   model_input_names=["input_ids", "attention_mask"])
