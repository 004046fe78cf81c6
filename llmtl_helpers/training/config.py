"""The frozen description of a run. Its hash is the run's identity."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from llmtl_helpers.ledger.schema import SCHEMA


# Fields that came after the first runs were made. At their default, which is 0 or empty, they are
# no part of a row or of its identity, so that those runs keep theirs.
ADDED_LATER = ("patience", "leaked", "trained_blocks", "adapter_rank", "adapter_targets",
               "head_first", "gradual", "first_task", "first_n", "first_fingerprint", "replay",
               "also_tested", "also_probed", "wording")


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's result; the fields are explained in `ledger.schema`.

    `data_fingerprint` and `weights_recipe` tie the run to the very data and initial weights,
    so a changed file makes a new run instead of passing for the old one. The thread count is
    recorded in the row but is no part of the identity: it moves a result in its last digits only.
    """

    task: str
    arm: str
    checkpoint: str
    init: str
    strategy: str
    n: int
    subset_seed: int
    run_seed: int
    updates: int
    batch_size: int
    learning_rate: float | None
    inverse_regularisation: float | None
    budget: str
    purpose: str
    validation_limit: int
    data_fingerprint: str
    weights_recipe: str
    test_limit: int | None = None
    max_length: int = 128
    patience: int = 0
    leaked: int = 0
    trained_blocks: int = 0
    adapter_rank: int = 0
    adapter_targets: str = ""
    head_first: int = 0
    gradual: int = 0
    first_task: str = ""
    first_n: int = 0
    first_fingerprint: str = ""
    replay: float = 0.0
    also_tested: tuple[str, ...] = ()
    also_probed: tuple[str, ...] = ()
    wording: str = ""

    @property
    def id(self) -> str:
        identity = json.dumps({"schema": SCHEMA, **self._fields()}, sort_keys=True)
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    def as_row(self) -> dict:
        return {"schema": SCHEMA, "id": self.id, **self._fields()}

    def changed(self, **fields) -> "RunConfig":
        return replace(self, **fields)

    def _fields(self) -> dict:
        return {name: list(value) if isinstance(value, tuple) else value  # as JSON has it
                for name, value in asdict(self).items() if value or name not in ADDED_LATER}

    @classmethod
    def from_row(cls, row: dict) -> "RunConfig":
        fields = {name: row[name] for name in cls.__dataclass_fields__
                  if name in row or name not in ADDED_LATER}
        return cls(**{name: tuple(value) if isinstance(value, list) else value  # hashable
                      for name, value in fields.items()})
