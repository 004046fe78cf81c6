"""What a run trains. A strategy maps (config, task, data, stop, watch, device) to an Outcome.

Adding a strategy is adding a function to `STRATEGIES`, or to `adapt.TRAINED` where it differs from
fine-tuning only in what is trained. Baselines are strategies too, so that they go through the same
slices, the same ledger and the same figures.
"""

from collections.abc import Callable
from threading import Event

from llmtl_helpers.training.adapt import TRAINED
from llmtl_helpers.training.baselines import bag_of_words, frozen_probe, majority, token_counts
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.data import Data
from llmtl_helpers.training.outcome import Outcome
from llmtl_helpers.training.tuning import build_model, train_watched, tuned, untuned


def layer_probes(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                 device: str) -> Outcome:
    """A linear probe after the embeddings and after each block of an untouched body."""
    from llmtl_helpers.training.layer_probes import probe_untouched

    return Outcome(*probe_untouched(config, task, data, stop) or [None])


def tuned_layer_probes(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                       device: str) -> Outcome:
    """The same after all weights were trained, exactly as fine-tuning does."""
    from llmtl_helpers.training.layer_probes import probe_model

    model = build_model(config, task)
    trained = train_watched(model, config, task, data, stop, watch, device)
    found = None if trained is None else probe_model(model, config, task, data, stop)
    if found is None:
        return Outcome(None)
    test, validation, details = found
    return Outcome(test, validation, trained | details)


def prompted(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
             device: str) -> Outcome:
    """Nothing is trained: the n examples stand in the prompt (Brown et al. 2020, section 2)."""
    from llmtl_helpers.training.writing import written

    return written(build_model(config, task), config, task, data, stop, {"trained_parameters": 0})


def no_model(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
             device: str) -> Outcome:
    """The answer that needs no model, such as the text itself or its first words."""
    return Outcome([task.writing.baseline(text) for text in data.sources])


STRATEGIES: dict[str, Callable[..., Outcome]] = {
    **dict.fromkeys(TRAINED, tuned),
    "untuned": untuned,
    "frozen_probe": frozen_probe,
    "layer_probes": layer_probes,
    "tuned_layer_probes": tuned_layer_probes,
    "prompted": prompted,
    "no_model": no_model,
    "token_counts": token_counts,
    "bag_of_words": bag_of_words,
    "majority": majority,
}
