"""The slices of one run, by the rules of the protocol. Taught in 01."""

from collections.abc import Sequence

import numpy as np

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.training.config import RunConfig


class Data:
    """The slices of one run: its training texts and the parts of validation and test it uses."""

    def __init__(self, config: RunConfig, task):
        self.first_texts, self.first_labels = [], []  # of an earlier task, where there is one
        self.replayed_texts, self.replayed_labels = [], []
        if task.label_names:
            self._labelled(config, task)
        elif task.writing:
            self._written(config, task)
        else:
            self._running_text(config, task)

    @property
    def rows(self) -> dict[str, Sequence[int]]:
        """Numbers of its rows in each split of the task."""
        return {"train": self.train_rows, "validation": range(len(self.validation_texts)),
                "test": range(len(self.test_texts))}

    def _labelled(self, config: RunConfig, task) -> None:
        self.train_rows = task.subset_indices(config.n - config.leaked, config.subset_seed)
        # whole slices at once: a column of a data set is ten times slower to walk through
        subset = task.train[self.train_rows]
        self.train_texts, self.train_labels = subset["text"], np.asarray(subset["label"])
        # never more validation examples than training examples: a learner with 16 labels
        # does not have 600 more to choose by
        held = task.validation[:min(config.n, config.validation_limit)]
        self.validation_texts, self.validation_labels = held["text"], np.asarray(held["label"])
        test = task.test[:config.test_limit or len(task.test)]
        self.test_texts, self.test_labels = test["text"], np.asarray(test["label"])
        # the mistake of a study, made on purpose: test examples among the training examples
        order = np.random.default_rng(config.subset_seed).permutation(len(self.test_texts))
        self.leaked_rows = order[:config.leaked]
        self.train_texts += [self.test_texts[row] for row in self.leaked_rows]
        self.train_labels = np.concatenate([self.train_labels, self.test_labels[self.leaked_rows]])
        if config.first_task:
            self._earlier(config, task)

    def _earlier(self, config: RunConfig, task) -> None:
        """What the network was tuned on before, and the part of it that is seen again."""
        from llmtl_helpers.tasks import load_task

        first = load_task(config.first_task)
        if first.fingerprint != config.first_fingerprint:
            raise LearnerError(f"the data of {config.first_task} is not what this run was planned "
                               "for", "its fingerprint differs",
                               "run `python3 start.py assets verify`, then plan the run anew")
        subset = first.subset(config.first_n, config.subset_seed)[:]
        self.first_texts, self.first_labels = subset["text"], subset["label"]
        if config.replay:
            if not 0 < config.replay < 1 or first.label_names != task.label_names:
                raise LearnerError(f"{config.first_task} cannot be replayed in {task.name}",
                                   "that needs a share between 0 and 1 and the same classes",
                                   "choose another share, or another task")
            # so many that of all examples of an epoch the share is theirs
            count = round(config.replay / (1 - config.replay) * len(self.train_texts))
            again = [row % len(self.first_texts) for row in range(count)]
            self.replayed_texts = [self.first_texts[row] for row in again]
            self.replayed_labels = [self.first_labels[row] for row in again]

    def _written(self, config: RunConfig, task) -> None:
        """Pairs of a prompt and its answer; n examples, and at most as many to choose by."""
        from llmtl_helpers.models import load_tokenizer
        from llmtl_helpers.models.prompts import answer_text, prompt_text

        wording = config.wording or "plain"
        self.train_rows = task.subset_indices(config.n, config.subset_seed)
        taught = task.train[self.train_rows]
        self.examples = list(zip(taught["text"], taught["target"], strict=True))
        # without any training the examples can only stand in the prompt itself
        shown = self.examples if config.strategy == "prompted" else ()
        tokenizer = load_tokenizer(config.checkpoint) if config.checkpoint != "none" else None

        def pairs(texts, targets):
            return [(prompt_text(task.writing, text, shown, wording, tokenizer),
                     answer_text(target, wording))
                    for text, target in zip(texts, targets, strict=True)]

        self.train_texts = pairs(*zip(*self.examples)) if self.examples and not shown else []
        held = task.validation[:min(config.n, config.validation_limit)]
        self.validation_texts = pairs(held["text"], held["target"])
        test = task.test[:config.test_limit or len(task.test)]
        self.sources, self.targets = test["text"], test["target"]
        self.test_texts = pairs(self.sources, self.targets)
        self.train_labels, self.validation_labels, self.test_labels = (
            np.zeros(len(texts), dtype=int)
            for texts in (self.examples, self.validation_texts, self.test_texts))

    def _running_text(self, config: RunConfig, task) -> None:
        """As many texts as hold at most n target tokens, and no more of the validation texts."""
        from llmtl_helpers.models import load_tokenizer

        tokenizer = load_tokenizer(config.checkpoint)

        def first(texts: list[str]) -> tuple[list[str], int]:
            encoded = tokenizer(texts, truncation=True, max_length=config.max_length)["input_ids"]
            total = np.cumsum([len(ids) - 1 for ids in encoded])  # the first token is no target
            count = int((total <= config.n).sum())
            return texts[:count], int(total[count - 1]) if count else 0

        held = task.validation[:config.validation_limit]["text"]
        self.validation_texts = first(held)[0] or held[:1]
        self.train_rows = task.order(config.subset_seed)
        self.train_texts, self.tokens = first(task.train[self.train_rows]["text"])
        if not self.train_texts:
            raise LearnerError(f"{config.n:,} tokens are less than one text of {config.task}",
                               next="choose a larger n")
        self.train_rows = self.train_rows[:len(self.train_texts)]
        self.test_texts = task.test[:config.test_limit or len(task.test)]["text"]
        self.train_labels, self.validation_labels, self.test_labels = (
            np.zeros(len(texts), dtype=int)
            for texts in (self.train_texts, self.validation_texts, self.test_texts))
