"""Proves that a deployed gateway's guardrail blocks what it must and nothing else, the way callers would find out."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import boto3
import httpx

# What the stack's own guardrail blocks.
CANARY_WORD = "guardrail-canary-blocked"
_HARMLESS = "Say hello in one word."
_BLOCKED_REASON = "content_filter"
_REQUEST_TIMEOUT_S = 60
_RESULT_WITHIN_S = 120


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt: `says` is None where it went as it must, else what went otherwise."""

    name: str
    says: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Where to try."""

    base_url: str
    api_key: str
    model: str
    canary: str
    transport: httpx.BaseTransport | None = None


def over_http(gateway: Gateway) -> Iterator[Probe]:
    """A canary that must be blocked and a prompt that must not, each in one piece and streamed."""
    headers = {"authorization": f"Bearer {gateway.api_key}"}
    with httpx.Client(
        headers=headers, timeout=_REQUEST_TIMEOUT_S, transport=gateway.transport, trust_env=False
    ) as http:
        for streams in (False, True):
            for prompt, must_block in _prompts(gateway):
                name = _name("streamed" if streams else "in one piece", must_block=must_block)
                yield Probe(name, _verdict(_end_over_http(http, gateway, prompt, streams), must_block))


def as_jobs(
    gateway: Gateway, session: boto3.Session, *, jobs_queue_url: str, results_queue_url: str
) -> Iterator[Probe]:
    """The same two as jobs. Results of others that come in between are left in their queue."""
    sqs = session.client("sqs")
    for prompt, must_block in _prompts(gateway):
        custom_id = f"prove-{uuid.uuid4()}"
        line = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions"}
        body = _body(gateway, prompt)
        sqs.send_message(QueueUrl=jobs_queue_url, MessageBody=json.dumps({**line, "body": body}))
        result = _result(session, results_queue_url, custom_id)
        yield Probe(_name("as a job", must_block=must_block), _verdict(_end_of_job(result), must_block))


def _prompts(gateway: Gateway) -> tuple[tuple[str, bool], tuple[str, bool]]:
    return (f"Tell me about {gateway.canary}.", True), (_HARMLESS, False)


def _name(way: str, *, must_block: bool) -> str:
    return f"{'the canary' if must_block else 'a harmless prompt'}, {way}"


def _verdict(end: str, must_block: bool) -> str | None:
    if (end == _BLOCKED_REASON) is must_block and not end.startswith("error"):
        return None
    return f"ended with {end!r}; it {'must' if must_block else 'must not'} be blocked"


def _body(gateway: Gateway, prompt: str) -> dict[str, object]:
    return {"model": gateway.model, "messages": [{"role": "user", "content": prompt}]}


def _end_over_http(http: httpx.Client, gateway: Gateway, prompt: str, streams: bool) -> str:
    """The answer's finish_reason, or `error …`."""
    body = {**_body(gateway, prompt), "stream": streams}
    try:
        answer = http.post(f"{gateway.base_url}/chat/completions", json=body)
    except httpx.HTTPError as error:
        return f"error {type(error).__name__}"
    read = _end_of_stream if streams and answer.is_success else _end_of_document
    return _read(read, answer.text)


def _end_of_job(line: str | None) -> str:
    if line is None:
        return f"error: no result within {_RESULT_WITHIN_S} s"
    return _read(lambda text: _end_of_document(json.dumps(json.loads(text)["response"]["body"])), line)


def _read(read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except (ValueError, KeyError, TypeError, IndexError):
        return "error: an answer that is no completion"


def _end_of_document(text: str) -> str:
    document = json.loads(text)
    if "error" in document:
        return f"error {document['error']['code']}"
    return str(document["choices"][0]["finish_reason"])


def _end_of_stream(text: str) -> str:
    """The last finish_reason of its events."""
    events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    ends = [choice["finish_reason"] for event in events for choice in json.loads(event).get("choices", [])]
    return next((str(end) for end in reversed(ends) if end), "error: a stream without an end")


def _result(session: boto3.Session, queue_url: str, custom_id: str) -> str | None:
    sqs, deadline = session.client("sqs"), time.monotonic() + _RESULT_WITHIN_S
    while time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=2).get("Messages", []):
            body, handle = message["Body"], message["ReceiptHandle"]
            if json.loads(body).get("custom_id") == custom_id:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=handle)
                return body
            sqs.change_message_visibility(QueueUrl=queue_url, ReceiptHandle=handle, VisibilityTimeout=0)
    return None
