"""What a kernel that stands apart does not read is not handed to it.

    i32 @matmat(ptr, ptr, ptr %a.0, ptr %a.1, i64 %a.2, … 18 words …)
        →    i32 @matmat.narrow(ptr, ptr, ptr %a.4, i64 %a.5.0, i64 %a.5.1, ptr %b.4, …)

numba hands on an array in nine words, if it has two dimensions; of one in C order a kernel reads where it
begins and how long it is.  Most of the rest would be put on the stack for each call and fetched again: a
third of the time that the product of two matrices of 4 x 4 takes.  Callers get the function by its old name,
which calls the narrow one and is written into them.
"""

import re
from collections import Counter
from typing import Any, NamedTuple

from ...lazy import numba
from .inlining import written_in_always

__all__ = ["Narrowed", "narrowed"]

WORD = re.compile(r'%"[^"]*"|%[-\w.$]+')


class Narrowed(NamedTuple):
    """A function that takes only what it reads.

    Attributes
    ----------
    name : str
    callers : str
        The LLVM code that a caller links: the function by its old name.
    """

    name: str
    callers: str


def narrowed(library: Any, module: Any, name: str) -> Narrowed | None:
    """Replace a function of an optimized module by a narrow one; None if it reads all that it is given."""
    function = module.get_function(name)
    found = Counter(WORD.findall(str(function)))
    every = [(str(a.type), a.name) for a in function.arguments]
    if not all(argument for _, argument in every):
        return None
    read = [(kind, word) for kind, word in every if found[f"%{word}"] + found[f'%"{word}"'] > 1]
    if len(read) == len(every):
        return None
    narrow, returned = f"{name}.narrow", str(function).partition(" @")[0].rpartition(" ")[2]
    # The narrow function calls the wide one with nothing for what is not read, until that is written into it.
    names = {word: f"%a{k}" for k, (_, word) in enumerate(every)}
    taken = ", ".join(f"{kind} {names[word]}" for kind, word in read)
    handed = ", ".join(f"{kind} {names[w] if (kind, w) in read else 'undef'}" for kind, w in every)
    kinds = ", ".join(kind for kind, _ in every)
    own = f"""
declare {returned} @"{name}"({kinds})
define {returned} @"{narrow}"({taken}) {{
  %status = call {returned} @"{name}"({handed})
  ret {returned} %status
}}
"""
    callers = f"""
declare {returned} @"{narrow}"({", ".join(kind for kind, _ in read)})
define linkonce_odr {returned} @"{name}"({", ".join(f"{kind} {names[word]}" for kind, word in every)}) alwaysinline {{
  %status = call {returned} @"{narrow}"({taken})
  ret {returned} %status
}}
"""  # noqa: E501
    module.link_in(numba("core.codegen").ll.parse_assembly(own))
    wide = module.get_function(name)
    wide.linkage = "internal"
    wide.add_function_attribute("alwaysinline")
    written_in_always(library, module, leave_out=True)
    return Narrowed(narrow, callers)
