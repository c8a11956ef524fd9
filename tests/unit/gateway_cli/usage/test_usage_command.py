"""`usage` sums what clients used by client, model or day."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from gateway_cli import stack_outputs
from gateway_cli.command import cli
from tests.unit import usage_table
from tests.unit.gateway_cli.outputs import OUTPUTS
from tests.unit.gateway_cli.usage.conftest import Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SMALL = {"requests": 2, "prompt_tokens": 10, "completion_tokens": 5, "cost_nano_usd": 20_000_000}
LARGE = {
    "requests": 3,
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "cached_tokens": 40,
    "cache_write_tokens": 7,
    "reasoning_tokens": 30,
    "cost_nano_usd": 1_500_000_000,
}
UNPRICED = {"requests": 1, "prompt_tokens": 900, "unpriced_requests": 1}


@pytest.fixture
def used(dynamodb: DynamoDBClient) -> None:
    """Two clients, jobs of no client and three models on three days; one day is long ago."""
    usage_table.put_day(dynamodb, "2026-11-27", "team-a", {"small": SMALL, "large": LARGE})
    usage_table.put_day(dynamodb, "2026-11-21", "team-b", {"small": SMALL, "other": UNPRICED})
    usage_table.put_day(dynamodb, "2026-11-21", None, {"other": UNPRICED})
    usage_table.put_day(dynamodb, "2026-10-31", "team-b", {"large": LARGE})


def rows(run: Run, *arguments: str) -> list[list[str]]:
    """The cells of the table's rows."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return [re.split(r"  +", line.strip()) for line in result.stdout.splitlines()]


def documents(run: Run, *arguments: str) -> list[dict[str, Any]]:
    result = run("--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_clients_are_sorted_by_cost(run: Run, used: None) -> None:
    """The default is the last seven days; the dearest client stands first, and a total last."""
    assert rows(run, "--by", "client") == [
        ["client", "requests", "prompt", "completion", "cached", "reasoning", "cost in USD"],
        ["team-a", "5", "110", "55", "40", "30", "1.52"],
        ["team-b", "3", "910", "5", "0", "0", "0.02 + unknown"],
        ["(none)", "1", "900", "0", "0", "0", "unknown"],
        ["total", "9", "1920", "60", "40", "30", "1.54 + unknown"],
    ]


def test_models_are_summed(run: Run, used: None) -> None:
    """Models that are counted together are shown as `other`."""
    assert [row[:2] for row in rows(run, "--by", "model")[1:]] == [
        ["large", "3"],
        ["small", "4"],
        ["other", "2"],
        ["total", "9"],
    ]


def test_days_are_in_order(run: Run, used: None) -> None:
    """Days have the order of the calendar, whatever they cost."""
    assert [row[0] for row in rows(run, "--by", "day", "--since", "2026-10-01")[1:]] == [
        "2026-10-31",
        "2026-11-21",
        "2026-11-27",
        "total",
    ]


def test_last_month_has_its_days_only(run: Run, used: None) -> None:
    """Both ends belong to the range, and no other day does."""
    found = documents(run, "--by", "client", "--since", "2026-10-01", "--until", "2026-10-31")
    assert [(row["client"], row["requests"]) for row in found] == [("team-b", 3)]
    assert run("--by", "client", "--since", "2026-11-01", "--until", "2026-11-20").stdout == ""


@pytest.mark.parametrize(("client", "requests"), [("team-b", 3), ("(none)", 1)])
def test_one_client_can_be_chosen(run: Run, used: None, client: str, requests: int) -> None:
    """With --client all other clients are left out; jobs without a client can be chosen, too."""
    found = documents(run, "--by", "model", "--client", client)
    assert sum(row["requests"] for row in found) == requests


def test_json_has_every_measure(run: Run, used: None) -> None:
    """Each row is an object with all measures as whole numbers, and the cost in dollars; there is no total."""
    large, small, other = documents(run, "--by", "model")
    assert large == {
        "model": "large",
        "requests": 3,
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "cached_tokens": 40,
        "cache_write_tokens": 7,
        "reasoning_tokens": 30,
        "unpriced_requests": 0,
        "tokens_only_requests": 0,
        "cost_usd": 1.5,
    }
    assert small["cost_usd"] == 0.04
    assert (other["cost_usd"], other["unpriced_requests"]) == (None, 2)


def test_json_alone_is_on_standard_output(run: Run, used: None) -> None:
    """The range is named on standard error."""
    assert "2026-11-21 to 2026-11-27" in run("--by", "day").stderr
    assert "2026-11-21 to" not in run("--by", "day").stdout


def test_no_usage_says_how_to_record_it(run: Run) -> None:
    """An empty range is no error; the message names the setting."""
    result = run("--by", "client")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "clients.record_usage = true" in result.stderr
    assert "No usage of team-a was" in run("--by", "day", "--client", "team-a").stderr


def test_days_of_many_clients_are_complete(run: Run, dynamodb: DynamoDBClient) -> None:
    """A day that DynamoDB returns in several answers is read as a whole."""
    for number in range(10):
        usage_table.put_day(dynamodb, "2026-11-27", f"team-{number}", {"m" * 150_000: {"requests": 1}})
    assert len(documents(run, "--by", "client")) == 10


def test_foreign_attributes_are_left_out(run: Run, dynamodb: DynamoDBClient) -> None:
    """What is no measure is not counted, and cannot steer a terminal."""
    usage_table.put_day(dynamodb, "2026-11-27", "team-a", {"\x1b[2J[red]x": {"requests": 1, "later": 5}})
    shown = run("--by", "model").stdout
    assert "\x1b" not in shown
    assert "[red]x" in shown


def test_old_stacks_have_no_usage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack without a usage table is an error that says what to do."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: replace(OUTPUTS, usage_table=None))
    result = run("--by", "client")
    assert result.exit_code == 1
    assert result.stderr == "Error: The stack has no usage table: deploy this version first.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--by", "owner"),
        ("--by", "day", "--since", "0d"),
        ("--by", "day", "--since", "401d"),
        ("--by", "day", "--since", "-7d"),
        ("--by", "day", "--since", "last month"),
        ("--by", "day", "--since", "2026-02-30"),
        ("--by", "day", "--since", "2025-01-01"),
        ("--by", "day", "--since", "2026-12-01"),
        ("--by", "day", "--until", "7d"),
        ("--by", "day", "--since", "2d", "--until", "0001-01-01"),
        ("--by", "day", "--client", "two words"),
        ("--by", "day", "--client", "(other)"),
    ],
)
def test_wrong_ranges_are_wrong_usage(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    """What is no range, no client and no key is a wrong command line; AWS is not asked."""

    def read(*_: object) -> None:
        raise AssertionError("a wrong command line came as far as AWS")

    monkeypatch.setattr(stack_outputs, "read", read)
    result = CliRunner().invoke(cli, ["usage", "--env", "dev", *arguments])
    assert result.exit_code == 2, result.output
