"""Log lines in words. No sentence has a text of a prompt or an answer, because no line has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateway_cli.trace import events, meanings
from gateway_cli.trace.events import (
    ACCESS,
    ANSWERED,
    BATCH,
    CLAIMED,
    DEAD_LETTER,
    RECORD,
    WAITING,
    Event,
)

Line = dict[str, Any]
# By the states of a job's record.
_STATES = {
    ANSWERED: "is answered",
    DEAD_LETTER: "is a dead letter",
    CLAIMED: "is at a worker, or its worker died",
    WAITING: "waits for its next attempt",
}


def of(event: Event) -> str:
    """What the event says, in one line."""
    by_place = {ACCESS: _access, RECORD: _record, BATCH: _batch}
    line = event.line
    if event.where in by_place:
        return by_place[event.where](line)
    if events.is_lambdas_own(event):
        return _lambda(line)
    return _BY_MESSAGE.get(str(line.get("message")), _other)(line)


def _access(line: Line) -> str:
    status, method, resource = line.get("status"), line.get("method"), line.get("resource")
    return f"API Gateway answered {status} to {method} {resource} in {line.get('latency_ms')} ms"


def _authentication(line: Line) -> str:
    if line.get("allowed"):
        return f"the client {line.get('client')} may call"
    if "reason" in line:
        return f"refused the token: {line['reason']}"
    reasons = [reason for reason in ("expired", "suspended") if line.get(reason)]
    return f"refused the key: {' and '.join(reasons) or 'unknown, wrong or revoked'}"


def _completion(line: Line) -> str:
    return "; ".join([_ended(line), *_details(line), *_meaning(line)])


def _job(line: Line) -> str:
    number = f"attempt {line['attempts']}: " if "attempts" in line else ""
    return "; ".join([f"{number}{_job_end(line)}", *_details(line), *_meaning(line)])


def _job_end(line: Line) -> str:
    if line.get("held_elsewhere"):
        return "another worker has the job"
    if "not_run" in line:
        return f"not run ({line['not_run']})"
    if line.get("answered_before"):
        return "was answered before; the stored answer is sent again"
    end = _ended(line)
    if line.get("dead_letter"):
        return f"{end}; the job is a dead letter: chat-gateway jobs dead-letters list"
    if line.get("given_up"):
        return f"{end}; the line is in the error file"
    if line.get("retried"):
        return f"{end}; tried again in {line.get('retry_in_s', 'some')} s"
    return end


def _delivered(line: Line) -> str:
    total = line.get("total")
    return f"SQS delivered {total} {'job' if total == 1 else 'jobs'} to the worker, and this one among them"


def _intervention(line: Line) -> str:
    findings = line.get("guardrail_findings")
    count = len(findings) if isinstance(findings, list) else 0
    found = f": {count} {'finding' if count == 1 else 'findings'}" if count else ""
    return f"the guardrail {line.get('guardrail', '')} intervened ({line.get('guardrail_action')}){found}"


def _step(line: Line) -> str:
    if line.get("held_elsewhere"):
        return "another step has the batch"
    if line.get("missing"):
        return "there is no such batch"
    before, after = line.get("status_before"), line.get("batch_status")
    moved = f"{before} → {after}" if before != after and after else f"{before or after}"
    parts = [f"step {moved} in {line.get('latency_ms')} ms"]
    if "lines" in line:
        parts.append(f"{line.get('sent_lines', 0)} of {line['lines']} lines sent")
    if "next_step_in_s" in line:
        parts.append(f"next step in {line['next_step_in_s']} s")
    if "aws_error" in line:
        parts.append(str(line["aws_error"]))
    return "; ".join([*parts, *_meaning(line)])


def _lambda(line: Line) -> str:
    found = line.get("record")
    record = found if isinstance(found, dict) else {}
    status, kind = record.get("status"), record.get("errorType")
    return f"Lambda: {line['type'].removeprefix('platform.')} {status or ''} {kind or ''}".rstrip()


def _other(line: Line) -> str:
    return f"{line.get('level', '')} {line.get('message', '')}".strip() or "a line of another form"


def _record(line: Line) -> str:
    attempts = f", after {line['attempts']} attempts" if line.get("attempts") not in (None, "0", "1") else ""
    where = " in S3" if "answer_key" in line else ""
    failed = " with an error" if line.get("failed") else ""
    return f"the job {_STATES.get(str(line.get('state')), 'has a record')}{failed}{where}{attempts}"


def _batch(line: Line) -> str:
    if "reached" in line:
        return f"the batch became {line['reached']}"
    return (
        f"the batch is {line.get('status')}: {line.get('completed', 0)} of {line.get('lines', 0)} lines answered, "
        f"{line.get('failed', 0)} failed"
    )


def dollars(cost_usd: object) -> str:
    """An amount of US dollars with what it needs of nine decimals."""
    is_number = isinstance(cost_usd, int | float)
    return f"${cost_usd:.9f}".rstrip("0").rstrip(".") if is_number else f"${cost_usd}"


def _ended(line: Line) -> str:
    """The status or error, and the time."""
    took = f" in {line['latency_ms']} ms" if "latency_ms" in line else ""
    code = line.get("error_code") or line.get("error_class")
    if code:
        broke = "the stream broke: " if line.get("events") and line.get("status") == 200 else ""
        return f"{broke}error {line.get('status', '')} {code}{took}"
    verb = "streamed" if "events" in line else "answered"
    return f"{verb} {line.get('status', '')}{took}".replace("  ", " ")


def _details(line: Line) -> Iterator[str]:
    """What the request used and what happened on the way."""
    for name, said in _DETAILS.items():
        if line.get(name) not in (None, False, "", []):
            yield said(line)


def _meaning(line: Line) -> Iterator[str]:
    if "reason" in line:
        yield f"reason: {line['reason']}"
    if "fault_class" in line:
        yield f"fault: {line['fault_class']}"
    meaning = meanings.of(line.get("error_code"))
    if meaning is not None:
        yield f"this means: {meaning}"


def _model(line: Line) -> str:
    target = line.get("target_model")
    region = f" in {line['target_region']}" if line.get("target_region") else ""
    answered = f" (answered by {target}{region})" if target else ""
    return f"model {line['model']}{answered}"


def _guardrail(line: Line) -> str:
    action = f": {line['guardrail_action']}" if line.get("guardrail_action") else ""
    return f"guardrail {line['guardrail']}{action}"


def _failed_targets(line: Line) -> str:
    return f"failed before: {line['failed_targets']}"


def _attempts(line: Line) -> str:
    count = line["upstream_attempts"]
    return f"{count} attempt{'' if count == 1 else 's'} at Bedrock"


def _tokens(line: Line) -> str:
    return f"{line['prompt_tokens']} + {line.get('completion_tokens', 0)} tokens"


_DETAILS: dict[str, Callable[[Line], str]] = {
    "method": lambda line: f"{line['method']} {line.get('path', '')}".rstrip(),
    "client": lambda line: f"client {line['client']}",
    "batch": lambda line: f"batch {line['batch']}" + (f" line {line['line']}" if "line" in line else ""),
    "model": _model,
    "guardrail": _guardrail,
    "upstream_attempts": _attempts,
    "failed_targets": _failed_targets,
    "time_to_first_token_ms": lambda line: f"first token after {line['time_to_first_token_ms']} ms",
    "prompt_tokens": _tokens,
    "cost_usd": lambda line: dollars(line["cost_usd"]),
    "abandoned": lambda _: "the caller left",
    "done_missing": lambda _: "Bedrock's stream ended early",
    "limits_reached": lambda line: f"limits reached: {line['limits_reached']}",
    "bedrock_request_id": lambda line: f"Bedrock's id {line['bedrock_request_id']}",
}

_BY_MESSAGE: dict[str, Callable[[Line], str]] = {
    "client authentication": _authentication,
    "chat completion": _completion,
    "resource": _completion,
    "job": _job,
    "jobs": _delivered,
    "guardrail intervention": _intervention,
    "batch step": _step,
}
