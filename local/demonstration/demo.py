"""The demonstration on a running stack. Each function does one thing and returns lines to show.

Each function raises CheckFailedError if the gateway did not do what it should.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from local.demonstration import job_lines, request_logs
from local.demonstration.gateway_client import ask, request_id, text
from local.machine.failures import CheckFailedError
from local.stack.local_stack import LocalStack

_ADDRESS = "ada@example.com"
_ACTION = "amazon-bedrock-guardrailAction"
_JOB_WITHIN_S = 30


def expect(actual: object, expected: object, what: str) -> None:
    """Raises CheckFailedError if `actual` and `expected` differ."""
    if actual != expected:
        raise CheckFailedError(f"{what} is {actual!r}; it should be {expected!r}.")


def answered_and_logged(stack: LocalStack) -> list[str]:
    """A chat completion with the OpenAI SDK, and its log line."""
    question = "What is the capital of France?"
    completion = ask(
        stack,
        [
            {"role": "developer", "content": "Answer in one short sentence."},
            {"role": "user", "content": question},
        ],
    )
    if not text(completion) or completion.usage is None:
        raise CheckFailedError("The completion has no answer or no usage.")
    asked_as = request_id(completion)
    if asked_as is None:
        raise CheckFailedError("The answer has no x-request-id.")
    line = request_logs.chat_line(stack, asked_as)
    if not line.get("bedrock_request_id"):
        raise CheckFailedError("The request's log line has no bedrock_request_id.")
    return [
        f"Q: {question}",
        f"A: {text(completion)}",
        f"request id: {asked_as}",
        "log line:",
        *_pretty(line),
    ]


def blocked(stack: LocalStack) -> list[str]:
    """A prompt that the guardrail blocks: the answer is the guardrail's message, and the model is not called."""
    policy = stack.guardrail_policy
    question = f"Where can I buy {policy.blocked_word}?"
    before = _generations(stack)
    completion = ask(stack, [{"role": "user", "content": question}])
    expect(text(completion), policy.blocked_input_message, "The answer to a blocked prompt")
    expect(completion.choices[0].finish_reason, "content_filter", "Its finish_reason")
    expect(_generations(stack) - before, 0, "The number of answers from the model")
    return [
        f"Q: {question}",
        f"A: {text(completion)}",
        "finish_reason: content_filter; the model was not called",
    ]


def anonymised(stack: LocalStack) -> list[str]:
    """A prompt with an e-mail address. The answer must not contain the address."""
    question = f"Repeat: {_ADDRESS}"
    completion = ask(stack, [{"role": "user", "content": question}])
    if _ADDRESS in text(completion):
        raise CheckFailedError("The answer contains the e-mail address of the prompt.")
    expect((completion.model_extra or {}).get(_ACTION), "INTERVENED", "The guardrail's action")
    return [f"Q: {question}", f"A: {text(completion)}"]


def job_answered(stack: LocalStack) -> list[str]:
    """A job that is sent to the jobs queue, and its line in the results queue."""
    session, line = stack.session(), job_lines.job("demo-1", "Name a colour of the rainbow.")
    job_lines.send(session, stack.jobs_queue_url, [line])
    results = job_lines.receive(session, stack.results_queue_url, count=1, within_s=_JOB_WITHIN_S)
    if not results:
        raise CheckFailedError(
            f"No result came within {_JOB_WITHIN_S} s.", log_file=stack.state.log("emulator")
        )
    result = json.loads(results[0])
    expect(result["custom_id"], "demo-1", "The result's custom_id")
    expect(result["error"], None, "The result's error")
    expect(result["response"]["status_code"], 200, "The result's status_code")
    return [f"job: {line}", f"result: {results[0]}"]


def _generations(stack: LocalStack) -> int:
    answer = httpx.get(f"{stack.standin_url}/_standin/counters", timeout=5, trust_env=False)
    return int(answer.raise_for_status().json()["generations"])


def _pretty(document: dict[str, Any]) -> list[str]:
    return [f"  {line}" for line in json.dumps(document, indent=2, ensure_ascii=False).splitlines()]
