"""The probes over HTTP, in one piece and streamed, through the endpoint that callers use."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from guardrail_proof import probes
from guardrail_proof.probes import Probe, Prompt

_TIMEOUT_S = 45
_ATTEMPTS = 3
# Roles, keys and models may take a moment to be what was deployed.
_PAUSE_S = 5.0
# Longest that one prompt takes, and all four probes.
PROMPT_WITHIN_S = _ATTEMPTS * _TIMEOUT_S + (_ATTEMPTS - 1) * _PAUSE_S
WITHIN_S = 4 * PROMPT_WITHIN_S

_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.FAILED_DEPENDENCY, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to ask, as whom, and what. `base_url` ends in /openai/v1, no trailing slash."""

    base_url: str
    api_key: str
    model: str
    canary: str
    transport: httpx.BaseTransport | None = None
    pause_s: float = _PAUSE_S


def over_http(endpoint: Endpoint) -> Iterator[Probe]:
    """Both prompts, in one piece and streamed. An error that may pass is tried again; a wrong answer is not."""
    prompts = probes.prompts(endpoint.canary)
    yield from ask(endpoint, prompts, streams=False)
    yield from ask(endpoint, prompts, streams=True)


def ask(endpoint: Endpoint, prompts: Iterable[Prompt], *, streams: bool = False) -> Iterator[Probe]:
    """Each of the prompts, with the same patience."""
    headers = {"authorization": f"Bearer {endpoint.api_key}"}
    with httpx.Client(
        headers=headers, timeout=_TIMEOUT_S, transport=endpoint.transport, trust_env=False
    ) as http:
        for prompt in prompts:
            end = _end(http, endpoint, prompt, streams=streams)
            yield probes.judged("streamed" if streams else "in one piece", prompt, end)


def _end(http: httpx.Client, endpoint: Endpoint, prompt: Prompt, *, streams: bool) -> str:
    """The answer's finish_reason, or `error …`."""
    body = {**prompt.body(endpoint.model), "stream": streams}
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            answer = http.post(f"{endpoint.base_url}/chat/completions", json=body)
        except httpx.HTTPError as error:
            end, may_pass = probes.no_end(type(error).__name__), True
        else:
            is_stream = streams and answer.is_success
            end = (probes.end_of_stream if is_stream else probes.end_of_document)(answer.text)
            may_pass = _may_pass(answer)
        if not may_pass or attempt == _ATTEMPTS:
            break
        time.sleep(endpoint.pause_s)
    return end


def _may_pass(answer: httpx.Response) -> bool:
    is_passing = answer.status_code in _PASSING or answer.is_server_error
    return is_passing and answer.headers.get("x-should-retry") != "false"
