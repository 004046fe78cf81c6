"""A tiny checkpoint, a tiny task and a tiny run, made on the spot: unit tests need no assets."""

from pathlib import Path

from rows import make_row

from llmtl_helpers.tasks.base import make_task, split_rows

GOOD = ["good", "great", "fine", "lovely", "superb"]
BAD = ["bad", "awful", "poor", "dull", "dreadful"]
PLAIN = ["the", "film", "was", "a", "story", "with", "actors", "and", "music", "today"]


def tiny_rows(count: int = 400, seed: int = 0) -> list[dict]:
    """Separable toy sentences, each with one telling word; three sentences a document."""
    import numpy as np

    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        label = number % 2
        words = [*rng.choice(PLAIN, rng.integers(3, 12)), rng.choice(GOOD if label else BAD),
                 f"n{number}"]
        rng.shuffle(words)
        rows.append({"id": f"{number // 3}_{number % 3}", "document": str(number // 3),
                     "text": " ".join(words), "label": label})
    return rows


def tiny_task(count: int = 400):
    return make_task("tiny", "Tiny", split_rows(tiny_rows(count), 100, 60), ("bad", "good"),
                     source="made by the test", licence="none", citation="none",
                     label_rule="the telling word")


def parquet_folder(folder, columns=("sentence", "label"), splits=("train", "test"), count=120):
    """The tiny rows as Parquet files, laid out like a snapshot of a data set."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "data").mkdir(parents=True, exist_ok=True)
    for number, split in enumerate(splits):
        rows = tiny_rows(count, seed=number)
        pq.write_table(pa.table({columns[0]: [f"{r['text']} {split}" for r in rows],
                                 columns[1]: [r["label"] for r in rows]}),
                       folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def tiny_checkpoint(folder: Path, seed: int = 0, mask: bool = False) -> str:
    """Save a two-layer BERT of width 16 with its tokenizer as `save_pretrained` does."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *GOOD, *BAD, *PLAIN, *["[MASK]"][:mask]]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]",
                            cls_token="[CLS]", sep_token="[SEP]",
                            mask_token="[MASK]" if mask else None).save_pretrained(folder)
    torch.manual_seed(seed)
    BertModel(BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=2,
                         num_attention_heads=2, intermediate_size=32,
                         max_position_embeddings=64)).save_pretrained(folder)
    return str(folder)


def tiny_causal(folder: Path, seed: int = 0, positions: int = 64) -> str:
    """Save a two-layer GPT-2 of width 16 with its tokenizer as `save_pretrained` does."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    words = ["<pad>", "<unk>", "<end>", "Say", "Echo", ":", *GOOD, *BAD, *PLAIN]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>",
                            eos_token="<end>").save_pretrained(folder)
    torch.manual_seed(seed)
    GPT2LMHeadModel(GPT2Config(vocab_size=len(words), n_positions=positions, n_embd=16, n_layer=2,
                               n_head=2, bos_token_id=2, eos_token_id=2)).save_pretrained(folder)
    return str(folder)


def tiny_run_config(folder: Path, **fields):
    """A real run that can be trained at once: toy sentences and a toy checkpoint in `folder`."""
    from llmtl_helpers import RunConfig, load_task
    from llmtl_helpers.models import weights_recipe

    task = f"folder:{parquet_folder(folder / 'data')}"
    checkpoint = tiny_checkpoint(folder / "checkpoint")
    return RunConfig.from_row(make_row(**{
        "task": task, "n": 16, "run_seed": 1000, "subset_seed": 1000, "purpose": "live",
        "updates": 5, "checkpoint": checkpoint, "validation_limit": 20, "test_limit": 40,
        "budget": "tiny", "data_fingerprint": load_task(task).fingerprint,
        "weights_recipe": weights_recipe(checkpoint, "pretrained"), **fields}))
