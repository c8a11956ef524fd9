"""No reader of foreign bytes takes more than linear time: eight times the bytes take about eight times as long."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType

import pytest

from tests.unit.growth import from_bedrock, from_callers
from tests.unit.growth.measure import REFUSALS, Case, growth

# Linear is 8, quadratic 64.
ENOUGH = 20
CASES = [*from_callers.all_cases(), *from_bedrock.all_cases()]
PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"
READ_NO_FOREIGN_TEXT = {
    "chat_gateway.job_delays": "computes with numbers",
    "chat_gateway.retry": "computes with numbers; retry_after reads the header",
    "chat_gateway.settings": "reads the environment variables of its own deployment",
    "chat_gateway.sigv4": "signs requests that the gateway itself has written",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_time_is_linear(case: Case) -> None:
    """Eight times the bytes take less than twenty times as long.

    A call that takes less than 20 ms with as many bytes as the product lets in passes: it cannot hold a function up.
    """
    ratio = growth(case, ENOUGH)
    assert ratio is None or ratio < ENOUGH


def test_pure_modules_are_fed() -> None:
    """Every module of the contract on pure modules is fed here, or named with the reason why it needs not be."""
    pure = pure_modules()
    assert READ_NO_FOREIGN_TEXT.keys() <= pure
    assert pure - modules_that_run(CASES) == READ_NO_FOREIGN_TEXT.keys()


def pure_modules() -> set[str]:
    contracts = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [contract for contract in contracts if contract["name"].startswith("Pure modules")]
    return set(contract["source_modules"])


def modules_that_run(fed: Iterable[Case]) -> set[str]:
    """The modules of which a function is called."""
    seen: set[str] = set()

    def notice(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            seen.add(frame.f_globals.get("__name__", ""))

    for case in fed:
        argument = case.make(1_000)
        sys.setprofile(notice)
        try:
            with suppress(*REFUSALS):
                case.read(argument)
        finally:
            sys.setprofile(None)
    return seen
