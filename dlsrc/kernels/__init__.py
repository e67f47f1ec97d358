"""What can be differentiated: the primitives by family, and every one of them by name.

``dlsrc.kernels.softmax`` is the primitive of that name, wherever it is declared, and
``dlsrc.kernels.softmax_dx`` the rule or kernel: generated text imports from here what it calls.
"""

import importlib
import pkgutil
from typing import Any

from .primitive import registry

__all__ = ["families"]

# A primitive exists once its file is imported; every file is, so that none can be forgotten.
families = tuple(
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(__path__, f"{__name__}.")
    if not module.name.endswith((".differences", ".gradcheck"))  # these judge, for tests
)

# Importing a file binds its name here; where a primitive has the same name, the name is the primitive's.
globals().update({name: declared for name, declared in registry.items() if name in globals()})


def __getattr__(name: str) -> Any:
    if name in registry:
        return registry[name]
    for family in families:
        found = vars(family).get(name)
        if getattr(found, "__module__", None) == family.__name__ or hasattr(found, "foreign"):
            return found
    raise AttributeError(f"dlsrc.kernels has no primitive, rule or kernel named {name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *registry})
