"""Large arrays of compiled code lie in large pages, as NumPy's own do.

    declare ptr @NRT_MemInfo_alloc_aligned(…)    →    define linkonce_odr ptr @dlsrc….allocated(…) {…}

New memory comes to a process page by page, at the first touch of each, and with pages of 4 kB that takes
longer than a pass over them: of the 35 ms that four tapes of 8 MB and their two sweeps took, 18 were spent
there (on a virtual machine; a fault takes it 2 µs).  NumPy asks Linux for pages of 2 MB, by
``madvise(…, MADV_HUGEPAGE)``, for each array of 4 MB and more; numba does not.  Here what compiled code calls
for memory does, from the same size on.  Where there are no such pages nothing changes.
"""

import sys
from typing import Any

from ...disk.object_file import unique
from ...lazy import numba
from ...process.spare import there_are
from . import spare

__all__ = ["from_spare", "in_large_pages"]

# numba's function, which puts its record of the memory and the memory itself into one piece.
ALLOCATE = "NRT_MemInfo_alloc_aligned"
LEAST = 1 << 22  # bytes, as in NumPy
SUPPORTED = sys.platform == "linux" and sys.maxsize > 2**32

NAMED = ".allocated"

# 14 is MADV_HUGEPAGE; what it is asked for begins with a page.
LARGE = f"""
declare noalias i8* @{ALLOCATE}(i64, i32)
declare i32 @madvise(i8*, i64, i32)

define {{linkage}} noalias i8* @"{{name}}"(i64 %size, i32 %align) noinline {{{{
entry:
  %made = call noalias i8* @{ALLOCATE}(i64 %size, i32 %align)
  %large = icmp uge i64 %size, {LEAST}
  %there = icmp ne i8* %made, null
  %both = and i1 %large, %there
  br i1 %both, label %ask, label %done
ask:
  %start = ptrtoint i8* %made to i64
  %after = add i64 %start, 4095
  %page = and i64 %after, -4096
  %end = add i64 %start, %size
  %length = sub i64 %end, %page
  %first = inttoptr i64 %page to i8*
  %answer = call i32 @madvise(i8* %first, i64 %length, i32 14)
  br label %done
done:
  ret i8* %made
}}}}
"""

SMALL = f"""
{{declared}}
define noalias i8* @"{{name}}"(i64 %size, i32 %align) alwaysinline {{{{
entry:
  {spare.TAKE}
  %made = call noalias i8* @"{{name}}.new"(i64 %asked, i32 %align)
  ret i8* %made
}}}}
"""


def in_large_pages(module: Any) -> None:
    """Have the large ones of the arrays that an LLVM module makes put into large pages.

    Each time under another name: in a module that is linked from others, one of which has been here before,
    the function would else call itself.
    """
    if not SUPPORTED:
        return
    for function in [f for f in module.functions if f.is_declaration and f.name == ALLOCATE]:
        function.name = f"{unique()}{NAMED}"
        module.link_in(_parsed(LARGE.format(name=function.name, linkage="linkonce_odr")))


def from_spare(module: Any) -> bool:
    """Have an optimized module, which no other links, look for small arrays in ``spare``; whether it does."""
    names = [f.name for f in module.functions if f.name.endswith(NAMED) and not f.is_declaration]
    if not there_are():
        return False
    for name in names:
        module.get_function(name).linkage = "linkonce_odr"  # gives way to the one that is linked in
        small = SMALL.format(name=name, declared=spare.declared())
        module.link_in(_parsed(small + LARGE.format(name=f"{name}.new", linkage="internal")), preserve=True)
        module.get_function(name).linkage = "internal"
    return bool(names)


def _parsed(text: str) -> Any:
    return numba("core.codegen").ll.parse_assembly(text)
