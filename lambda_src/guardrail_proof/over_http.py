"""Sends the probes over HTTP to the endpoint that callers use, in one piece and streamed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from client_keys import key as client_key
from guardrail_proof import answer_text, probes
from guardrail_proof.answer_text import AnswerTooLargeError
from guardrail_proof.probes import Probe, Prompt

_TIMEOUT_S = 45  # for an answer, and for each wait for its next bytes
_MAX_ANSWER_BYTES = 8 * 1024 * 1024  # thousands of times the usual answer to a short prompt
_ATTEMPTS = 3
# Right after a deployment, roles, keys and models may not be ready yet.
_PAUSE_S = 5.0
# The longest time for one prompt, and for all four probes.
PROMPT_WITHIN_S = _ATTEMPTS * _TIMEOUT_S + (_ATTEMPTS - 1) * _PAUSE_S
WITHIN_S = 4 * PROMPT_WITHIN_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The gateway to ask, the client's key, and what to ask. `base_url` ends in /openai/v1, without a trailing slash.

    `auth` signs requests, in place of a key.
    """

    base_url: str
    api_key: str
    model: str
    canary: str
    key_header: str = client_key.BEARER_HEADER  # in which the client's key is sent
    auth: httpx.Auth | None = None
    transport: httpx.BaseTransport | None = None
    timeout_s: float = _TIMEOUT_S
    pause_s: float = _PAUSE_S
    attempts: int = _ATTEMPTS


def over_http(endpoint: Endpoint) -> Iterator[Probe]:
    """The probes of both prompts, in one piece and streamed. Passing errors are retried, wrong answers are not."""
    prompts = probes.prompts(endpoint.canary)
    yield from ask(endpoint, prompts, streams=False)
    yield from ask(endpoint, prompts, streams=True)


def ask(
    endpoint: Endpoint, prompts: Iterable[Prompt], *, streams: bool = False, route: str = ""
) -> Iterator[Probe]:
    """The probes of `prompts`, with the endpoint's timeout and attempts. `route` is named in the probes."""
    is_signed = endpoint.auth is not None
    key = {} if is_signed else client_key.headers(endpoint.api_key, endpoint.key_header)
    with httpx.Client(
        headers={**key, **answer_text.UNCOMPRESSED},
        auth=endpoint.auth,
        timeout=endpoint.timeout_s,
        transport=endpoint.transport,
        trust_env=False,
    ) as http:
        for prompt in prompts:
            end = _end(http, endpoint, prompt, streams=streams)
            yield probes.judged(_way(route, streams=streams), prompt, end)


def ask_at_once(
    asked: Sequence[tuple[Endpoint, str]], prompts: Sequence[Prompt], *, most: int, start_by: float = math.inf
) -> Iterator[Probe]:
    """The probes of `prompts`, in one piece and streamed, for each endpoint and the route that its probes name.

    At most `most` requests run at once. After `start_by` (on time.monotonic()) none is sent, and its probe fails.
    """
    one_each = [
        (endpoint, route, streams, prompt)
        for endpoint, route in asked
        for streams in (False, True)
        for prompt in prompts
    ]

    def answered(one: tuple[Endpoint, str, bool, Prompt]) -> list[Probe]:
        endpoint, route, streams, prompt = one
        if time.monotonic() >= start_by:
            return [probes.judged(_way(route, streams=streams), prompt, probes.no_end("no time was left"))]
        return list(ask(endpoint, [prompt], streams=streams, route=route))

    with ThreadPoolExecutor(most) as threads:
        for found in threads.map(answered, one_each):
            yield from found


def _way(route: str, *, streams: bool) -> str:
    return f"{'streamed' if streams else 'in one piece'}{route}"


def _end(http: httpx.Client, endpoint: Endpoint, prompt: Prompt, *, streams: bool) -> str:
    """The answer's finish_reason, or `error …`."""
    body = {**prompt.body(endpoint.model), "stream": streams}
    for attempt in range(1, endpoint.attempts + 1):
        end, may_pass = _attempt(http, endpoint, body)
        if not may_pass or attempt == endpoint.attempts:
            break
        time.sleep(endpoint.pause_s)
    return end


def _attempt(http: httpx.Client, endpoint: Endpoint, body: dict[str, Any]) -> tuple[str, bool]:
    """The end of one attempt, and whether a retry may end differently."""
    deadline = time.monotonic() + endpoint.timeout_s
    try:
        with http.stream("POST", f"{endpoint.base_url}/chat/completions", json=body) as answer:
            text = answer_text.whole(answer, max_bytes=_MAX_ANSWER_BYTES, deadline=deadline)
    except httpx.HTTPError as error:
        return probes.no_end(type(error).__name__), True
    except AnswerTooLargeError:
        return probes.no_end(f"an answer of more than {_MAX_ANSWER_BYTES:,} bytes"), False
    is_stream = body["stream"] and answer.is_success
    return (probes.end_of_stream if is_stream else probes.end_of_document)(text), _may_pass(endpoint, answer)


def _may_pass(endpoint: Endpoint, answer: httpx.Response) -> bool:
    # A role's new permission to call the API takes effect after some seconds.
    is_new = endpoint.auth is not None and answer.status_code == HTTPStatus.FORBIDDEN
    is_passing = is_new or probes.is_passing(answer.status_code)
    return is_passing and answer.headers.get("x-should-retry") != "false"
