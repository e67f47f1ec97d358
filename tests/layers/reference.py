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
        names, numbers = [str(name) for name in kept["names"]], kept["numbers"]
        shapes = [tuple(int(n) for n in shape if n >= 0) for shape in kept["shapes"]]
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    start = 0
    for name, shape in zip(names, shapes, strict=True):
        size = int(np.prod(shape))
        found[name].append(numbers[start: start + size].reshape(shape))
        start += size
    return found


def update() -> None:
    """Compute all results again and keep them: one vector, with the name and the shape of each."""
    names, shapes, numbers = [], [], []
    for name, case in CASES.items():
        for x in by_torch(case):
            names.append(name)
            shapes.append((*x.shape, *(-1,) * (5 - x.ndim)))
            numbers.append(x.ravel())
    np.savez_compressed(FILE, names=names, shapes=np.array(shapes, np.int16), numbers=np.concatenate(numbers))


if __name__ == "__main__" and sys.argv[1:] == ["--update"]:
    update()
