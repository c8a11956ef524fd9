"""Bypasses of an enforced guardrail as lines of a batch, and how each ends."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from openai import OpenAI

from tests.e2e import batch_calls, bypass_checks
from tests.e2e.guardrail_bypasses import BLOCKED, Bypass
from tests.e2e.job_bypasses import JobBypass

# How many bypasses of each outcome and of each first word of a name are lines.
_OF_EACH_KIND = 2
# The batch is refused for these lines.
_INVALID = ("url ", "method ", "body ")


def chosen(bypasses: Iterable[Bypass], jobs: Iterable[JobBypass]) -> dict[str, tuple[str, str]]:
    """By name, the lines and the expected outcomes of some bypasses of each kind."""
    kinds: dict[tuple[str, str], dict[str, tuple[str, str]]] = defaultdict(dict)
    for bypass in bypasses:
        if (line := bypass_checks.job(bypass)) is not None:
            kinds[bypass.gets, bypass.name.split()[0]][bypass.name] = (line, bypass.gets)
    some = [one for kind in kinds.values() for one in list(kind.items())[:_OF_EACH_KIND]]
    of_jobs = [(job.name, (job.line, job.gets)) for job in jobs if not job.attributes]
    return dict([*some, *(one for one in of_jobs if not one[0].startswith(_INVALID))])


def invalid(jobs: Iterable[JobBypass]) -> list[str]:
    """The lines of bypasses with which a batch is not begun."""
    return [job.line for job in jobs if job.name.startswith(_INVALID)]


def outcomes(owner: OpenAI, lines: list[str]) -> dict[str, str]:
    """The outcome of each line of a batch, by its `custom_id`."""
    batch = batch_calls.ended(owner, batch_calls.made(owner, batch_calls.whole(lines)))
    assert batch.status == "completed", batch
    found = [
        line
        for file_id in (batch.output_file_id, batch.error_file_id)
        for line in batch_calls.results(owner, file_id)
    ]
    return {line["custom_id"]: _outcome(line) for line in found}


def _outcome(line: dict[str, Any]) -> str:
    body = line["response"]["body"]
    if "error" in body:
        return str(body["error"]["code"])
    return BLOCKED if body["choices"][0]["finish_reason"] == "content_filter" else json.dumps(body)
