"""The rules of formats, on strings."""

import doctest
import itertools

import pytest

from dlsrc import formats


def test_the_examples():
    assert doctest.testmod(formats).failed == 0


def test_dimensions_are_sorted_stably():
    for fmt in map("".join, itertools.product("SCBTU", repeat=3)):
        labels, order = formats.arranged(fmt)
        assert sorted(labels, key="SCBTU".index) == list(labels)
        assert "".join(fmt[k] for k in order) == labels
        for label in "SU":  # equal labels stay in their order
            kept = [k for k in order if fmt[k] == label]
            assert kept == sorted(kept)


@pytest.mark.parametrize(("fmt", "words"), [
    ("SX", "'SX'.*'X'"), ("CC", "'CC'.*C \\(channel\\)"), ("TT", "time"), ("s", "'s'"),
])  # fmt: skip
def test_bad_formats_are_refused_by_name(fmt, words):
    with pytest.raises(ValueError, match=words):
        formats.checked(fmt)


def test_a_format_is_a_string():
    with pytest.raises(TypeError, match="list"):
        formats.checked(["S"])


def test_permutations():
    assert formats.permutation("SSCB", "SSCB") == (0, 1, 2, 3)
    assert formats.permutation("BSSC", "SSCB") == (1, 2, 3, 0)
    with pytest.raises(ValueError, match="'SC'.*'SB'"):
        formats.permutation("SC", "SB")


def test_labels_and_dimensions():
    assert formats.given("SCBU", 3) == ("SCB", 0)
    assert formats.given("CU", 1) == ("CU", 1)
    assert formats.given("CBU", 1) == ("CB", 1)
    with pytest.raises(ValueError, match="'SC'.*3 dimensions.*'SCU'"):
        formats.given("SC", 3)


def test_formats_of_one_operation():
    assert formats.union("SCB", "CB") == "SCB"
    assert formats.union("SC", "BT") == "SCBT"
    assert formats.union("SSU", "SCU") == "SSCU"
    assert formats.places("CB", "SCBT") == (None, 0, 1, None)
    with pytest.raises(ValueError, match="'SC'.*'SB'"):
        formats.merged(["SC", "", "SB"], "concatenate")


def test_laying_out_stripped_data():
    with pytest.raises(ValueError, match="'SC'.*'CB'"):
        formats.stripped("SC", "CB")
