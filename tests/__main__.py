"""``python -m tests``: all tests as plain Python, then those marked ``compiled`` with numba.

Arguments are passed on to pytest (``python -m tests -k garch``).  The second run is left out if the first
fails, so that the last line is always the verdict.
"""

import os
import subprocess
import sys
import tempfile

RUNS = (("as plain Python", "1"), ("compiled", "0"))
NOTHING_COLLECTED = 5


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="dlsrc-tests-") as bytecode:
        return run(arguments, bytecode)


def run(arguments: list[str], bytecode: str) -> int:
    """Both runs; every process that tests start finds dlsrc's bytecode in the directory."""
    workers = str(min(os.cpu_count() or 1, 8))
    for title, disabled in RUNS:
        print(f"tests, {title}", flush=True)
        # One BLAS thread a worker: more would only take turns on the same cores.
        environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", **os.environ}
        environment["NUMBA_DISABLE_JIT"] = disabled
        if environment.pop("PYTHONDONTWRITEBYTECODE", ""):  # 0.7 s for each process that compiles dlsrc anew
            environment["PYTHONPYCACHEPREFIX"] = bytecode
        command = [sys.executable, "-m", "pytest", "-q", "-n", workers, *arguments]
        code = subprocess.run(command, env=environment, check=False).returncode
        if code and not (code == NOTHING_COLLECTED and arguments):
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
