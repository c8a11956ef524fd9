"""Reads a function's environment variables: the one place where settings are checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from chat_gateway.core.errors import ConfigurationError

_Value = TypeVar("_Value")


def read(env: Mapping[str, str], name: str, parse: Callable[[str], _Value]) -> _Value:
    """The variable `name`, parsed. Raises ConfigurationError that names it where it is missing or `parse` raises ValueError."""
    text = env.get(name)
    if not text:
        raise ConfigurationError(f"{name} is missing, and has no default.")
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigurationError(f"{name} is {text!r}: {error}.") from None


def positive(text: str) -> float:
    """A number above 0. Raises ValueError."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError("not a positive number")
    return number


def count(text: str) -> int:
    """A whole number above 0, of at most ten digits. Raises ValueError."""
    if not re.fullmatch("[1-9][0-9]{0,9}", text):
        raise ValueError("not a positive whole number")
    return int(text)


def matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """A parser that takes what has the pattern, and raises ValueError for anything else."""

    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"does not match {pattern.pattern}")
        return text

    return parse


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """A parser that takes one of the choices, and raises ValueError for anything else."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"not one of {', '.join(choices)}")
        return text

    return parse
