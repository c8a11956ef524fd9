"""Findings as `doctor` prints them: a line each for people, JSON for scripts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from gateway_cli.doctor.findings import Finding, Status
from gateway_cli.jobs import screen

_MARKS = {
    Status.OK: "ok",
    Status.NOTE: "note",
    Status.PROBLEM: "PROBLEM",
    Status.UNCHECKED: "?",
    Status.SKIPPED: "-",
}
_WIDTH = max(map(len, _MARKS.values()))


def line(finding: Finding) -> str:
    """The finding in one line. Characters that could control a terminal are replaced."""
    says = finding.says if finding.advice is None else f"{finding.says}. {finding.advice}"
    return screen.printable(f"{_MARKS[finding.status]:<{_WIDTH}}  {finding.check}: {says}")


def json_line(finding: Finding) -> str:
    """The finding as a JSON object. docs/deploying.md describes its fields."""
    return json.dumps(
        {"check": finding.check, "status": finding.status, "says": finding.says, "do": finding.advice}
    )


def summary(findings: Sequence[Finding]) -> str:
    """A sentence about all findings."""
    counts = Counter(finding.status for finding in findings)
    problems, unchecked = counts[Status.PROBLEM], counts[Status.UNCHECKED] + counts[Status.SKIPPED]
    if unchecked == len(findings):
        return "Nothing could be checked."
    notes = [_counted(counts[Status.NOTE], "note")] if counts[Status.NOTE] else []
    if not problems and not unchecked:
        return f"Nothing is wrong: {', '.join([_counted(len(findings), 'check'), *notes])}."
    parts = [_counted(problems, "problem") if problems else "No problem found", *notes]
    if unchecked:
        parts.append(f"{_counted(unchecked, 'check')} could not be made")
    return f"{', '.join(parts)}."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
