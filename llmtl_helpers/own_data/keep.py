"""Keeps checked rows as a task of the learner's own. Taught in 12."""

import hashlib
import json
import os
import re
import tempfile
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.own_data.checks import Examined
from llmtl_helpers.tasks.own import PREFIX, file_of

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


def keep(examined: Examined, name: str, source: str) -> str:
    """Write the rows to a file of the learner's own; the name of the task that reads it.

    The task's name holds a piece of the rows' hash: other rows make another task, so runs never
    pass for those of another version.

    Raises:
        LearnerError: the name has other signs than small letters, digits and dashes, or the
            file cannot be written.
    """
    if not NAME.fullmatch(name):
        raise LearnerError(f"{name!r} cannot be a task's name",
                           "it is part of file names", "use small letters, digits and dashes")
    body = {"version": 1, "source": source, "labels": list(examined.labels),
            "rows": [[row["text"], row["label"]] for row in examined.rows]}
    text = json.dumps(body, ensure_ascii=False)
    task = f"{PREFIX}{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    target = file_of(task)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".data-") as folder:
            whole = Path(folder) / target.name
            whole.write_text(text, encoding="utf-8")
            os.replace(whole, target)
    except OSError as error:
        raise LearnerError(f"your data could not be kept in {paths.home()}",
                           error.strerror or str(error), "make room or set LLMTL_HOME to a folder "
                           "that you can write to") from None
    return task
