"""Settings, a fake Lambda context, and the log lines a test wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chat_gateway import runtime
from tests.unit.chat_gateway.test_settings import UPSTREAM

AWS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "DNS_SUFFIX": "amazonaws.com",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "CLIENTS_TABLE": "clients",
    "JOBS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs",
    "RESULTS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/results",
    "RESULTS_BUCKET": "large-results",
    "JOB_RETRY_DELAY_S": "15",
    "JOB_MAX_RETRY_DELAY_S": "900",
}


@dataclass(frozen=True)
class FakeContext:
    aws_request_id: str = "lambda-id"


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
    runtime.upstream_settings.cache_clear()
    yield
    runtime.upstream_settings.cache_clear()
