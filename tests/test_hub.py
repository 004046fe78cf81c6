"""Hub snapshots: pinned, offline, in the hub client's own layout."""

import json
import socket
import subprocess

import pytest
from archives import binary, serving

from llmtl_helpers import cli
from llmtl_helpers.assets import fetch_hub_snapshot, hub, hub_snapshot
from llmtl_helpers.errors import LearnerError

REVISION = "0123456789abcdef" * 2 + "01234567"
MODEL = f"nobody/tiny-bert@{REVISION}"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A hub cache as the client lays it out: blobs, refs, and snapshots that link to blobs."""
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))

    def refuse(*args, **options):
        raise AssertionError("something tried to connect")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    lay_out(hub.hub_cache() / "models--nobody--tiny-bert",
            {"config.json": b"{}", "model.safetensors": b"weights"})
    lay_out(hub.hub_cache() / "datasets--nobody--reviews", {"data/train.parquet": b"rows"})
    return hub.hub_cache()


def lay_out(repository, files):
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(REVISION)
    (repository / "blobs").mkdir()
    for number, (name, content) in enumerate(files.items()):
        blob = repository / "blobs" / str(number)
        blob.write_bytes(content)
        file = repository / "snapshots" / REVISION / name
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            file.symlink_to(blob)
        except OSError:  # Windows without the right to make links: the client copies there too
            file.write_bytes(content)


def save_tiny_gpt2(folder) -> None:
    """Two blocks, 16 wide, in GPT-2's manner: no token for padding, no part for the logits."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast

    signs = ["<|endoftext|>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({sign: i for i, sign in enumerate(signs)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=signs[0], eos_token=signs[0],
                            unk_token=signs[0]).save_pretrained(folder)
    torch.manual_seed(0)
    GPT2Model(GPT2Config(vocab_size=len(signs), n_positions=32, n_embd=16, n_layer=2, n_head=2,
                         bos_token_id=0, eos_token_id=0)).save_pretrained(folder)


def test_a_snapshot_is_found_without_a_network(cache):
    folder = hub_snapshot(MODEL)
    assert folder == cache / "models--nobody--tiny-bert" / "snapshots" / REVISION
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert hub_snapshot(f"hub:{MODEL}") == folder
    data = hub_snapshot(f"nobody/reviews@{REVISION}", kind="dataset")
    assert (data / "data" / "train.parquet").read_bytes() == b"rows"


@pytest.mark.parametrize("name", [
    "nobody/tiny-bert", "nobody/tiny-bert@main", "nobody/tiny-bert@0123456", f"@{REVISION}",
    f"nobody/tiny-bert@{REVISION[:-1]}", f"nobody/tiny-bert@{REVISION}0",
    f"nobody/tiny-bert@{REVISION[:-1]}G", f"a/b/c@{REVISION}", f"../tiny-bert@{REVISION}",
    f"nobody/tiny..bert@{REVISION}", f"/etc@{REVISION}", f"nobody\\x@{REVISION}", f"{MODEL}\n"])
def test_a_name_without_a_pinned_revision_is_refused(cache, name):
    for ask in (hub_snapshot, fetch_hub_snapshot):
        with pytest.raises(LearnerError) as caught:
            ask(name)
        assert "pinned revision" in str(caught.value) and "40 digits" in caught.value.next


def test_an_unknown_kind_is_refused(cache):
    with pytest.raises(LearnerError, match="model, dataset"):
        hub_snapshot(MODEL, kind="space")


@pytest.mark.parametrize("kind, option", [("model", ""), ("dataset", " --kind dataset")])
def test_an_absent_snapshot_names_the_command(cache, kind, option):
    name = f"nobody/else@{REVISION}"
    with pytest.raises(LearnerError) as caught:
        hub_snapshot(name, kind)
    assert caught.value.next == f"run `python3 start.py assets fetch {name}{option}`"


def test_another_revision_of_the_same_repository_is_absent(cache):
    with pytest.raises(LearnerError, match="not on this machine yet"):
        hub_snapshot(f"nobody/tiny-bert@{'f' * 40}")


def test_a_model_without_safetensors_is_refused(cache):
    folder = hub_snapshot(MODEL)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(LearnerError, match="no weights as safetensors"):
        hub_snapshot(MODEL)


def test_a_causal_snapshot_without_a_token_for_padding_is_a_language_model(cache, tmp_path):
    import torch

    from llmtl_helpers.models import build_language_model, load_tokenizer, weights_recipe

    save_tiny_gpt2(tmp_path / "gpt2")
    name = f"tiny-gpt2@{REVISION}"  # without an owner, as the first ones of the hub are named
    lay_out(hub.hub_cache() / "models--tiny-gpt2",
            {file.name: file.read_bytes() for file in (tmp_path / "gpt2").iterdir()})
    tokenizer, model = load_tokenizer(name), build_language_model(name)
    assert tokenizer.pad_token == tokenizer.eos_token == "<|endoftext|>"
    assert model.network.lm_head.weight is model.network.transformer.wte.weight
    padded = tokenizer(["good", "a longer text"], padding=True, return_tensors="pt")
    alone = tokenizer(["good"], return_tensors="pt")
    assert padded["attention_mask"].sum().item() == len("good") + len("a longer text")
    with torch.inference_mode():
        both, one = (model.network(**texts).logits for texts in (padded, alone))
    torch.testing.assert_close(both[0, :4], one[0])  # what stands behind is not seen
    assert weights_recipe(name, "pretrained") != weights_recipe(name, "random")


def test_the_child_process_is_online_and_this_one_is_not(cache, monkeypatch):
    seen = {}

    def record(command, env, **options):
        seen.update(command=command, env=env)
        return subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(subprocess, "run", record)
    assert fetch_hub_snapshot(MODEL) == hub_snapshot(MODEL)
    assert seen["env"]["LLMTL_ONLINE"] == "1" and "HF_HUB_OFFLINE" not in seen["env"]
    assert seen["command"][-3:] == ["nobody/tiny-bert", REVISION, "model"]


def test_a_download_that_fails_is_one_sentence(tmp_path, monkeypatch, capfd):
    """A real child process, sent to a hub that refuses at once."""
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))
    with serving({}) as (url, asked):
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert cli.main(["assets", "fetch", MODEL]) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert asked and "could not be fetched" in lines[-1] and "check name" in lines[-1].lower()
    assert "Traceback" not in "".join(lines)


def test_a_download_in_the_hubs_protocol_breaks_off_and_is_completed(tmp_path, monkeypatch, capfd):
    """Real child processes, and a local server that answers as a hub does."""
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))
    files = {"config.json": b"{}", "model.safetensors": b"weights", "modeling.py": b"run me"}
    listing = json.dumps([{"type": "file", "path": name, "size": len(body), "oid": name}
                          for name, body in files.items()]).encode()
    pages = {f"/nobody/tiny-bert/resolve/{REVISION}/{name}":
             [binary(body, ETag=f'"{number}"', **{"X-Repo-Commit": REVISION})]
             for number, (name, body) in enumerate(files.items())}
    pages[f"/api/models/nobody/tiny-bert/tree/{REVISION}"] = [
        (200, {"Content-Type": "application/json"}, listing)]
    weights = pages.pop(f"/nobody/tiny-bert/resolve/{REVISION}/model.safetensors")
    with serving(pages) as (url, asked):
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert cli.main(["assets", "fetch", MODEL]) == 2
        assert (hub.hub_cache() / "models--nobody--tiny-bert/snapshots").exists(), asked
        with pytest.raises(LearnerError, match="not on this machine in full"):
            hub_snapshot(MODEL)
        pages[f"/nobody/tiny-bert/resolve/{REVISION}/model.safetensors"] = weights
        assert cli.main(["assets", "fetch", MODEL]) == 0, asked
    folder = hub_snapshot(MODEL)
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert not (folder / "modeling.py").exists()
    assert str(folder) in capfd.readouterr().out
