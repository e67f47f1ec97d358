"""``python -m tests.benchmarks.cold ORDER``: the first gradient of a fresh process, its imports and all.

A process of its own kind, which imports nothing that its contender does not: neither numba and SciPy for a peer,
nor scikit-learn for the digits.
"""

import json
import os
import sys
import time

from tests.benchmarks.task import Task

__all__ = ["MARK", "digits_in"]

MARK = "result: "


def digits_in(directory: str) -> dict[str, str]:
    """The variables under which the digits are read from ``directory``, where they are put."""
    import numpy as np

    from tests.benchmarks.tasks.regression import digits

    for name, part in zip("XY", digits(), strict=True):
        np.save(os.path.join(directory, f"{name}.npy"), part)
    return {"BENCHMARK_DATA": directory}


def call_of(task: Task, name: str):
    from tests.benchmarks.run import with_dlsrc, with_hand

    arguments = task.arguments()
    if name in task.peers:
        return task.peers[name](arguments)[0]
    return (with_dlsrc if name == "dlsrc" else with_hand)(task, arguments, {})[0]


def main(order: dict) -> None:
    """In a fresh process; "started" is when it was asked for, "kernels" the directory of dlsrc's kernels."""
    os.environ["DLSRC_CACHE_DIR"] = order["kernels"]  # importing the tests has set it to that of the tests
    from tests.benchmarks.measure import pin
    from tests.benchmarks.tasks import TASKS

    pin()
    call_of(TASKS[order["task"]], order["contender"])()
    print(MARK + json.dumps(time.time() - order["started"]), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
