"""Runs beside the twin curve: longer training, many seeds, the ways to spoil a comparison, controls
between random weights and the checkpoint, how much is trained, other domains, earlier tasks.

Taught in 03 to 07 and 11. A study trains by the protocol but for the one thing that it is about.
Its knobs are those that the trials of a profile chose, unless the knob is what it is about. A study
keeps a purpose or a budget of its own, so that its runs never enter a twin curve of the protocol;
but for a baseline that is added to the curve of one task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from llmtl_helpers.arms import (ARMS, BEGINNINGS, DIAL, EVERY_ARM, LADDER, LAYERS, PROMPTED, SEQUELS,
                                SMALL_LADDER, TRANSPLANTS, UNFREEZE, WRITERS)
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.profiles import LANGUAGE, PROFILES, WRITING, Profile, rule_at
from llmtl_helpers.recipes import RECIPES
from llmtl_helpers.sweep.grid import relative_cost, run_with_chosen_knob, trial_runs
from llmtl_helpers.tasks import load_task
from llmtl_helpers.training.config import RunConfig

FULL, BROAD = PROFILES["full"], PROFILES["broad"]
NETWORKS = ("fine_tuned", "scratch", "small_scratch")


@dataclass(frozen=True)
class Study:
    """What is trained: every arm at every size with every seed, by `rule`, each with the knob that
    the trials of `tuned_by` chose."""

    what: str
    arms: tuple[str, ...]
    sizes: tuple[int, ...]
    seeds: range
    rule: Profile = FULL
    tuned_by: Profile = FULL
    purpose: str = "curve"
    knobs: Mapping[str, float] = field(default_factory=dict)  # arm -> value instead of the chosen
    tuned_as: Mapping[str, str] = field(default_factory=dict)  # arm -> arm whose trials choose
    sizes_of: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # arm -> other sizes
    leaked: int = 0
    also_tested: tuple[str, ...] = ()  # other tasks whose test sets are tried, see training.elsewhere
    also_probed: tuple[str, ...] = ()  # other tasks that the tuned body is probed on
    own_trials: bool = False  # trials of its arms that are in no twin curve are part of it
    task: str = "sentiment/films"  # unless another one is named
    lesson: str = "11"


DOMAINS = ("sentiment/films", "sentiment/products", "sentiment/editorials", "sentiment/tweets")
OF_NEWS = ("topics/news", "headlines/news")  # whose articles are in the corpora of news


def _dial(family: str) -> tuple[str, ...]:
    return tuple(f"{family}_{tokens}" for tokens in DIAL)


STUDIES = {
    "convergence": Study(
        "four times as many updates, and the best of 20 looks at validation data is kept",
        NETWORKS, (64, 512, 2048, 8192), range(3),
        # patience for all 20 looks, so that no run ends early: whether the late updates, at a small
        # learning rate, are good for anything is what the study asks
        replace(FULL, name="to-convergence", budget="to-convergence",
                min_updates=4 * FULL.min_updates, epochs=4 * FULL.epochs, patience=20)),
    "luck": Study(
        "25 seeds of one small setting; the first five are the curve's",
        (*NETWORKS, "probe", "tfidf"), (64,), range(5, 25), purpose="luck"),
    "epochs": Study(
        "three epochs at every size, whatever number of updates that is", NETWORKS,
        (16, 64, 256, 1024), range(5),
        replace(FULL, name="three-epochs", budget="three-epochs", min_updates=1, epochs=3)),
    "rates": Study(
        "learning rates that suit the other arm", ("fine_tuned", "scratch"), (256, 1024), range(3),
        # each is nearly as good as the best on the other arm's list: see its trials
        purpose="rates", knobs={"fine_tuned": 6e-4, "scratch": 2e-5}),
    "leak": Study(
        "half of the training examples taken from the test set", (*NETWORKS, "tfidf"), (1024,),
        range(3), purpose="leak", leaked=512),
    "ladder": Study(
        "controls between random weights and the checkpoint", tuple(LADDER), (64, 256, 1024),
        range(5), purpose="ladder", own_trials=True, lesson="04"),
    "perplexity": Study(
        "the small language model on another kind of text, from scratch and pre-trained",
        ("causal_scratch", "causal_30M", "causal_untuned"), LANGUAGE.sizes, range(5), LANGUAGE,
        LANGUAGE, purpose="perplexity", own_trials=True, task="language/films", lesson="03"),
    "dial-perplexity": Study(
        "the same after more and less pre-training", _dial("causal"), (10_000,), range(5), LANGUAGE,
        LANGUAGE, purpose="perplexity", own_trials=True, task="language/films", lesson="03"),
    "small-sentiment": Study(
        "sentiment from small language models: families, objectives, own text",
        ("causal_scratch", "masked_scratch", "causal_30M", "masked_10M", "masked_30M",
         "replaced_10M", "masked_films", "masked_general_films"), (64, 256, 1024), range(5),
        purpose="small", own_trials=True, lesson="03"),
    "dial": Study(
        "sentiment after more and less pre-training", (*_dial("causal"), *_dial("masked")), (1024,),
        range(5), purpose="small", own_trials=True, lesson="03"),
    "small-ladder": Study(
        "controls between random weights and the small masked model",
        SMALL_LADDER, (256, 1024), range(5), purpose="small", own_trials=True, lesson="04"),
    "layers": Study(
        "linear probes after the embeddings and after each block", tuple(LAYERS), (256, 1024),
        range(5), purpose="layers", tuned_as={"layers_fine_tuned": "fine_tuned"}, lesson="04"),
    "unfreeze": Study(
        "from the head alone to all weights", tuple(UNFREEZE), (16, 64, 256, 1024), range(5),
        tuned_by=BROAD, purpose="unfreeze", own_trials=True, lesson="05"),
    "beginnings": Study(
        "a bag of the words at the beginning, as far as the network reads", tuple(BEGINNINGS),
        (16, 64, 256, 1024, 3072), range(5), BROAD, BROAD, own_trials=True, task="email/spam",
        lesson="06"),
    "domains": Study(
        "trained in one domain, tested in four",
        ("fine_tuned", "scratch", "probe", "tfidf", "probe_first", "adapters_8"), (1024,), range(5),
        tuned_by=BROAD, purpose="domains", also_tested=DOMAINS, own_trials=True,
        tuned_as={"probe_first": "fine_tuned"}, lesson="07"),
    "forgetting": Study(
        "what a tuned network still knows of other tasks, by linear probes",
        ("probe", "fine_tuned", "probe_first", "adapters_8"), (1024,), range(5),
        tuned_by=BROAD, purpose="forgetting",
        also_probed=("sentiment/products", "topics/news", "sms/spam"),
        own_trials=True, tuned_as={"probe_first": "fine_tuned"}, lesson="07"),
    "too-high": Study(
        "the same after fine-tuning with a learning rate of 1e-3", ("fine_tuned",), (1024,),
        range(5), purpose="too-high", knobs={"fine_tuned": 1e-3},
        also_probed=("sentiment/products", "topics/news", "sms/spam"), lesson="07"),
    "replay": Study(
        "a second task after films, with a share of the films in the mix", tuple(SEQUELS), (1024,),
        range(5), purpose="sequel", also_tested=("sentiment/films",),
        tuned_as=dict.fromkeys(SEQUELS, "fine_tuned"), task="sentiment/tweets", lesson="07"),
    "related": Study(
        "a related task first", ("films_first",), (16, 64, 256), range(5), purpose="sequel",
        also_tested=("sentiment/films",), tuned_as={"films_first": "fine_tuned"},
        task="sentiment/products", lesson="07"),
    "writing": Study(
        "answers that are written: the decoder tuned, from scratch and by a prompt alone",
        tuple(WRITERS), WRITING.sizes, range(3), WRITING, WRITING, own_trials=True,
        sizes_of={"writer_adapters": WRITING.sizes[-1:], "prompted": PROMPTED,
                  "prompted_chat": PROMPTED, "no_model": (0,)},
        task="write/films", lesson="08"),
    "transplants": Study(
        "some parts of the checkpoint, the others random", tuple(TRANSPLANTS), (256,), range(5),
        purpose="transplants", own_trials=True, lesson="04"),
}


def study_runs(name: str, task: str, ledger: Ledger, arms: Sequence[str] | None = None,
               sizes: Sequence[int] | None = None,
               profile: Profile = FULL) -> list[RunConfig]:
    """All runs of a study on a task, longest first; where it has trials of its own and some of an
    arm are missing, that arm's trials alone.

    Args:
        arms, sizes: of the study's arms and sizes only these.
        profile: at `smoke` each arm's smallest size, once, by a few updates; else the study as it
            is.

    Raises:
        LearnerError: the trials that choose a knob are not in the ledger, or a checkpoint of an
            arm is not here.
    """
    study, runs = STUDIES[name], []
    rule, tuned_by = (rule_at(profile, own) for own in (study.rule, study.tuned_by))
    least = profile.name == "smoke"
    asked = load_task(task)
    writing = asked.writing
    for arm in [arm for arm in study.arms if arms is None or arm in arms]:
        if arm == "no_model" and not (writing and writing.baseline):
            continue  # nothing answers this task without a model
        if arm == "token_counts" and asked.metric != "log_likelihood":
            continue  # which has a likelihood alone, and writes nothing
        _refuse_read(arm, task)
        own_sizes = study.sizes_of.get(arm, study.sizes)[:1 if least else None]
        for n in [n for n in own_sizes if sizes is None or n in sizes]:
            own = study.own_trials and arm not in ARMS and arm not in study.tuned_as
            trials = trial_runs(task, arm, n, tuned_by) if own else []
            runs += trials
            if any(ledger.get(config.id) is None for config in trials):
                continue
            # without examples nothing is drawn but what is written freely
            for seed in study.seeds[:1] if least or n == 0 else study.seeds:
                config = run_with_chosen_knob(task, arm, n, seed, rule, study.purpose, tuned_by,
                                              ledger, study.tuned_as.get(arm, ""))
                if arm in study.knobs:
                    config = config.changed(**{EVERY_ARM[arm].knob: study.knobs[arm]})
                runs.append(config.changed(
                    leaked=study.leaked, also_probed=study.also_probed,
                    also_tested=(*config.also_tested, *(name for name in study.also_tested
                                                        if name != task))))
    return sorted({run.id: run for run in runs}.values(), key=relative_cost, reverse=True)


def _refuse_read(arm: str, task: str) -> None:
    """Raises LearnerError where a checkpoint has read the texts that the task is tested with."""
    found = EVERY_ARM[arm]
    read = RECIPES.get(found.checkpoint) if found.init != "random" else None
    if read is not None and task in OF_NEWS and read.corpus.startswith(("general", "news")):
        raise LearnerError(f"{found.label} cannot be compared on {task}",
                           f"{found.checkpoint} was pre-trained on the articles that it is tested "
                           "with", "choose another task, or other arms")
