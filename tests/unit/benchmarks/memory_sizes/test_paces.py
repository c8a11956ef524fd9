"""The two paces of requests, with targets that answer at once."""

from __future__ import annotations

import pytest

from benchmarks.exchanges import Timing
from benchmarks.memory_sizes import paces
from benchmarks.memory_sizes.paces import Asked

BODY = b"body"


class FakeTarget:
    """Answers in `took_s`, and adds its name to `asked`."""

    pid = None

    def __init__(self, name: str, asked: list[str], took_s: float) -> None:
        self.name, self._asked, self._took_s = name, asked, took_s

    def ask(self, body: bytes) -> Timing:
        assert body == BODY
        self._asked.append(self.name)
        return Timing(self._took_s, self._took_s)


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def both(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    monkeypatch.setattr(paces, "_BETWEEN_S", 0.0)
    return [Asked(FakeTarget("a", asked, 0.001), BODY), Asked(FakeTarget("b", asked, 0.002), BODY)]


def test_one_a_second(both: list[Asked], asked: list[str]) -> None:
    """Targets are asked one after the other. The requests that warm them up do not count."""
    series = paces.one_a_second(both, rounds=3, warming_up=2)
    assert asked == ["a", "a", "b", "b", *["a", "b"] * 3]
    assert [one.p50_ms for one in series] == [1.0, 2.0]


def test_back_to_back(both: list[Asked], asked: list[str]) -> None:
    """Each target is asked in blocks."""
    paces.back_to_back(both, requests=10, most_s=60, warming_up=0)
    assert asked == [*["a"] * 2, *["b"] * 2] * 5


def test_slow_target(both: list[Asked], asked: list[str]) -> None:
    """A target whose time is over is asked once in each block."""
    paces.back_to_back(both, requests=100, most_s=0, warming_up=0)
    assert asked == ["a", "b"] * 5
