"""Every check of ``verify`` is seen to fail on a program that breaks its rule, and only on that."""

from dlsrc.records import replace

import pytest

from dlsrc.errors import InternalError
from dlsrc.transform.ir import UNBOUND, Assign, Const
from dlsrc.transform.location import Location
from dlsrc.transform.verify import verify
from tests.handmade import BOOL, INT, Notes, random_program


def refused(program, rule):
    with pytest.raises(InternalError, match=rule):
        verify(program)


def test_a_sound_program_passes():
    for seed in range(50):
        verify(random_program(seed))


def test_assigned_twice():
    n = Notes()
    x = n.param(hint="x")
    y = n.op("negative", x)
    n.block.append(n.block[0])
    refused(n.program(y), "assigned twice")


def test_assigned_twice_by_a_merge_and_a_statement():
    n = Notes()
    x = n.param(hint="x")
    y = n.op("negative", x)
    n.branch(n.op("less", x, 0.0), [], [], (y, x, x))
    refused(n.program(y), "assigned twice")


def test_used_before_it_is_defined():
    n = Notes()
    x = n.param(hint="x")
    y = n.value()
    n.op("add", x, y)
    refused(n.program(x), "used before it is defined")


@pytest.mark.parametrize("place", ["after", "other side", "return"])
def test_used_outside_its_branch(place):
    n = Notes()
    x = n.param(hint="x")
    with n.inside() as then:
        y = n.op("negative", x)
    with n.inside() as orelse:
        if place == "other side":
            n.op("negative", y)
    n.branch(n.op("less", x, 0.0), then, orelse)
    if place == "after":
        n.op("negative", y)
    refused(n.program(y if place == "return" else x), "outside the block")


def test_used_outside_its_loop():
    n = Notes()
    x = n.param(hint="x")
    with n.inside() as body:
        y = n.op("negative", x)
    n.loop(n.value(INT, "i"), 3, body)
    refused(n.program(y), "outside the block")


def test_a_header_is_not_visible_after_its_loop():
    n = Notes()
    x, header, result = n.param(hint="x"), n.value(hint="a"), n.value(hint="a")
    with n.inside() as body:
        out = n.op("negative", header)
    n.loop(n.value(INT, "i"), 3, body, (header, x, out, result))
    verify(n.program(result))
    refused(n.program(header), "outside the block")


def test_values_of_a_test_are_visible_in_the_body_and_not_after():
    n = Notes()
    x, header, result = n.param(hint="x"), n.value(hint="a"), n.value(hint="a")
    with n.inside() as test:
        square = n.op("multiply", header, header)
        cond = n.op("less", square, 100.0)
    with n.inside() as body:
        out = n.op("add", header, square)
    n.while_(test, cond, body, (header, x, out, result))
    verify(n.program(result))
    refused(n.program(square), "outside the block")


def test_no_type():
    n = Notes()
    x = n.param(hint="x")
    y = n.op("negative", x)
    program = n.program(y)
    refused(replace(program, types={x: program.types[x]}), "no type")


def test_unbound_only_on_merges_and_initial_values():
    n = Notes()
    x = n.param(hint="x")
    y, header, result = n.value(hint="y"), n.value(hint="y"), n.value(hint="y")
    with n.inside() as then:
        z = n.op("negative", x)
    n.branch(n.op("less", x, 0.0), then, [], (y, z, UNBOUND))
    with n.inside() as body:
        out = n.op("negative", x)
    n.loop(n.value(INT, "i"), 3, body, (header, UNBOUND, out, result))
    verify(n.program(result))
    refused(n.program(UNBOUND), "UNBOUND")
    n.block.append(Assign(n.value(), n.block[0].op, (x, UNBOUND), (), n.loc))
    refused(n.program(x), "UNBOUND")


def test_unbound_is_not_carried_on():
    n = Notes()
    x = n.param(hint="x")
    n.loop(n.value(INT, "i"), 3, [], (n.value(), x, UNBOUND, n.value()))
    refused(n.program(x), "UNBOUND")


def test_no_location():
    n = Notes()
    x = n.param(hint="x")
    n.loc = Location("", 0)
    y = n.op("negative", x)
    refused(n.program(y), "no location")
    n = Notes()
    n.loc = None
    n.branch(n.param(BOOL, "c"), [], [])
    refused(n.program(Const(1.0)), "no location")
