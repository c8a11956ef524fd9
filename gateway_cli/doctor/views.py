"""Findings as `doctor` prints them: a line each for people, JSON for scripts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from gateway_cli.doctor.findings import Finding, Status
from gateway_cli.jobs import screen

_MARKS = {Status.OK: "ok", Status.PROBLEM: "PROBLEM", Status.UNCHECKED: "?", Status.SKIPPED: "-"}
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
    if not problems and not unchecked:
        return f"Nothing is wrong: {len(findings)} checks."
    parts = [f"{problems} {'problem' if problems == 1 else 'problems'}"] if problems else ["no problem found"]
    if unchecked:
        parts.append(f"{unchecked} {'check' if unchecked == 1 else 'checks'} could not be made")
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}."
