"""Names of checkpoints -> configuration, tokenizer and weights on disk.

A checkpoint is the suite's encoder or decoder, the right-sized small transformer (an
architecture without weights), one that was pre-trained here, a folder laid out as
`save_pretrained` does, or a hub name with a pinned revision (`org/name@<40 hex digits>`).
"""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.arms import DECODER, ENCODER, SMALL
from llmtl_helpers.assets import asset_path
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models.gguf import decoder_folder
from llmtl_helpers.recipes import RECIPES

# The size that suits some thousand short texts: two layers, 128 wide, so 0.4 million
# weights beside the word vectors. Same tokenizer as the encoder, so that arms share it.
SMALL_SIZES = dict(hidden_size=128, num_hidden_layers=2, num_attention_heads=4,
                   intermediate_size=512)


def checkpoint_folder(name: str) -> Path:
    """Folder that holds the tokenizer, the configuration and (not for SMALL) the weights.

    The decoder is converted first where that was not done yet; this is said, and takes half a
    minute.

    Raises:
        LearnerError: the checkpoint was not fetched, or the name means nothing here.
    """
    if name in (ENCODER, SMALL):
        return asset_path("encoder")
    if name == DECODER:
        return decoder_folder()
    if "@" in name:
        from llmtl_helpers.assets import hub_snapshot

        return hub_snapshot(name, kind="model")
    for folder in (paths.own_checkpoints() / name, paths.shipped_checkpoints() / name,
                   Path(name).expanduser()):
        if (folder / "config.json").is_file():
            return folder
    if name in RECIPES:
        raise LearnerError(f"the checkpoint {name!r} is not here yet", "nobody has pre-trained it",
                           f"run `python3 start.py pretrain {name}`")
    raise LearnerError(f"there is no checkpoint called {name!r}",
                       "it is neither a name of the suite nor a folder with a config.json",
                       f"use {ENCODER}, {DECODER}, {SMALL}, a folder, or org/name@revision with "
                       "the 40-digit revision")


def load_config(name: str):
    """The architecture of a checkpoint, a `transformers` configuration."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(checkpoint_folder(name), local_files_only=True,
                                            trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise LearnerError(f"the configuration of {name!r} cannot be used",
                           str(error).splitlines()[0], "choose another checkpoint") from error
    config.dtype = None  # every arm has weights of 32 bits, whatever the file was kept in
    if name == SMALL:
        for field, value in SMALL_SIZES.items():
            setattr(config, field, value)
    return config


def load_tokenizer(name: str):
    """The checkpoint's own fast tokenizer, with a token for padding."""
    return _tokenizer(name, _state(name))


def _state(name: str) -> tuple:
    """Times and sizes of the files of a checkpoint that can be pre-trained anew under its name; of
    one that was fetched by its hash nothing, since it cannot change."""
    if name in (ENCODER, SMALL, DECODER) or "@" in name:
        return ()
    return tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size)
                 for file in sorted(checkpoint_folder(name).iterdir()) if file.is_file())


@lru_cache(maxsize=8)
def _tokenizer(name: str, state: tuple):
    from transformers import AutoTokenizer

    folder = checkpoint_folder(name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True,
                                                  trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise LearnerError(f"the tokenizer of {name!r} cannot be loaded",
                           str(error).splitlines()[0], "choose another checkpoint") from error
    if tokenizer.pad_token is None:  # GPT-2 has none; the mask hides padding, whatever its token
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def weights_recipe(name: str, init: str) -> str:
    """What the weights before training follow from, known before anything is built.

    For "pretrained" the SHA-256 of the weight files; for "random" that of the
    architecture, whose weights then follow from the run's seed; for what is made of a
    checkpoint's weights by a seed that of the files and of how; "none" without a network.
    """
    if init == "none":
        return "none"
    return _recipe(name, init, _state(name))


@lru_cache(maxsize=32)
def _recipe(name: str, init: str, state: tuple) -> str:
    digest = hashlib.sha256()
    if init != "random":
        for file in weight_files(name):
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        if init != "pretrained":
            digest.update(init.encode())
    else:
        config = load_config(name).to_diff_dict()
        for key in ("transformers_version", "_name_or_path", "architectures", "dtype"):
            config.pop(key, None)
        digest.update(json.dumps(config, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def load_network(kind, name: str, config):
    """The network of a checkpoint with its weights, and what `transformers` says of the loading.

    Args:
        kind: an `Auto...` class of `transformers`.

    Raises:
        LearnerError: no safetensors file.
    """
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()  # loading takes a fraction of a second
    weight_files(name)  # refuses, in a sentence, what is not safetensors
    return kind.from_pretrained(
        checkpoint_folder(name), config=config, use_safetensors=True, local_files_only=True,
        trust_remote_code=False, dtype=torch.float32, output_loading_info=True)


def weight_files(name: str) -> list[Path]:
    """The checkpoint's safetensors files.

    Raises:
        LearnerError: it has none, either by nature (SMALL) or since it was saved as pickle.
    """
    files = [] if name == SMALL else sorted(checkpoint_folder(name).glob("*.safetensors"))
    if not files:
        raise LearnerError(f"{name!r} has no pre-trained weights to start from",
                           "only safetensors files are read, and there are none",
                           'use init="random", or a checkpoint that has them')
    return files
