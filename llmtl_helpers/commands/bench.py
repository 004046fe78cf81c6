"""Measure what the suite promises about speed and memory, beside the obvious alternative.

Nothing here is a test: the numbers depend on the machine and on what else runs. Close
other programs first. Takes about four minutes on 2 cores. With --sweeps it trains the
standard jobs beside `transformers.Trainer` instead, which takes about half an hour. With
--pretraining it pre-trains beside Trainer: about half an hour too. With --writing the decoder is
tuned and writes beside Trainer and `generate`: about ten minutes. With --rounding shipped runs are
made once more with products of rounded factors: about ten minutes. With --notebooks every notebook is
run from top to bottom in a real JupyterLab and browser: about half an hour. With --write the tables
replace those in BENCHMARKS.md.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError

UPDATES, BATCH, LABELS = 40, 8, 256
SWEEP_UPDATES = 100
BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"
PRETRAINING = "<!-- pre-training -->", "<!-- end of pre-training -->"
WRITING = "<!-- writing -->", "<!-- end of writing -->"
ROUNDING = "<!-- rounding -->", "<!-- end of rounding -->"
WRITING_UPDATES = 40
NOTEBOOKS = "<!-- notebooks -->", "<!-- end of notebooks -->"
MINUTES = 8.0
TASK = "sentiment/films"


def add_arguments(parser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("--sweeps", action="store_true",
                        help="the standard training jobs beside transformers.Trainer")
    parser.add_argument("--updates", type=int, default=SWEEP_UPDATES, metavar="N",
                        help="updates of each run of the jobs (default: %(default)s)")
    parser.add_argument("--pretraining", action="store_true",
                        help="pre-training a small language model beside transformers.Trainer")
    parser.add_argument("--minutes", type=float, default=MINUTES, metavar="M",
                        help="of training of each in --pretraining (default: %(default)s)")
    parser.add_argument("--writing", action="store_true",
                        help="tuning the decoder and writing beside transformers.Trainer")
    parser.add_argument("--rounding", action="store_true",
                        help="shipped runs once more, with products of bfloat16 factors")
    parser.add_argument("--notebooks", nargs="*", metavar="NN",
                        help="Run All in a browser, of all notebooks or of those with these numbers")
    parser.add_argument("--edition", choices=("learner", "teacher"), default="learner",
                        help="of the notebooks in --notebooks; the teacher's holds the solutions")
    parser.add_argument("--keep", type=Path, metavar="FOLDER",
                        help="keep the notebooks of --notebooks there, outputs included")
    parser.add_argument("--write", action="store_true",
                        help="put the tables of these into BENCHMARKS.md")


def run(args) -> int:
    if any((args.sweeps, args.pretraining, args.writing, args.rounding, args.notebooks is not None)):
        return _tables(args)
    found = {}
    for name, measure in MEASURES.items():
        value = measure()
        for label, number in (value if isinstance(value, dict) else {name: value}).items():
            found[label] = round(number, 3 if number < 10 else 1)
            if not args.json:
                print(f"{label:<48} {number:>9,.{2 if number < 10 else 0}f}", flush=True)
    if args.json:
        print(json.dumps(found))
    return 0


def _tables(args) -> int:
    if args.write and args.notebooks:
        raise LearnerError("--write needs all notebooks", "it replaces the whole table",
                           "leave out the numbers, or --write")
    for wanted, tables, marks in ((args.sweeps, _sweeps, (BEGIN, END)),
                                  (args.pretraining, _pretraining, PRETRAINING),
                                  (args.writing, _writing, WRITING),
                                  (args.rounding, _rounding, ROUNDING),
                                  (args.notebooks is not None, _notebooks, NOTEBOOKS)):
        if wanted:
            text = tables(args)
            print(text)
            if args.write:
                file = paths.ROOT / "BENCHMARKS.md"
                before, begin, rest = file.read_text(encoding="utf-8").partition(marks[0])
                after = rest.partition(marks[1])[2]
                file.write_text(f"{before}{begin}\n\n{text}\n\n{marks[1]}{after}",
                                encoding="utf-8")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _sweeps(args) -> str:
    from llmtl_helpers.arms import ENCODER
    from llmtl_helpers.benchmark.report import carry_out, markdown
    from llmtl_helpers.models import build
    from llmtl_helpers.training.run import machine

    cores = os.cpu_count() or 1
    lines, ratings = carry_out(args.updates, cores, _say)
    # the same 6 FLOP per weight that multiplies and token as in `training_rates`
    return markdown(lines, ratings, args.updates, cores, machine(),
                    6 * _multiplying_weights(build(ENCODER)))


def _pretraining(args) -> str:
    from llmtl_helpers.benchmark.pretraining_report import tables

    return tables(args.minutes, _say)


def _writing(args) -> str:
    from llmtl_helpers.benchmark.writing import contest, markdown
    from llmtl_helpers.training.run import machine

    return markdown(contest(WRITING_UPDATES, os.cpu_count() or 1, _say), WRITING_UPDATES, machine())


def _rounding(args) -> str:
    from llmtl_helpers.benchmark.rounding import again, exact_rows, markdown
    from llmtl_helpers.models.precision import ROUNDED
    from llmtl_helpers.training.run import machine

    exact, cores = exact_rows(), os.cpu_count() or 1
    timed = again(exact[:cores], "", cores, _say)
    return markdown(exact, again(exact, ROUNDED, cores, _say), timed, machine())


def _notebooks(args) -> str:
    from llmtl_helpers.benchmark.notebooks import markdown, run_through
    from llmtl_helpers.lessons.hand_out import hand_out_teachers
    from llmtl_helpers.lessons.notebook import build_all
    from llmtl_helpers.profiles import get_profile
    from llmtl_helpers.training.run import machine

    files = build_all(args.edition)
    if args.edition == "teacher":
        hand_out_teachers()
    chosen = [file for file in files if not args.notebooks or file.name[:2] in args.notebooks]
    profile = get_profile().name
    return markdown(run_through(chosen, profile, _say, args.keep), profile, machine())


def _multiplying_weights(model) -> int:
    return sum(p.numel() for p in model.body.encoder.parameters() if p.ndim == 2)


def _child(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=paths.ROOT, capture_output=True,
                          text=True, check=True, timeout=600).stdout


def import_seconds() -> float:
    """Median seconds of the import alone, each in a fresh process."""
    code = ("import time; t = time.perf_counter(); import llmtl_helpers, sys; "
            "assert 'torch' not in sys.modules; print(time.perf_counter() - t)")
    return statistics.median(float(_child(code)) for _ in range(5))


def first_figure_seconds() -> float:
    """From the start of a process to the shipped figure on disk, as `demo` shows it."""
    began = time.perf_counter()
    _child("from llmtl_helpers.commands import demo\n"
           "rows = demo.shown_rows(demo.Ledger(), demo.get_profile())\n"
           "demo._picture(rows, [], lambda text: None)")
    return time.perf_counter() - began


def demo_cost() -> dict[str, float]:
    """Seconds of the whole `demo`, and its peak memory: all its processes added up.

    Memory that processes share is counted in each of them, so this is an upper bound.
    """
    import psutil

    from llmtl_helpers.commands.test import separate_home

    began, peak = time.perf_counter(), 0
    with separate_home() as home:
        demo = subprocess.Popen([sys.executable, "-m", "llmtl_helpers", "demo"], cwd=paths.ROOT,
                                env={**os.environ, "LLMTL_HOME": str(home)},
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        first = psutil.Process(demo.pid)
        while demo.poll() is None:
            memory = 0
            try:
                for process in [first, *first.children(recursive=True)]:
                    memory += process.memory_info().rss
            except psutil.NoSuchProcess:
                pass  # it ended between the listing and the look
            peak = max(peak, memory)
            time.sleep(0.2)
    return {"demo, whole (s)": time.perf_counter() - began, "demo, peak memory (MiB)": peak / 2**20}


def redraw_milliseconds() -> float:
    """Median time from a new slider value to the new picture, in the kernel's part."""
    from llmtl_helpers.widgets import TwinExplorer

    explorer = TwinExplorer(TASK)
    explorer.show.click()
    sizes, spent = explorer.size.options, []
    for value in sizes:  # each once: a picture that was drawn before is only looked up
        explorer.size.value = value[1] if isinstance(value, tuple) else value
        explorer.wait(10)
        spent.append(explorer.redraw_ms)
    return statistics.median(spent)


def training_rates() -> dict[str, float]:
    """Tokens per second of one thread: this engine, a plain loop, and the arithmetic limit."""
    import torch

    from llmtl_helpers.arms import ENCODER
    from llmtl_helpers.models import build
    from llmtl_helpers.models.fast_linear import FastLinear
    from llmtl_helpers.tasks import load_task
    from llmtl_helpers.training.loop import train

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = load_task(TASK).subset(LABELS, 0)
        texts, labels = rows[:]["text"], rows[:]["label"]
        engine, plain = build(ENCODER, seed=0), build(ENCODER, seed=0)
        for module in plain.modules():
            if type(module) is FastLinear:
                module.__class__ = torch.nn.Linear
        settings = dict(updates=UPDATES, batch_size=BATCH, learning_rate=5e-5)
        for model in (engine, plain):  # kernels are made for each shape once, in real runs too
            train(model, texts, labels, **settings)
        began = time.perf_counter()
        tokens = train(engine, texts, labels, **settings)
        ours = tokens / (time.perf_counter() - began)
        began = time.perf_counter()
        tokens = _plain_loop(plain, texts, labels)
        theirs = tokens / (time.perf_counter() - began)
        # 6 FLOPs per weight that multiplies and token: 2 forward, 4 backward
        limit = _matmul_rate(engine) * 1e9 / (6 * _multiplying_weights(engine))
    finally:
        torch.set_num_threads(threads)
    return {"training, this engine (tokens/s, one core)": ours,
            "training, plain loop (tokens/s, one core)": theirs,
            "training, arithmetic limit (tokens/s, one core)": limit}


def _plain_loop(model, texts, labels) -> int:
    """Random batches padded to their longest text, AdamW as it comes: what one would write."""
    import torch
    import torch.nn.functional as F

    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
    targets, tokens = torch.tensor(labels), 0
    model.train()
    for _ in range(UPDATES):
        rows = torch.randperm(len(texts))[:BATCH]
        batch = model.tokenizer([texts[row] for row in rows], padding=True, truncation=True,
                                return_tensors="pt")
        loss = F.cross_entropy(model(batch["input_ids"], batch["attention_mask"]), targets[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tokens += int(batch["attention_mask"].sum())
    return tokens


def _matmul_rate(model) -> float:
    """GFLOP/s of the model's own linear layer at a usual batch, one thread, forward."""
    import torch

    layer = next(m for m in model.modules() if getattr(m, "out_features", 0) == 1536)
    x = torch.randn(BATCH * 28, layer.in_features)
    with torch.inference_mode():
        layer(x)
        began, calls = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - began) < 1:
            layer(x)
            calls += 1
    return 2 * x.shape[0] * layer.in_features * layer.out_features * calls / elapsed / 1e9


MEASURES = {
    "import of the package (s)": import_seconds,
    "first figure, from nothing (s)": first_figure_seconds,
    "slider to new picture, in the kernel (ms)": redraw_milliseconds,
    "training": training_rates,
    "demo": demo_cost,
}
