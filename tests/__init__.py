"""The tests; here and in the commands among them nothing is read from, or written to, a developer's cache.

Only kernels are kept, for the other workers and the next run.
"""

import os
import tempfile

USER = os.getuid() if hasattr(os, "getuid") else "user"

os.environ["DLSRC_CACHE"] = "kernels"
os.environ["DLSRC_CACHE_DIR"] = os.path.join(tempfile.gettempdir(), f"dlsrc-tests-{USER}")
