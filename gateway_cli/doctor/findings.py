"""What a check finds."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from gateway_cli.jobs import exit_codes


class Status(StrEnum):
    """Whether a check found something wrong.

    NOTE: something may become a problem. SKIPPED: the check's cause is another check's finding.
    """

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"
    UNCHECKED = "unchecked"
    SKIPPED = "skipped"


class Result(NamedTuple):
    """What was found, in a sentence without its period, and what to do about it."""

    status: Status
    says: str
    advice: str | None = None


class Finding(NamedTuple):
    """The result of a check with its name."""

    check: str
    status: Status
    says: str
    advice: str | None = None


def ok(says: str) -> Result:
    """Nothing is wrong."""
    return Result(Status.OK, says)


def note(says: str, advice: str) -> Result:
    """Nothing is wrong now, but something may become a problem."""
    return Result(Status.NOTE, says, advice)


def problem(says: str, advice: str) -> Result:
    """Something is wrong with the environment."""
    return Result(Status.PROBLEM, says, advice)


def unchecked(says: str, advice: str | None = None) -> Result:
    """It could not be found out whether something is wrong."""
    return Result(Status.UNCHECKED, says, advice)


def skipped_after(finding: Finding) -> Result:
    """The result of a check that needs what `finding` did not find in order."""
    why = "is wrong" if finding.status == Status.PROBLEM else "could not be checked"
    return Result(Status.SKIPPED, f'not checked, because "{finding.check}" {why}')


def exit_code(findings: Iterable[Finding]) -> int:
    """0 if nothing is wrong, FAILED if something is, INCOMPLETE if something could not be checked."""
    statuses = {finding.status for finding in findings}
    if Status.PROBLEM in statuses:
        return exit_codes.FAILED
    return exit_codes.INCOMPLETE if Status.UNCHECKED in statuses else 0
