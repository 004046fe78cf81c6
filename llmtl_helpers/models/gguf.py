"""The decoder's file of rounded weights, converted once to an ordinary checkpoint folder.

The asset is a GGUF file: each block of 32 weights is kept as 32 whole numbers of 4 bits, a scale
and a smallest value. Training needs 32-bit numbers, and to read the file takes some 20 seconds, so
what it stands for is kept in the cache. Nothing is won back that the rounding took. Taught in 08.
"""

import errno
import os
import re
import sys
from collections.abc import Callable
from functools import partialmethod
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.assets import asset_path, verify
from llmtl_helpers.assets.catalogue import get_asset
from llmtl_helpers.assets.whole import make_whole

ASSET = "decoder"
MEGABYTES = 542  # of the converted folder, in 10**6 bytes
RECIPE = 1  # part of the folder's name: raised when what is written into it changes
# What the file leaves out, as the checkpoint's published config.json has it: random weights are
# drawn with this standard deviation, 1 / sqrt(576).
INITIALIZER_RANGE = 1 / 24

Say = Callable[[str], None]


def print_step(text: str) -> None:
    print(f"{ASSET}: {text} ...", file=sys.stderr, flush=True)


def decoder_folder(say: Say = print_step) -> Path:
    """The decoder's checkpoint folder; the asset is converted first where that was not done yet.

    It holds config.json, model.safetensors (float32) and the tokenizer with its chat template.

    Args:
        say: told the cost before it is paid, then what is being done.

    Raises:
        LearnerError: the asset is absent or damaged, too little room on the disk, or a folder
            that cannot be written to.
    """
    if not is_converted():
        verify(ASSET)  # marks a file that was changed, so that the next line refuses it
        source, waited = asset_path(ASSET), []

        def waiting(_) -> None:
            if not waited:
                waited.append(True)
                say("another process is converting it, this one waits")

        make_whole(_own_folder(), "the converted decoder", MEGABYTES,
                   f"run `python3 start.py assets fetch {ASSET}` again", is_converted,
                   lambda temporary: _convert(source, temporary / "files", say), waiting)
    return _folder()


def is_converted() -> bool:
    """Whether the folder is there, with weights of the length that their own header names."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(_folder() / "model.safetensors", framework="numpy"):
            return (_folder() / "config.json").is_file()
    except (OSError, SafetensorError):
        return False


def _folder() -> Path:
    return paths.find_cached("converted", _own_folder().name)


def _own_folder() -> Path:
    asset = get_asset(ASSET)
    return paths.cache() / "converted" / f"{asset.name}-{asset.sha256[:8]}-{RECIPE}"


def _convert(source: Path, folder: Path, say: Say) -> Path:
    say(f"converting its weights to 32-bit numbers, once: {MEGABYTES} MB on disk, about half a "
        "minute on two cores")
    from unittest.mock import patch

    import torch
    from safetensors import SafetensorError
    from tokenizers import pre_tokenizers
    from tqdm.auto import tqdm
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()
    given = dict(gguf_file=next(source.glob("*.gguf")).name, local_files_only=True)
    # one of the bars is not transformers' own, and shows a tenth of the time
    with patch.object(tqdm, "__init__", partialmethod(tqdm.__init__, disable=True)):
        say("step 1 of 3, reading settings and vocabulary")
        config = AutoConfig.from_pretrained(source, **given)
        config.initializer_range = INITIALIZER_RANGE
        tokenizer = PreTrainedTokenizerFast.from_pretrained(source, **given)
        tokenizer.model_max_length = config.max_position_embeddings
        # the file says "smollm" here, which transformers takes for GPT-2's way of cutting text:
        # this model has seen every digit on its own
        cut = tokenizer.backend_tokenizer
        cut.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), cut.pre_tokenizer])
        say("step 2 of 3, reading and converting the weights")
        network = AutoModelForCausalLM.from_pretrained(source, config=config, dtype=torch.float32,
                                                       trust_remote_code=False, **given)
    network.hf_quantizer.remove_quantization_config(network)  # they are plain numbers by now
    say("step 3 of 3, writing")
    try:
        network.save_pretrained(folder)
    except SafetensorError as error:  # it has an error of its own for a disk that is full
        full = re.search(r"os error (28|112|122)\b", str(error))
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error)) from error
    tokenizer.save_pretrained(folder)
    for file in folder.iterdir():
        # safetensors lets nobody else read its file, and a cache may be shared
        file.chmod((folder / "config.json").stat().st_mode)
        with open(file, "rb+") as written:
            os.fsync(written.fileno())
    return folder
