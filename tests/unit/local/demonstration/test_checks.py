"""Each check runs and is reported, whatever the result of the others."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import openai
import pytest
from rich.console import Console

from local.aws import guardrail_policy
from local.demonstration import checks, demo, tool_call
from local.demonstration.screen import Screen
from local.machine.failures import CheckFailedError
from local.stack.local_stack import LocalStack
from tests import documents
from tests.unit.local.stacks import made_up_stack


def result(custom_id: str, **fields: Any) -> dict[str, Any]:
    """A line of the results queue."""
    return {"custom_id": custom_id, "response": {"status_code": 200}, "error": None, **fields}


def all_results() -> list[dict[str, Any]]:
    """The expected contents of the results queue after the twenty jobs."""
    answered = [result(f"job-{number}") for number in range(1, 19)]
    return [*answered, result("", response=None, error={"code": "invalid_request_error"})]


def test_a_failed_check_fails_the_run_but_not_the_checks_after_it(tmp_path: Path) -> None:
    """A failed check shows its fault below its line, and the next checks run."""
    written = io.StringIO()

    def fails(_: LocalStack) -> list[str]:
        demo.expect(500, 200, "The status")
        return []

    def cannot_connect(_: LocalStack) -> list[str]:
        raise openai.OpenAIError("no connection")

    to_run: tuple[checks.Check, ...] = (
        ("First", fails),
        ("Second", cannot_connect),
        ("Third", lambda _: ["as it should be"]),
    )
    assert not checks.run(to_run, made_up_stack(tmp_path), Screen(Console(file=written)))
    assert written.getvalue().splitlines() == [
        "✗ First 0.0 s",
        "    CheckFailedError: The status is 500; it should be 200.",
        "✗ Second 0.0 s",
        "    OpenAIError: no connection",
        "✓ Third 0.0 s",
        "    as it should be",
    ]


def test_the_readme_shows_every_step() -> None:
    """README.md's sample output has the demonstration's steps, in order, and `make smoke` checks the same."""
    shown = re.findall(r"(?m)^✓ (.+) … s$", documents.text("README.md"))
    steps = checks.demonstration(guardrail_policy.LOCAL)
    assert [title for title in shown if title in dict(steps)] == [title for title, _ in steps]
    assert set(steps) <= set(checks.everything(guardrail_policy.LOCAL))


def test_eighteen_answers_and_one_error_line_are_right() -> None:
    """Eighteen answers and one error line pass, in any order."""
    error = checks.check_results(list(reversed(all_results())))
    assert error["error"]["code"] == "invalid_request_error"


@pytest.mark.parametrize(
    "results",
    [
        all_results()[1:],
        [*all_results(), result("job-1")],
        all_results()[:-1],
        [*all_results()[:-1], result("", error={"code": "x"})],
    ],
    ids=["one lost", "one twice", "no error line", "an error line with an answer"],
)
def test_lost_and_surplus_results_are_noticed(results: list[dict[str, Any]]) -> None:
    """A missing or an extra result fails the check."""
    with pytest.raises(CheckFailedError):
        checks.check_results(json.loads(json.dumps(results)))


def test_arguments_that_the_schema_allows() -> None:
    """The arguments are shown on one line."""
    assert (
        tool_call.checked_arguments('{"city": "Paris",\n "unit": "celsius"}')
        == '{"city": "Paris", "unit": "celsius"}'
    )


@pytest.mark.parametrize(
    "arguments",
    ['{"city": "Paris"}', '{"city": 1, "unit": "celsius"}', '{"city": "Paris", "unit": "kelvin"}', "{", "5"],
)
def test_arguments_that_it_does_not_allow(arguments: str) -> None:
    """Arguments with any fault fail the check."""
    with pytest.raises(CheckFailedError):
        tool_call.checked_arguments(arguments)
