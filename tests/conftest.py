"""Which tests run: everything as plain Python, and the tests marked ``compiled`` with numba.

``NUMBA_DISABLE_JIT=1 pytest`` is the everyday command.  Without it only the tests marked ``compiled`` run,
because each of them compiles a function; ``DLSRC_FULL=1 pytest`` compiles all of them.
"""

import os

PLAIN = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
FULL = os.environ.get("DLSRC_FULL", "0") not in ("", "0")


def pytest_collection_modifyitems(config, items):
    if PLAIN or FULL:
        return
    kept = [item for item in items if item.get_closest_marker("compiled")]
    config.hook.pytest_deselected(items=[item for item in items if not item.get_closest_marker("compiled")])
    items[:] = kept
