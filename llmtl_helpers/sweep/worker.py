"""A worker process: reads configs, one JSON line each, and answers with JSON lines.

It ends when its parent does (standard input closes), so that nothing is left running.
"""

import json
import os
import sys
import threading
import time
from importlib import import_module
from queue import Queue


def main() -> None:
    threads, device, runner = int(sys.argv[1]), *sys.argv[2:4]
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library's prints must not mix in

    def answer(**message) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    orders: Queue = Queue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(orders, stop), daemon=True).start()

    import torch

    from llmtl_helpers.errors import LearnerError

    module = import_module(runner)
    torch.set_num_threads(threads)
    answer(kind="ready")
    while (order := orders.get()) is not None:
        config = module.CONFIG(**order)
        said = 0.0

        def watch(update: int, loss: float, config=config) -> None:
            nonlocal said
            if time.monotonic() - said > 0.2 or update == config.updates:
                said = time.monotonic()
                answer(kind="progress", update=update, updates=config.updates, loss=round(loss, 4))

        try:
            row = module.run(config, stop, watch, device)
        except LearnerError as error:
            answer(kind="failed", reason=str(error))
        except MemoryError:
            answer(kind="failed", reason="There was not enough memory for this run. Close other "
                                         "programs, or use fewer workers.")
        except Exception as error:  # a defect of ours: said in full, and the next run goes on
            import traceback

            traceback.print_exc()
            answer(kind="failed", reason=f"{type(error).__name__}: {error}")
        else:
            answer(kind="stopped") if row is None else answer(kind="done", row=row)


def _listen(orders: Queue, stop: threading.Event) -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "stop" in message:
            stop.set()
        else:
            stop.clear()
            orders.put(message["config"])
    stop.set()
    orders.put(None)


if __name__ == "__main__":
    main()
