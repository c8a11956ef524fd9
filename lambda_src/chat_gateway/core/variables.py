"""Reads and checks a function's environment variables, and writes them for the stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from chat_gateway.core.errors import ConfigurationError

if TYPE_CHECKING:
    import re

_Value = TypeVar("_Value")
# By field of a settings class: the variable's name, and the parser of its text.
Variables = Mapping[str, tuple[str, Callable[[str], Any]]]


def read_all(env: Mapping[str, str], variables: Variables) -> dict[str, Any]:
    """The value of each field. Raises as `read` does."""
    return {field: read(env, name, parse) for field, (name, parse) in variables.items()}


def read_set(env: Mapping[str, str], variables: Variables) -> dict[str, Any]:
    """The value of each field whose variable is set. Raises as `read` does."""
    return {field: read(env, name, parse) for field, (name, parse) in variables.items() if name in env}


def written(settings: object, variables: Variables) -> dict[str, str]:
    """The environment variables for `settings`; a field that is None or empty gets none.

    Values are not checked: in the stack they may be CDK tokens.
    """
    values = {name: getattr(settings, field) for field, (name, _) in variables.items()}
    return {name: _text(value) for name, value in values.items() if value is not None and value != ()}


def written_set(settings: NamedTuple, variables: Variables) -> dict[str, str]:
    """The variables of the fields that differ from their defaults, as `read_set` reads them: a function has 4 KB for all."""
    changed = {
        field: variable
        for field, variable in variables.items()
        if getattr(settings, field) != settings._field_defaults[field]
    }
    return written(settings, changed)


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def read(env: Mapping[str, str], name: str, parse: Callable[[str], _Value]) -> _Value:
    """The variable `name`, parsed. Raises ConfigurationError if it is missing or `parse` raises ValueError."""
    text = env.get(name)
    if not text:
        raise ConfigurationError(f"{name} is missing and has no default.")
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
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and text[0] != "0"):
        raise ValueError("not a positive whole number")
    return int(text)


def whole(text: str) -> int:
    """0, or what `count` reads. Raises ValueError."""
    return 0 if text == "0" else count(text)


def flag(text: str) -> bool:
    """Whether `text` is `true`. Raises ValueError for anything but `true` and `false`."""
    return one_of(("true", "false"))(text) == "true"


def comma_separated(text: str) -> tuple[str, ...]:
    """The parts between the commas."""
    return tuple(text.split(","))


def matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """A parser that accepts text that matches the pattern, and raises ValueError for other text."""

    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"does not match {pattern.pattern}")
        return text

    return parse


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """A parser that accepts one of the choices, and raises ValueError for other text."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"not one of {', '.join(choices)}")
        return text

    return parse
