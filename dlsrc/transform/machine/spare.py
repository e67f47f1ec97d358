"""Small arrays that are given back are kept for the next of their size.

    call void @NRT_MemInfo_call_dtor(ptr %info)       →    store ptr %info, @dlsrc_spare + size class
    %info = call ptr @NRT_MemInfo_alloc_aligned(…)    →    %info = load ptr, @dlsrc_spare + size class

A loop over small arrays asks for some in each trip and gives as many back, and that was a third of the time
of a Kalman filter with four states: 20 ns an array in numba's runtime and the C library's ``malloc``, where
this takes 3.  What is kept are pieces of memory as numba makes them, each in a list by its size, which goes
through the pieces themselves; any other code can give one back in its own way, and this code any of its own.

The lists are one thread's, the main thread's, and any other looks only at whose they are: nothing has to be
locked.  They hold at most ``MOST`` pieces of each size, 272 kB in all.
"""

import platform
import sys

from ...process.spare import MOST, PIECE, SIZES, SYMBOL, WORDS

__all__ = ["GIVE", "TAKE", "declared"]

LISTS = f"[{WORDS} x i64]"
OWNER = f"getelementptr ({LISTS}, {LISTS}* @{SYMBOL}, i64 0, i64 0)"

# The C library for Linux has the number of a thread where a thread's own memory begins.
AT_HAND = sys.platform == "linux" and platform.machine() == "x86_64" and sys.maxsize > 2**32
ME = "load i64, i64 addrspace(257)* null" if AT_HAND else "call i64 @pthread_self()"

# Of numba's record these are the first words: count, destructor, its argument, data, size, allocator.
TAKE = f"""
  %less = sub i64 %size, 1
  %small = icmp ult i64 %less, {PIECE * SIZES}
  %usual = icmp eq i32 %align, 32
  %fits = and i1 %small, %usual
  br i1 %fits, label %look, label %new
look:
  %up = add i64 %less, {PIECE}
  %rounded = and i64 %up, -{PIECE}
  %me = {ME}
  %owner = load i64, i64* {OWNER}
  %mine = icmp eq i64 %me, %owner
  br i1 %mine, label %find, label %new
find:
  %class = lshr i64 %less, {PIECE.bit_length() - 1}
  %index = add i64 %class, 1
  %place = getelementptr {LISTS}, {LISTS}* @{SYMBOL}, i64 0, i64 %index
  %head = load i64, i64* %place
  %some = icmp ne i64 %head, 0
  br i1 %some, label %take, label %new
take:
  %found = inttoptr i64 %head to i64*
  %where = getelementptr i64, i64* %found, i64 3
  %data = load i64, i64* %where
  %link = inttoptr i64 %data to i64*
  %next = load i64, i64* %link
  store i64 %next, i64* %place
  %counted = getelementptr i64, i64* %place, i64 {SIZES}
  %kept = load i64, i64* %counted
  %fewer = sub i64 %kept, 1
  store i64 %fewer, i64* %counted
  store i64 1, i64* %found
  %again = bitcast i64* %found to i8*
  ret i8* %again
new:
  %asked = phi i64 [ %size, %entry ], [ %rounded, %look ], [ %rounded, %find ]
"""

GIVE = f"""
  %words = bitcast i8* %info to i64*
  %p1 = getelementptr i64, i64* %words, i64 1
  %p3 = getelementptr i64, i64* %words, i64 3
  %p4 = getelementptr i64, i64* %words, i64 4
  %p5 = getelementptr i64, i64* %words, i64 5
  %destructor = load i64, i64* %p1
  %data = load i64, i64* %p3
  %size = load i64, i64* %p4
  %allocator = load i64, i64* %p5
  %less = sub i64 %size, 1
  %small = icmp ult i64 %less, {PIECE * SIZES}
  %over = and i64 %size, {PIECE - 1}
  %slanted = and i64 %data, 31
  %o1 = or i64 %destructor, %allocator
  %o2 = or i64 %over, %slanted
  %odd = or i64 %o1, %o2
  %even = icmp eq i64 %odd, 0
  %fits = and i1 %small, %even
  br i1 %fits, label %look, label %release
look:
  %me = {ME}
  %owner = load i64, i64* {OWNER}
  %mine = icmp eq i64 %me, %owner
  br i1 %mine, label %find, label %release
find:
  %class = lshr i64 %less, {PIECE.bit_length() - 1}
  %index = add i64 %class, 1
  %head = getelementptr {LISTS}, {LISTS}* @{SYMBOL}, i64 0, i64 %index
  %counted = getelementptr i64, i64* %head, i64 {SIZES}
  %kept = load i64, i64* %counted
  %room = icmp ult i64 %kept, {MOST}
  br i1 %room, label %keep, label %release
keep:
  %more = add i64 %kept, 1
  store i64 %more, i64* %counted
  %link = inttoptr i64 %data to i64*
  %next = load i64, i64* %head
  store i64 %next, i64* %link
  %itself = ptrtoint i8* %info to i64
  store i64 %itself, i64* %head
  ret void
release:
"""


def declared() -> str:
    """What the text of ``TAKE`` and ``GIVE`` refers to."""
    return f"@{SYMBOL} = external global {LISTS}\n" + ("" if AT_HAND else "declare i64 @pthread_self()\n")
