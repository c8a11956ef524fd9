"""Settings, a fake Lambda context, and the log lines a test wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO

import httpx
import pytest

from chat_gateway.completions import retry
from chat_gateway.completions.completions import Completions
from chat_gateway.guardrail.settings import Guardrail
from chat_gateway.http_api import handler as api
from chat_gateway.service import wiring as runtime
from tests.unit.chat_gateway.bedrock_calls import client_for
from tests.unit.chat_gateway.bedrock_key_fakes import FakeSecrets, api_key, key_credentials
from tests.unit.chat_gateway.upstream_settings import UPSTREAM

AWS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "DNS_SUFFIX": "amazonaws.com",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "CLIENTS_TABLE": "clients",
    "STREAM_TIMEOUT_S": "897",
    "COUNT_STREAM_TOKENS": "true",
    "JOBS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs",
    "RESULTS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/results",
    "RESULTS_BUCKET": "large-results",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters",
    "JOB_RECORDS_TABLE": "job-records",
    "JOB_RECORD_KEPT_S": "432000",
    "WORKER_WIDTH": "20",
    "JOB_LEAST_TIME_S": "20",
    "JOB_ENDING_S": "30",
    "JOB_GIVE_UP_AFTER_S": "302400",
    "JOB_MAX_ATTEMPTS": "5",
    "JOB_MAX_RECEIVES": "152",
    "JOB_RETRY_DELAY_S": "15",
    "JOB_MAX_RETRY_DELAY_S": "900",
}


KEY = "ABSK-secret-key"
Bedrock = Callable[[httpx.Request], httpx.Response]


@dataclass(frozen=True)
class FakeContext:
    aws_request_id: str = "lambda-id"
    remaining_ms: int = 900_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@pytest.fixture
def context() -> FakeContext:
    return FakeContext()


@pytest.fixture
def function_env(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What Lambda and the stack set for a function, and no trace of the developer's own AWS settings."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (UPSTREAM | AWS).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(retry, "_sleep", lambda _: None)
    caches = (runtime.upstream_settings, api._settings)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def use_bedrock(function_env: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(bedrock: Bedrock, *, secret: str = KEY, guardrail: Guardrail | None = None) -> None:
        completions = Completions(
            bedrock=client_for(bedrock),
            credentials=key_credentials(api_key(FakeSecrets(secret))),
            guardrail=guardrail,
        )
        monkeypatch.setattr(api, "_completions", lambda: completions)

    return use


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the function's logger writes."""
    stream = StringIO()
    monkeypatch.setattr(api._logger.registered_handler, "stream", stream)
    return stream
