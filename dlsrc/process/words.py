"""Machine code that is about Python's objects, written with llvmlite: everything in it is a word of 64 bits.

Addresses, numbers and references are words, as they are to the processor::

    text.go_if(text.differ(text.load(thing, 8), text.load(text.own("class"))), slow)
    made = text.python("PyTuple_New", 2)        # a function of Python's C interface, by its name
"""

from collections.abc import Sequence
from typing import Any

from ..lazy import numba

__all__ = ["WORD", "Words"]

WORD = 8


class Words:
    """Writes one function of words, in a module of llvmlite's."""

    def __init__(self, module: Any, name: str, parameters: int):
        self.ir = numba("core.cgutils").ir
        self.module = module
        self.word = self.ir.IntType(64)
        kind = self.ir.FunctionType(self.word, [self.word] * parameters)
        self.function = self.ir.Function(module, kind, name)
        self.builder = self.ir.IRBuilder(self.function.append_basic_block())

    # ------------------------------------------------------------------ words

    def number(self, value: int) -> Any:
        return self.word(value)

    def plus(self, a: Any, b: Any) -> Any:
        return self.builder.add(a, b if not isinstance(b, int) else self.number(b))

    def pointer(self, address: Any, offset: Any = 0, bits: int = 64) -> Any:
        return self.builder.inttoptr(self.plus(address, offset), self.ir.IntType(bits).as_pointer())

    def load(self, address: Any, offset: Any = 0, bits: int = 64) -> Any:
        found = self.builder.load(self.pointer(address, offset, bits))
        return found if bits == 64 else self.builder.zext(found, self.word)

    def store(self, value: Any, address: Any, offset: Any = 0) -> None:
        self.builder.store(value, self.pointer(address, offset))

    def same(self, a: Any, b: Any) -> Any:
        return self.builder.icmp_unsigned("==", a, b if not isinstance(b, int) else self.number(b))

    def differ(self, a: Any, b: Any) -> Any:
        return self.builder.not_(self.same(a, b))

    def call_at(self, address: Any, *arguments: Any) -> Any:
        kind = self.ir.FunctionType(self.word, [self.word] * len(arguments))
        return self.builder.call(self.builder.inttoptr(address, kind.as_pointer()), self.numbers(arguments))

    def numbers(self, words: Sequence) -> list:
        return [self.number(word) if isinstance(word, int) else word for word in words]

    def python(self, name: str, *arguments: Any, bits: int = 64) -> Any:
        """A function of Python's C interface; ``bits`` are those of its result."""
        function = self.module.globals.get(name)
        if function is None:
            kind = self.ir.FunctionType(self.ir.IntType(bits), [self.word] * len(arguments))
            function = self.ir.Function(self.module, kind, name)
        found = self.builder.call(function, self.numbers(arguments))
        return found if bits == 64 else self.builder.sext(found, self.word)

    def own(self, name: str) -> Any:
        """The address of a variable of ours, which is 0 at first."""
        found = self.module.globals.get(name) or self.ir.GlobalVariable(self.module, self.word, name)
        found.initializer = self.number(0)
        return self.builder.ptrtoint(found, self.word)

    def text(self, name: str, text: str) -> Any:
        """The address of a text."""
        data = bytearray(text.encode() + b"\0")
        found = self.ir.GlobalVariable(self.module, self.ir.ArrayType(self.ir.IntType(8), len(data)), name)
        found.initializer, found.global_constant = self.ir.Constant(found.value_type, data), True
        return self.builder.ptrtoint(found, self.word)

    # ------------------------------------------------------------------ ways

    def block(self, name: str) -> Any:
        return self.function.append_basic_block(name)

    def go_if(self, condition: Any, block: Any) -> None:
        after = self.block("on")
        self.builder.cbranch(condition, block, after)
        self.builder.position_at_end(after)

    def variable(self, value: Any = 0) -> Any:
        with self.builder.goto_entry_block():
            place = self.builder.alloca(self.word)
        self.set(place, value)
        return place

    def get(self, variable: Any) -> Any:
        return self.builder.load(variable)

    def set(self, variable: Any, value: Any) -> None:
        self.builder.store(self.number(value) if isinstance(value, int) else value, variable)

    def each(self, count: Any, body: Any) -> None:
        """Run ``body`` with 0, 1, … below ``count``."""
        k = self.variable()
        top, inside, after = self.block("top"), self.block("inside"), self.block("after")
        self.builder.branch(top)
        self.builder.position_at_end(top)
        self.builder.cbranch(self.builder.icmp_unsigned("<", self.get(k), count), inside, after)
        self.builder.position_at_end(inside)
        body(self.get(k))
        self.set(k, self.plus(self.get(k), 1))
        self.builder.branch(top)
        self.builder.position_at_end(after)

    def room(self, count: Any) -> Any:
        """The address of so many words on the stack."""
        return self.builder.ptrtoint(self.builder.alloca(self.word, count), self.word)

    def times(self, k: Any, bytes_: int = WORD) -> Any:
        return self.builder.mul(k, self.number(bytes_))

    def release(self, reference: Any) -> None:
        """Give back a reference, if it is one."""
        with self.builder.if_then(self.differ(reference, 0)):
            self.python("Py_DecRef", reference)
