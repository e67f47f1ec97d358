"""Records behave as dataclasses with slots do."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field
from functools import cached_property

import pytest

from dlsrc.records import parts, record, replace


class Form:
    """The fields and methods that are made a record of, and a dataclass."""

    number: int
    hint: str = field(default="", compare=False)
    found: list = field(default_factory=list, repr=False)

    def doubled(self) -> int:
        return 2 * self.number


@record(frozen=True)
class Point:
    x: float
    y: float = 0.0


@record
class Mutable:
    count: int = 0

    @cached_property
    def next(self) -> int:
        return self.count + 1

    def __post_init__(self):
        self.count += 10


def made(decorator, **options):
    return decorator(**options)(type("Form", (), dict(vars(Form))))


@pytest.fixture(params=[{"frozen": True}, {"frozen": False}, {"eq": False}, {"frozen": True, "eq": False}], ids=str)
def pair(request):
    return made(record, **request.param), made(dataclass, slots=True, **request.param)


def outcome(call):
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("use", [
    lambda cls: repr(cls(1, "a", [2])),
    lambda cls: repr(cls(number=1)),
    lambda cls: (cls(1).hint, cls(1).found, cls(1).found is cls(1).found, cls(3).doubled()),
    lambda cls: (cls(1) == cls(1, "other"), cls(1) == cls(2), cls(1) == cls(1, "", [3]), cls(1) == 1, cls(1) != cls(1)),
    lambda cls: cls(),
    lambda cls: cls(1, "a", [], 4),
    lambda cls: cls(1, hint="a", more=2),
    lambda cls: setattr(cls(1), "number", 2),
    lambda cls: delattr(cls(1), "number"),
    lambda cls: hash(cls(1)) and None,
    lambda cls: copy.copy(cls(1, "a", [2])).found,
    lambda cls: copy.deepcopy(cls(1, "a", [2])).found,
    lambda cls: (cls.__match_args__, cls.__slots__, cls.__qualname__, cls.__module__),
])  # fmt: skip
def test_behaves_as_a_dataclass(pair, use):
    ours, theirs = (outcome(lambda cls=cls: use(cls)) for cls in pair)
    assert ours == theirs


def test_equal_records_are_equal_keys():
    assert {Point(1.0): "a"}[Point(1.0, 0.0)] == "a"
    assert len({Point(1.0), Point(1.0), Point(1.0, 2.0)}) == 2
    assert hash(made(record, frozen=True, eq=False)(1)) != hash(made(record, frozen=True, eq=False)(1))


def test_a_frozen_record_cannot_be_changed():
    point = Point(1.0)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2.0
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'z'"):
        point.z = 2.0
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert point == Point(1.0)


def test_a_record_that_may_change_has_no_other_fields():
    with pytest.raises(AttributeError):
        made(record)(1).other = 2


def test_pickles():
    assert pickle.loads(pickle.dumps(Point(1.0, 2.0))) == Point(1.0, 2.0)
    assert pickle.loads(pickle.dumps(Mutable(2))).count == 12


def test_cached_properties_and_what_follows_init():
    both = Mutable(), Mutable(5)
    assert [(m.count, m.next) for m in both] == [(10, 11), (15, 16)]


def test_fields_are_taken_apart_and_replaced():
    assert parts(Point(1.0)) == {"x": 1.0, "y": 0.0} and parts((1, 2)) == {}
    assert replace(Point(1.0), y=3.0) == Point(1.0, 3.0)
    with pytest.raises(TypeError, match="unexpected keyword"):
        replace(Point(1.0), z=3.0)


def test_one_field_is_compared_as_several_are():
    @record(frozen=True)
    class Lone:
        value: float

    lone = Lone(float("nan"))
    assert Lone(lone.value) == lone  # the same object is equal, as in a tuple
    assert hash(Lone(1.0)) == hash(Lone(1.0)) and Lone(1.0) != Lone(2.0)
    assert repr(lone) == "test_one_field_is_compared_as_several_are.<locals>.Lone(value=nan)"


def test_what_is_no_record_is_refused():
    with pytest.raises(TypeError, match="replace takes a record"):
        replace((1, 2), x=3)
    with pytest.raises(TypeError, match="no bases"):
        record(type("Sub", (Point,), {"__annotations__": {}}))
    with pytest.raises(TypeError, match="no __init__"):
        record(type("Own", (), {"__annotations__": {}, "__init__": lambda self: None}))
    with pytest.raises(ValueError, match="default_factory"):
        record(type("Shared", (), {"__annotations__": {"x": "list"}, "x": []}))


def test_patterns_match_by_position():
    match Point(1.0, 2.0):
        case Point(x, 2.0):
            assert x == 1.0
        case _:
            pytest.fail("no match")
