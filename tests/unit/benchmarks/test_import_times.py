"""The parts of a cold start are read from what Python prints."""

from __future__ import annotations

from benchmarks import import_times
from benchmarks.import_times import Group

_FIRST = """import time: self [us] | cumulative | imported package
import time:       100 |        100 |   _ssl
import time:       900 |       1000 | ssl
import time:        50 |         50 |     chat_gateway.core.errors
import time:        10 |         60 |   client_keys
a line of the function's own
"""
_SECOND = _FIRST.replace("100 |        100", "300 |        300")


def test_times_are_added_by_package() -> None:
    """A library in C belongs to the module that it serves, and our packages are one group."""
    assert import_times.groups([_FIRST]) == [Group("ssl", 2, 1000), Group("our own packages", 2, 60)]


def test_the_time_of_a_module_is_its_median() -> None:
    assert import_times.groups([_FIRST, _SECOND, _SECOND])[0] == Group("ssl", 2, 1200)
