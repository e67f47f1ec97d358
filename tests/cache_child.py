"""What a fresh process does in the matrix of the cache: run cases, and tell what came out and from where.

``python cache_child.py DIRECTORY NAME...`` prints one JSON object; a case whose program came from disk is a
hit.
"""

import contextlib
import importlib
import io
import json
import sys

import numpy as np

import dlsrc


def numbers(tree):
    """The leaves of a result as nested lists."""
    if isinstance(tree, dict):
        return [numbers(v) for v in tree.values()]
    if isinstance(tree, list | tuple):
        return [numbers(v) for v in tree]
    if hasattr(tree, "__dataclass_fields__"):
        return [numbers(getattr(tree, name)) for name in tree.__dataclass_fields__]
    return np.asarray(tree, float).ravel().tolist()


def told(objective, arguments):
    """The value and gradient, what was printed, and whether the program was loaded."""
    f = dlsrc.value_and_grad(objective)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        value, gradient = f(*arguments)
        again = f(*arguments)
    assert numbers(again) == numbers((value, gradient)), "the second call differs"
    entry = next(iter(f.runner.cache))
    return {
        "value": float(value), "gradient": numbers(gradient), "kind": type(value).__name__,
        "printed": printed.getvalue(), "hit": entry.generated is None,
    }


def main(directory, names):
    sys.path.insert(0, directory)
    found = {}
    for name in names:
        module = importlib.import_module(name)
        found[name] = told(module.objective, module.arguments)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
