"""What PyTorch gives for the cases, kept in ``reference.npz``: ``python -m tests.layers.reference --update``.

Needs torch (2.13.0 made the file); the tests only need the file.
"""

import sys
from pathlib import Path

import numpy as np

from .cases import CASES, Case

FILE = Path(__file__).parent / "reference.npz"


def waves(shape) -> np.ndarray:
    """A cotangent in which every element is another one."""
    return np.cos(np.arange(int(np.prod(shape)))).reshape(shape)


def by_torch(case: Case) -> list[np.ndarray]:
    """The value, and the gradient by each float argument, of the sum of the value times ``waves``."""
    import torch

    args = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in case.args]
    y = case.theirs(torch, torch.nn.functional, *args)
    (y * torch.tensor(waves(y.shape))).sum().backward()
    return [y.detach().numpy(), *(a.grad.numpy() for a in args if a.requires_grad)]


def stored() -> dict[str, list[np.ndarray]]:
    """The results that are kept, case by case."""
    with np.load(FILE) as kept:
        return {name: [kept[f"{name}/{k}"] for k in range(int(kept[f"{name}/count"]))] for name in CASES}


def update() -> None:
    """Compute all results again and keep them."""
    kept = {}
    for name, case in CASES.items():
        found = by_torch(case)
        kept[f"{name}/count"] = np.array(len(found))
        kept |= {f"{name}/{k}": x for k, x in enumerate(found)}
    np.savez_compressed(FILE, **kept)


if __name__ == "__main__" and sys.argv[1:] == ["--update"]:
    update()
