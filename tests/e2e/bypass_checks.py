"""Tries a bypass over HTTP, and asserts how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import httpx

from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from tests.e2e.guardrail_bypasses import (
    BLOCKED,
    CHAT_PATH,
    CODING,
    MALFORMED,
    OVERRIDE,
    TAG,
    UNKNOWN_PATH,
    Bypass,
)
from tests.e2e.standin import StandinControl

STATUS = {OVERRIDE: 403, TAG: 400, MALFORMED: 400, UNKNOWN_PATH: 404, CODING: 415, BLOCKED: 200}
# Kinds of tagging, and whether the answer is streamed. Each has one of the other's pairs.
QUICK_WAYS, SLOW_WAYS = [("off", False), ("all_text", True)], [("off", True), ("all_text", False)]


def streamed(content: bytes) -> bytes:
    """The same request with `stream: true`."""
    return content.replace(b'{"model"', b'{"stream": true, "model"', 1)


def try_over_http(
    bypass: Bypass, http: httpx.Client, standin: StandinControl, *, tagging: str, is_streamed: bool
) -> None:
    """Asserts that the bypass gets the documented answer, and what Bedrock got."""
    answer = sent(bypass, http, is_streamed=is_streamed)
    check(bypass, answer.status_code, answer.text, standin)
    if bypass.gets == BLOCKED:
        body = sent_by(standin)["body_text"]
        assert ("guardContent_" in body) is (tagging == "all_text")
        assert ("guardrail" in body.lower()) is (tagging == "all_text")


def sent(bypass: Bypass, http: httpx.Client, *, is_streamed: bool) -> httpx.Response:
    """The gateway's answer."""
    content = streamed(bypass.body) if is_streamed else bypass.body
    headers = [*http.headers.multi_items(), *bypass.headers]
    return http.post(bypass.path, content=content, headers=headers)


def check(bypass: Bypass, status: int, text: str, standin: StandinControl) -> None:
    """Asserts that the answer is the documented one, and that the model was not asked."""
    assert status == STATUS[bypass.gets], text
    assert standin.counters()["generations"] == 0
    if bypass.gets == BLOCKED:
        assert '"content_filter"' in text.replace("'", '"')
    else:
        assert standin.requests() == []
        assert bypass.gets in (MALFORMED, json.loads(text)["error"]["code"])


def sent_by(standin: StandinControl) -> dict[str, Any]:
    """The one request that reached the stand-in."""
    (request,) = standin.requests()
    return request


def job(bypass: Bypass) -> str | None:
    """The same request as a job, if it can be one."""
    try:
        document = json.loads(bypass.body)
    except ValueError:
        return None
    if bypass.gets == MALFORMED or bypass.headers or bypass.trailers or bypass.path != CHAT_PATH:
        return None
    line = {"custom_id": bypass.name, "method": "POST", "url": "/v1/chat/completions", "body": document}
    return json.dumps(line)


def as_jobs(stack: LocalStack, bypasses: Iterable[Bypass]) -> dict[str, str]:
    """The outcome of each bypass that can be a job, by its name."""
    lines = [line for bypass in bypasses if (line := job(bypass)) is not None]
    job_lines.send(stack.session(), stack.jobs_queue_url, lines)
    return results(stack, len(lines))


def results(stack: LocalStack, count: int) -> dict[str, str]:
    """The outcome of each job, by its `custom_id`."""
    received = job_lines.receive(stack.session(), stack.results_queue_url, count=count, within_s=100)
    return {
        result["custom_id"]: BLOCKED if result["error"] is None else result["error"]["code"]
        for result in map(json.loads, received)
    }
