"""Creates a completion: guardrail, key, and one retry with a newly read key."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Barrier

import httpx
import pytest

from chat_gateway.bedrock.api_key import BedrockApiKey
from chat_gateway.bedrock.client import Completion
from chat_gateway.completions import request as chat_request
from chat_gateway.completions import retry
from chat_gateway.completions.completions import Completions
from chat_gateway.completions.retry import Attempts
from chat_gateway.core.errors import (
    GatewayError,
    GuardrailOverrideError,
    UpstreamCredentialsError,
    UpstreamError,
)
from chat_gateway.guardrail.overrides import IDENTIFIER_HEADER, VERSION_HEADER
from chat_gateway.guardrail.settings import Guardrail
from tests.unit.chat_gateway.bedrock_calls import COMPLETION, client_for, once
from tests.unit.chat_gateway.bedrock_key_fakes import FakeSecrets, api_key, key_credentials
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.garbage import keeps_error

OLD, NEW = "ABSK-old-key", "ABSK-new-key"


@dataclass
class Bedrock:
    """Accepts some keys and refuses the others; keeps its requests."""

    accepts: str
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.headers["authorization"] == f"Bearer {self.accepts}":
            return httpx.Response(200, json=COMPLETION)
        return httpx.Response(403, json={"Message": "Bearer Token has expired"})


def completions(
    bedrock: Bedrock, key: FakeSecrets | BedrockApiKey, guardrail: Guardrail | None = None
) -> Completions:
    key = api_key(key) if isinstance(key, FakeSecrets) else key
    return Completions(bedrock=client_for(bedrock), credentials=key_credentials(key), guardrail=guardrail)


@pytest.mark.parametrize("failure", [httpx.Response(503, json={"message": "no"}), httpx.ReadError("reset")])
def test_a_failed_request_is_not_kept(failure: httpx.Response | Exception) -> None:
    """Nothing of a failed request, which may be large, waits for the garbage collector."""

    def bedrock(_: httpx.Request) -> httpx.Response:
        if isinstance(failure, Exception):
            raise failure
        return failure

    credentials = key_credentials(api_key(FakeSecrets(OLD)))
    made = Completions(bedrock=client_for(bedrock), credentials=credentials, guardrail=None)
    assert not keeps_error(lambda: create(made))


def create(completions: Completions, headers: dict[str, list[str]] | None = None) -> Completion:
    request = chat_request.parse(json.dumps(VALID).encode())
    guarded = completions.prepared(request, caller_headers=headers or {})
    return completions.create(guarded, once())


def test_the_guardrail_goes_up_and_the_callers_headers_do_not() -> None:
    bedrock = Bedrock(accepts=OLD)
    guarded = completions(bedrock, FakeSecrets(OLD), Guardrail(identifier="abc", version="1"))
    create(guarded, {"cookie": ["secret"], "x-anything": ["1"]})
    headers = bedrock.requests[0].headers
    assert (headers[IDENTIFIER_HEADER], headers[VERSION_HEADER]) == ("abc", "1")
    assert "cookie" not in headers
    assert "x-anything" not in headers


def test_another_guardrail_is_refused_before_bedrock_is_asked() -> None:
    bedrock = Bedrock(accepts=OLD)
    guarded = completions(bedrock, FakeSecrets(OLD), Guardrail(identifier="abc", version="1"))
    with pytest.raises(GuardrailOverrideError):
        create(guarded, {IDENTIFIER_HEADER: ["mine"]})
    assert bedrock.requests == []


def test_a_key_changed_in_the_secret_is_found_when_the_old_one_is_refused() -> None:
    bedrock, secrets = Bedrock(accepts=NEW), FakeSecrets(OLD)
    key = api_key(secrets)
    gateway = completions(bedrock, key)
    key.get()
    secrets.text = NEW
    assert create(gateway).document == COMPLETION
    assert len(bedrock.requests) == 2


def test_a_refused_key_that_is_still_in_the_secret_is_not_sent_twice() -> None:
    bedrock = Bedrock(accepts=NEW)
    with pytest.raises(UpstreamCredentialsError) as caught:
        create(completions(bedrock, FakeSecrets(OLD)))
    assert len(bedrock.requests) == 1
    assert caught.value.status == 503
    assert "the key has expired" in caught.value.reason
    assert "Bearer" not in caught.value.message


def test_a_new_key_that_is_refused_too_ends_it() -> None:
    bedrock, secrets = Bedrock(accepts="ABSK-another"), FakeSecrets(OLD)
    key = api_key(secrets)
    gateway = completions(bedrock, key)
    key.get()
    secrets.text = NEW
    with pytest.raises(UpstreamCredentialsError):
        create(gateway)
    assert len(bedrock.requests) == 2


@dataclass
class Changing(Bedrock):
    """Answers only after all requests with the old key have arrived."""

    barrier: Barrier = field(default_factory=lambda: Barrier(50))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == f"Bearer {OLD}":
            self.barrier.wait(timeout=10)
        return super().__call__(request)


def test_fifty_requests_across_a_key_change() -> None:
    """50 requests across a change of the key all succeed, with one new read of the secret."""
    bedrock, secrets = Changing(accepts=NEW), FakeSecrets(OLD)
    key = api_key(secrets)
    gateway = Completions(bedrock=client_for(bedrock), credentials=key_credentials(key), guardrail=None)
    key.get()
    secrets.text = NEW
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: create(gateway).document, range(50)))
    assert answers == [COMPLETION] * 50
    assert secrets.reads == 2  # the first, and one for all fifty


def test_what_passes_is_tried_again_within_the_attempts_there_are() -> None:
    failures: list[Exception | httpx.Response] = [
        httpx.ReadError("lost"),
        httpx.Response(424, json={"message": "no"}),
    ]

    def bedrock(_: httpx.Request) -> httpx.Response:
        outcome = failures.pop(0) if failures else httpx.Response(200, json=COMPLETION)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    gateway = Completions(
        bedrock=client_for(bedrock), credentials=key_credentials(api_key(FakeSecrets(OLD))), guardrail=None
    )
    attempts = Attempts(policy=retry.FOR_CALLERS, deadline=float("inf"), sleep=lambda _: None)
    request = gateway.prepared(chat_request.parse(json.dumps(VALID).encode()), caller_headers={})
    assert gateway.create(request, attempts).document == COMPLETION
    assert attempts.count == 3


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (403, "User: x is not authorized to perform: bedrock:InvokeModel on y", "upstream_access_denied"),
        (403, "x is not authorized to perform: bedrock:ApplyGuardrail on y", "upstream_access_denied"),
        (403, "You don't have access to the model with the specified model ID.", "upstream_access_denied"),
        (403, "not authorized to perform: bedrock:CallWithBearerToken", "upstream_credentials_invalid"),
        (403, "Bearer Token has expired", "upstream_credentials_invalid"),
        (403, "", "upstream_access_denied"),
        (403, "some wording of tomorrow", "upstream_access_denied"),
        (401, "You don't have access to the model", "upstream_credentials_invalid"),
    ],
)
def test_denied_access_is_not_bad_credentials(status: int, message: str, code: str) -> None:
    """Bedrock's refusal of access and its refusal of the credentials get different error codes."""
    gateway = Completions(
        bedrock=client_for(lambda _: httpx.Response(status, json={"Message": message})),
        credentials=key_credentials(api_key(FakeSecrets(OLD))),
        guardrail=None,
    )
    with pytest.raises(GatewayError) as caught:
        create(gateway)
    assert caught.value.code == code
    assert not message or message not in caught.value.message


def test_attempts_share_one_deadline() -> None:
    """All attempts share one deadline, and no attempt begins that could not end before the deadline."""
    now = 0.0
    left_for_the_answer: list[float] = []

    def busy(request: httpx.Request) -> httpx.Response:
        nonlocal now
        left_for_the_answer.append(request.extensions["timeout"]["first_byte"])
        now += 4
        return httpx.Response(503, json={"message": "busy"})

    def sleep(wait_s: float) -> None:
        nonlocal now
        now += wait_s

    gateway = Completions(
        bedrock=client_for(busy, clock=lambda: now),
        credentials=key_credentials(api_key(FakeSecrets(OLD))),
        guardrail=None,
    )
    policy = retry.RetryPolicy(retries=9, paid_retries=1, first_wait_s=1, max_wait_s=1, min_attempt_s=2)
    attempts = Attempts(policy=policy, deadline=15, clock=lambda: now, sleep=sleep, random=lambda: 1)
    request = gateway.prepared(chat_request.parse(json.dumps(VALID).encode()), caller_headers={})
    with pytest.raises(UpstreamError):
        gateway.create(request, attempts)
    assert left_for_the_answer == [15, 10, 5]
    assert now == 14


def test_the_key_is_read_by_the_requests_deadline() -> None:
    """Reading the secret ends by the request's deadline, the first time and after a refusal."""
    secrets = FakeSecrets(OLD)
    asking = completions(Bedrock(accepts=NEW), secrets)
    guarded = asking.prepared(chat_request.parse(json.dumps(VALID).encode()), caller_headers={})
    attempts = once()
    attempts.deadline = time.monotonic() + 50
    with pytest.raises(GatewayError):
        asking.create(guarded, attempts)
    assert secrets.ends_at == attempts.deadline
    secrets.ends_at = None
    asking.credentials.auth(ends_at=7.0)
    assert secrets.ends_at is None  # it is kept
    assert api_key(secrets).get(ends_at=7.0) == OLD
    assert secrets.ends_at == 7.0


@pytest.mark.parametrize("separates", [True, False])
def test_thinking_stays_inline_where_it_is_told_to(separates: bool) -> None:
    """The environment's setting decides whether a marked model's reasoning is taken out of its content."""
    asking = replace(completions(Bedrock(accepts=OLD), FakeSecrets(OLD)), separates_reasoning=separates)
    marked = {**VALID, "model": "openai.gpt-oss-120b-1:0"}
    guarded = asking.prepared(chat_request.parse(json.dumps(marked).encode()), caller_headers={})
    assert guarded.separates_reasoning is separates
