"""Tries the versions that a deployment has published, before callers reach them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from guardrail_proof import over_http, probes
from guardrail_proof.function_transport import FunctionTransport
from guardrail_proof.over_http import Endpoint
from guardrail_proof.probes import Probe, Prompt

if TYPE_CHECKING:
    import boto3

    from guardrail_proof.settings import NewVersions

CLIENT_ID = "prove"
_BASE_URL = "https://function/openai/v1"
_WORKER = "the worker, without jobs"
# Together the time of an attempt in `over_http`.
_CONNECT_S, _READ_S = 5, 40
# The worker starts, which takes seconds.
_WORKER_ATTEMPTS, _WORKER_S = 3, 30
# The probes of Converse run at once, each with one attempt.
_CONVERSE_S = _CONNECT_S + _READ_S
# The longest time for all probes.
WITHIN_S = over_http.WITHIN_S + _CONVERSE_S + _WORKER_ATTEMPTS * (_CONNECT_S + _WORKER_S)


def tried(versions: NewVersions, session: boto3.Session, *, pause_s: float | None = None) -> Iterator[Probe]:
    """The probes of the chat function's version, by each route, and of the worker's.

    `pause_s`: between attempts; None for the usual pause.
    """
    # Repeated by `over_http`, after a pause.
    config = Config(connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"total_max_attempts": 1})
    transport = FunctionTransport(
        session.client("lambda", config=config), versions.chat, client_id=CLIENT_ID, timeout_s=_READ_S
    )
    endpoint = Endpoint(
        base_url=_BASE_URL,
        api_key="(none)",  # the event says who calls
        model=versions.model,
        canary=versions.canary or "",
        transport=transport,
    )
    if pause_s is not None:
        endpoint = replace(endpoint, pause_s=pause_s)
    prompts = _suitable(probes.prompts(endpoint.canary), versions)
    for streams in (False, True):
        yield from over_http.ask(endpoint, prompts, streams=streams)
    yield from _of_converse(versions, endpoint)
    yield _of_worker(versions, session)


def _suitable(prompts: list[Prompt] | tuple[Prompt, ...], versions: NewVersions) -> list[Prompt]:
    """Without a guardrail nothing is blocked, so that only harmless prompts show anything."""
    return [prompt for prompt in prompts if versions.canary is not None or not prompt.must_block]


def _of_converse(versions: NewVersions, endpoint: Endpoint) -> Iterator[Probe]:
    if versions.converse_model is None:
        return
    asking = replace(endpoint, model=versions.converse_model, attempts=1)
    prompts = _suitable(probes.of_converse(endpoint.canary, tagging=versions.tagging), versions)
    yield from over_http.ask_at_once([(asking, ", by Converse")], prompts, most=2 * len(prompts))


def _of_worker(versions: NewVersions, session: boto3.Session) -> Probe:
    """Whether the worker starts and reads its settings. It gets no job: its result would go to the senders' queue."""
    config = Config(
        connect_timeout=_CONNECT_S,
        read_timeout=_WORKER_S,
        retries={"mode": "standard", "total_max_attempts": _WORKER_ATTEMPTS},
    )
    try:
        answer = session.client("lambda", config=config).invoke(
            FunctionName=versions.worker, Payload=b'{"Records": []}'
        )
        return Probe(_WORKER, _wrong(answer.get("FunctionError"), answer["Payload"].read()), is_error=True)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        return Probe(_WORKER, f"ended with 'error {code}'", is_error=True)
    except BotoCoreError as error:
        return Probe(_WORKER, f"ended with 'error: {type(error).__name__}'", is_error=True)


def _wrong(function_error: str | None, payload: bytes) -> str | None:
    """What is wrong with the worker's answer; None if nothing is. Its text is not repeated."""
    if function_error is not None:
        return "failed; its log says why"
    try:
        answer: Any = json.loads(payload)
    except ValueError:
        answer = None
    return None if answer == {"batchItemFailures": []} else "ended with an answer that is not SQS's"
