"""Every example in a docstring of the package is run."""

import doctest
import importlib
import pkgutil

import pytest

import dlsrc

MODULES = ["dlsrc", *(module.name for module in pkgutil.walk_packages(dlsrc.__path__, "dlsrc."))]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_the_examples_of_a_module(name):
    # What an example defines is the user's, not dlsrc's.
    failures, _ = doctest.testmod(importlib.import_module(name), extraglobs={"__name__": "example"})
    assert failures == 0
