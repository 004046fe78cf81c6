"""The rows of the widgets that stand on one page, those of the tests of each."""

import json
from pathlib import Path

from rows import make_curve, make_row
from test_curves_domains import domain_rows, guess_rows
from test_own_data import pairs, write_csv
from test_plots_04 import transplants
from test_plots_05 import ROWS as UNFROZEN
from test_plots_06 import ROWS as MAIL
from test_plots_07 import sequel_rows
from test_plots_11 import COSTED, EVERY
from test_pretraining_panel import make_card
from test_widgets import shipped
from test_widgets_02 import FINE
from tiny import tiny_run_config
from written import written_rows, written_task

from llmtl_helpers.pretraining.card import CARD

KEPT = make_row(purpose="live", run_seed=1000, subset_seed=1000)  # an own run of earlier
SETS = {
    "curve": make_curve,
    "forecast": lambda: [*make_curve(), *(
        make_row(n=n, run_seed=seed, subset_seed=seed, score=FINE[n] + (seed - 2) * 0.006)
        for n in (32, 128) for seed in range(5))],
    "transplants": transplants,
    "unfreeze": lambda: UNFROZEN,
    "mail": lambda: MAIL,
    "domains": lambda: [*domain_rows(), *guess_rows(), *make_curve()],
    "replay": lambda: [*sequel_rows(), *domain_rows(arms=("fine_tuned",)),
                       *make_curve(arms=("fine_tuned",))],
    "written": lambda: written_rows(written_task("headlines/news"), seeds=1),
    "costed": lambda: COSTED,
    "fairness": lambda: EVERY,
}


def write_rows(folder: Path, home: Path) -> None:
    """Write what `exhibits` reads beside its notebook and in its LLMTL_HOME."""
    (folder / "rows").mkdir()
    for name, make in SETS.items():
        shipped(folder / "rows" / name, make())
    write_csv(folder / "letters.csv", pairs())
    card = home / "checkpoints" / "causal-100k" / CARD
    card.parent.mkdir(parents=True)
    card.write_text(json.dumps(make_card("causal-100k")))
    run = tiny_run_config(folder / "world").as_row()
    (folder / "run.json").write_text(json.dumps(run))
