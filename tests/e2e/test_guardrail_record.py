"""An intervention leaves an audit line and a metric, for requests and jobs alike, and none of the text."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI

from local.aws.guardrail_policy import BLOCKED_WORD
from local.demonstration import job_lines, request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL

Line = dict[str, Any]

pytestmark = pytest.mark.usefixtures("emptied_queues")


def lines_where(stack: LocalStack, log_group: str, is_meant: Callable[[Line], bool]) -> list[Line]:
    """The matching lines of the log group, once there is one."""
    deadline = time.monotonic() + 15
    while True:
        found = [line for _, line in request_logs.lines(stack.session(), log_group) if is_meant(line)]
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def audit_line(stack: LocalStack, log_group: str, request_id: str) -> Line:
    (line,) = lines_where(
        stack,
        log_group,
        lambda line: line.get("message") == "guardrail intervention" and line.get("request_id") == request_id,
    )
    return line


def metrics(stack: LocalStack, log_group: str) -> list[Line]:
    return lines_where(stack, log_group, lambda line: "GuardrailInterventions" in line)


def test_a_blocked_request_is_audited_and_counted(stack: LocalStack, client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": f"Where do I buy {BLOCKED_WORD}?"}]
    )
    assert completion._request_id
    assert "amazon-bedrock-trace" not in (completion.model_extra or {})
    audit = audit_line(stack, stack.chat_log_group, completion._request_id)
    assert (audit["client"], audit["guardrail_action"]) == ("local", "INTERVENED")
    assert audit["guardrail"] == f"{stack.guardrail_identifier}:{stack.guardrail_version}"
    assert audit["guardrail_counts"] == {"wordPolicy": 1}
    assert [finding["source"] for finding in audit["guardrail_findings"]] == ["input"]
    counted = metrics(stack, stack.chat_log_group)[-1]
    assert (counted["service"], counted["policy"]) == ("bedrock-chat-gateway-local-api", "wordPolicy")


def test_a_blocked_job_is_audited_and_counted(stack: LocalStack) -> None:
    session = stack.session()
    job_lines.send(session, stack.jobs_queue_url, [job_lines.job("recorded", f"Where is {BLOCKED_WORD}?")])
    (received,) = job_lines.receive(session, stack.results_queue_url, count=1, within_s=30)
    audit = audit_line(stack, stack.worker_log_group, json.loads(received)["id"])
    assert (audit["guardrail_action"], audit["model"]) == ("INTERVENED", MODEL)
    assert metrics(stack, stack.worker_log_group)[-1]["service"] == "bedrock-chat-gateway-local-worker"
