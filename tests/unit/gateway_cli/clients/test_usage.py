"""What cannot be an id, a date or a limit is a wrong command line; AWS is not asked."""

from __future__ import annotations

import pytest

from tests.unit.gateway_cli.clients.conftest import Run

COUNTS = (
    *("--max-completion-tokens", "--requests-per-minute", "--tokens-per-minute", "--tokens-per-day"),
    "--concurrent-requests",
)
ARABIC_DATE = "\u0662\u0660\u0663\u0660-\u0660\u0661-\u0660\u0661"  # 2030-01-01 in digits of another script


@pytest.mark.parametrize(
    "client_id",
    ["", "two words", "x" * 65, "é", "a/b", "unknown", "a\n", "a\x00b", "client#a", "-lead", ".a", "a\udcff"],
)
@pytest.mark.parametrize(
    "command", ["create", "show", "update", "rotate", "revoke", "suspend", "resume", "delete"]
)
def test_hostile_ids_are_wrong_usage(parse: Run, command: str, client_id: str) -> None:
    """An id that fits no log line and no policy is a wrong command line for every command."""
    result = parse(command, "--", client_id)
    assert result.exit_code == 2
    assert not isinstance(result.exception, UnicodeError)


@pytest.mark.parametrize("option", ["--name", "--owner"])
@pytest.mark.parametrize("words", ["x" * 257, "two\nlines", "\x1b[31mred", "a\udcff", "\u202eevil"])
def test_hostile_words_are_wrong_usage(parse: Run, option: str, words: str) -> None:
    """A name or an owner that could steer a terminal, or is too long, is refused."""
    assert parse("create", "team-a", option, words).exit_code == 2


@pytest.mark.parametrize("glob", ["", "a b", "é", "x" * 257, "a\n", "a\x00", "a\udcff"])
def test_hostile_globs_are_wrong_usage(parse: Run, glob: str) -> None:
    """A pattern of models is visible ASCII, and has at most 256 characters."""
    assert parse("create", "team-a", "--model", glob).exit_code == 2


@pytest.mark.parametrize("option", COUNTS)
@pytest.mark.parametrize(
    "count", ["0", "-1", "1.5", "", "1e3", ARABIC_DATE[0], "9" * 11, "1_000", " 1", "9" * 5000]
)
def test_hostile_counts_are_wrong_usage(parse: Run, option: str, count: str) -> None:
    """A limit is a positive whole number."""
    assert parse("create", "team-a", f"{option}={count}").exit_code == 2


def test_more_than_200_at_a_time_are_wrong_usage(parse: Run) -> None:
    """A client may have at most 200 concurrent requests."""
    assert parse("create", "team-a", "--concurrent-requests", "201").exit_code == 2


@pytest.mark.parametrize(
    "amount",
    [
        *("0", "0.00", "-1", "1.005", "", "1e3", "$50", "50 USD", "1,000", "1,5", ".5", "5.", " 1", "1_000"),
        *("nan", "inf", ARABIC_DATE[0], "10000000.01", "9" * 9, "9" * 5000),
    ],
)
def test_hostile_budgets_are_wrong_usage(parse: Run, amount: str) -> None:
    """A budget is a positive amount of dollars and cents."""
    assert parse("create", "team-a", f"--monthly-budget-usd={amount}").exit_code == 2


@pytest.mark.parametrize(
    "date",
    [
        *("", "tomorrow", "2030-02-30", "2030-1-1", "20300101", "2030-W01", "2030-01-01 10:00", ARABIC_DATE),
        *(
            "2030-01-01T24:30",
            "2030-01-01T10:00:00+99:00",
            "9999-12-31T23:59:59-23:59",
            "2020-01-01",
            "1893456000",
        ),
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_hostile_dates_are_wrong_usage(parse: Run, date: str) -> None:
    """What is no date, or has passed, is refused."""
    assert parse("create", "team-a", "--expires", date).exit_code == 2


@pytest.mark.parametrize("prefix", ["", "abc", "xyzw", "é" * 4, "a" * 65, "ab*d", "client#team-a", "ab\ncd"])
def test_hostile_prefixes_are_wrong_usage(parse: Run, prefix: str) -> None:
    """A prefix has 4 to 64 hexadecimal digits."""
    assert parse("revoke", "team-a", "--yes", "--key", prefix).exit_code == 2
