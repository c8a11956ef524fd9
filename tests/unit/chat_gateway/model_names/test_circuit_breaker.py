"""A target that has just failed is left out for some time."""

from __future__ import annotations

from chat_gateway.model_names.circuit_breaker import CircuitBreaker
from chat_gateway.model_names.settings import Target

A, B = Target("a"), Target("a", "us-west-2")


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def split(breaker: CircuitBreaker) -> tuple[list[Target], list[Target]]:
    asked, left_out = breaker.split((A, B))
    return list(asked), list(left_out)


def test_cool_down() -> None:
    """The target of one region is left out for 30 s, and asked again after them."""
    clock = Clock()
    breaker = CircuitBreaker(clock)
    breaker.failed(A, is_gone=False)
    assert split(breaker) == ([B], [A])
    clock.now_s = 30
    assert split(breaker) == ([A, B], [])


def test_a_model_that_is_gone() -> None:
    """A model that is gone is left out for five minutes."""
    clock = Clock()
    breaker = CircuitBreaker(clock)
    breaker.failed(A, is_gone=True)
    clock.now_s = 299
    assert split(breaker) == ([B], [A])


def test_an_answer_ends_it() -> None:
    """A target that answers is no longer left out."""
    breaker = CircuitBreaker(Clock())
    breaker.failed(A, is_gone=False)
    breaker.answered(A)
    assert split(breaker) == ([A, B], [])


def test_all_have_failed() -> None:
    """If all targets have just failed, all are asked: a request is never refused unasked."""
    breaker = CircuitBreaker(Clock())
    for target in (A, B):
        breaker.failed(target, is_gone=False)
    assert split(breaker) == ([A, B], [])
