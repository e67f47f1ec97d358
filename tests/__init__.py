"""The tests; here and in the commands among them nothing is read from, or written to, a developer's cache."""

import os
import tempfile

os.environ["DLSRC_CACHE"] = "0"
os.environ["DLSRC_CACHE_DIR"] = os.path.join(tempfile.gettempdir(), "dlsrc-tests-keep-nothing-here")
