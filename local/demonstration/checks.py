"""The checks of `--check` that are not in the demonstration. Each function is like those in local.demonstration.demo."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import openai
from botocore.exceptions import BotoCoreError, ClientError

from gateway_cli import proof, stack_outputs
from gateway_cli.doctor import checks as doctor_checks
from gateway_cli.doctor import views as doctor_views
from gateway_cli.doctor.findings import Status
from gateway_cli.trace import story
from gateway_cli.trace import views as trace_views
from gateway_cli.trace.events import CHAT
from local.aws import deployment
from local.aws.guardrail_policy import GuardrailPolicy
from local.demonstration import demo, job_lines, request_logs, tool_call
from local.demonstration.demo import expect
from local.demonstration.gateway_client import MODEL, ask, openai_client, request_id
from local.demonstration.screen import Screen
from local.machine.failures import CheckFailedError, LocalError
from local.stack.local_stack import LocalStack

Check = tuple[str, Callable[[LocalStack], list[str]]]

_ANSWERS = 18
_SHORT = 4  # tokens, so that a slow machine can generate 18 answers in time
_JOBS_WITHIN_S = 60
_FAILING_ID, _MALFORMED = "always-fails", '{"custom_id": "malformed", "method": "POST"'


def wrong_key_refused(stack: LocalStack) -> list[str]:
    """An unknown client key gets HTTP 401 in the form of OpenAI's API."""
    try:
        with openai_client(stack, api_key="bcg-nobody-has-this-key") as client:
            client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello"}])
    except openai.AuthenticationError as error:
        expect(error.code, "invalid_api_key", "The error's code")
        expect(sorted(_object(error.body)), ["code", "message", "param", "type"], "The error's fields")
        if error.request_id is None:
            raise CheckFailedError("The 401 answer has no x-request-id.") from None
        return [f"401 {error.code}: {error.message}"]
    raise CheckFailedError("An unknown client key was accepted.")


def guardrail_proven(stack: LocalStack) -> list[str]:
    """Runs the same proof as `make prove`."""
    session = stack.session()
    outputs = stack_outputs.read(session, deployment.ENVIRONMENT_NAME)
    tried = list(proof.prove(session, outputs))
    failure = proof.failure(tried)
    if failure is not None:
        raise CheckFailedError(failure)
    return [str(probe) for probe in tried]


def nothing_wrong(stack: LocalStack) -> list[str]:
    """Makes the same checks as `chat-gateway doctor`."""
    found = list(doctor_checks.examined(stack.session(), deployment.ENVIRONMENT_NAME))
    wrong = [doctor_views.line(finding) for finding in found if finding.status != Status.OK]
    if wrong:
        raise CheckFailedError("\n".join(wrong))
    return [doctor_views.line(finding) for finding in found]


def request_traced(stack: LocalStack) -> list[str]:
    """Finds a request's lines like `chat-gateway trace`."""
    asked_as = request_id(ask(stack, [{"role": "user", "content": "Say hello."}], max_tokens=_SHORT))
    if asked_as is None:
        raise CheckFailedError("The answer has no x-request-id.")
    request_logs.chat_line(stack, asked_as)  # waits until the line can be found
    session = stack.session()
    outputs = stack_outputs.read(session, deployment.ENVIRONMENT_NAME)
    found = story.of(session, outputs, asked_as, start_ms=0, has_lines=False)
    places = {event.where for event in found.events}
    if CHAT not in places or found.unread:
        raise CheckFailedError(f"The request was found in {sorted(places)}; not read: {found.unread}.")
    return [trace_views.line(event) for event in found.events]


def jobs_counted(stack: LocalStack) -> list[str]:
    """20 jobs, one malformed and one that always fails upstream: no job is lost, and no result comes twice."""
    session, started = stack.session(), time.monotonic()
    answerable = [
        job_lines.job(f"job-{number}", f"Count to {number}.", max_tokens=_SHORT)
        for number in range(1, _ANSWERS + 1)
    ]
    failing = job_lines.job(_FAILING_ID, "Fail.", standin_fault={"status": 500})
    job_lines.send(session, stack.jobs_queue_url, [*answerable, _MALFORMED, failing])
    results = job_lines.receive(session, stack.results_queue_url, count=_ANSWERS + 1, within_s=_JOBS_WITHIN_S)
    left_s = max(1.0, _JOBS_WITHIN_S - (time.monotonic() - started))
    dead = job_lines.receive(session, stack.dead_letter_queue_url, count=1, within_s=left_s)
    surplus = job_lines.receive(session, stack.results_queue_url, count=1, within_s=1)
    error = check_results([json.loads(line) for line in results + surplus])
    expect(
        [json.loads(line)["custom_id"] for line in dead],
        [_FAILING_ID],
        "The content of the dead-letter queue",
    )
    return [
        f"{_ANSWERS} answers and 1 error line in the results queue, 1 dead letter",
        f"error line: {json.dumps(error)}",
    ]


def check_results(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Checks that there is one error line and that all other lines are the expected answers. Returns the error line."""
    errors = [result for result in results if result["error"] is not None]
    answered = [result["custom_id"] for result in results if result["error"] is None]
    expect(
        sorted(answered), sorted(f"job-{number}" for number in range(1, _ANSWERS + 1)), "The answered jobs"
    )
    expect(len(errors), 1, "The number of error lines")
    expect(errors[0]["response"], None, "The error line's response")
    return errors[0]


def _object(body: object) -> dict[str, Any]:
    return body if isinstance(body, dict) else {}


_MORE: tuple[Check, ...] = (
    ("The tool call, streamed", tool_call.streamed),
    ("chat-gateway doctor finds nothing wrong", nothing_wrong),  # before jobs fail
    ("chat-gateway trace tells of a request", request_traced),
    ("A wrong key", wrong_key_refused),
    ("20 jobs, one malformed, one that always fails upstream", jobs_counted),
    ("The guardrail is proven", guardrail_proven),  # leaves two results in the queue
)


def demonstration(policy: GuardrailPolicy) -> tuple[Check, ...]:
    """The checks that `make run` shows, for a gateway whose guardrail has this policy."""
    blocked: tuple[Check, ...] = (("A prompt that the guardrail blocks", demo.blocked),)
    masked: tuple[Check, ...] = (("An e-mail address, which the guardrail masks", demo.anonymised),)
    return (
        ("A chat completion, and its log line", demo.answered_and_logged),
        ("A tool call", tool_call.whole),
        ("A Claude model: a tool call and its result, streamed", tool_call.of_claude),
        *(blocked if policy.blocked_word else ()),
        *(masked if policy.masks_email else ()),
        ("A job through the queues", demo.job_answered),
    )


def everything(policy: GuardrailPolicy) -> tuple[Check, ...]:
    """All checks of `--check`."""
    return (*demonstration(policy), *_MORE)


def run(checks: tuple[Check, ...], stack: LocalStack, screen: Screen) -> bool:
    """Runs each check and shows its lines. Returns whether all checks succeeded."""
    succeeded = [_succeeds(title, check, stack, screen) for title, check in checks]
    return all(succeeded)


def _succeeds(
    title: str, check: Callable[[LocalStack], list[str]], stack: LocalStack, screen: Screen
) -> bool:
    try:
        with screen.step(title):
            details = check(stack)
    except (LocalError, openai.OpenAIError, ClientError, BotoCoreError, httpx.HTTPError) as error:
        screen.details([f"{type(error).__name__}: {error}", *_where(error)])
        return False
    screen.details(details)
    return True


def _where(error: Exception) -> list[str]:
    log_file = error.log_file if isinstance(error, LocalError) else None
    return [] if log_file is None else [f"log: {log_file}"]
