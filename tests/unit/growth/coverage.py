"""The functions of the pure modules that the cases call."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.abc import InspectLoader
from pathlib import Path
from types import CodeType, FrameType

from tests.unit.growth.measure import REFUSALS, Case

_PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"
_PACKAGE = "chat_gateway."
# Of the inputs: some functions read what is short only, some what is long.
_SIZES_BYTES = (8, 1_000)


def pure_modules() -> set[str]:
    """The modules of the contract on pure modules, without their package's name."""
    contracts = tomllib.loads(_PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [contract for contract in contracts if contract["name"].startswith("Pure modules")]
    return {module.removeprefix(_PACKAGE) for module in contract["source_modules"]}


def functions_of(module: str) -> set[str]:
    """All functions and methods that a module defines, as `module.function`."""
    spec = importlib.util.find_spec(f"{_PACKAGE}{module}")
    assert spec is not None
    assert isinstance(spec.loader, InspectLoader)
    code = spec.loader.get_code(spec.name)
    assert code is not None
    return {f"{module}.{name}" for name in _functions_in(code)}


def functions_entered(cases: Iterable[Case]) -> set[str]:
    """The functions that a run of the cases calls, as `module.function`."""
    seen: set[tuple[str, str]] = set()

    def notice(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            seen.add((frame.f_globals.get("__name__", ""), frame.f_code.co_qualname))

    for case in cases:
        for size in _SIZES_BYTES:
            argument = case.make(size)
            sys.setprofile(notice)
            try:
                with suppress(*REFUSALS):
                    case.read(argument)
            finally:
                sys.setprofile(None)
    return {f"{module.removeprefix(_PACKAGE)}.{name}" for module, name in seen}


def _functions_in(code: CodeType) -> Iterator[str]:
    """The functions in a module's code, without comprehensions, lambdas and class bodies."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_flags & inspect.CO_OPTIMIZED and not inner.co_name.startswith("<"):
                yield inner.co_qualname
            yield from _functions_in(inner)
