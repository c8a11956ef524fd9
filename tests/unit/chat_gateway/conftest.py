"""Settings, and the chat function with a test's Bedrock."""

from __future__ import annotations

from io import StringIO

import pytest

from chat_gateway.guardrail.settings import Guardrail
from tests.unit.chat_gateway.api_calls import KEY, Bedrock, ChatCalls, completions_for
from tests.unit.chat_gateway.lambda_calls import AWS, FakeContext
from tests.unit.chat_gateway.upstream_settings import UPSTREAM


@pytest.fixture
def context() -> FakeContext:
    return FakeContext()


@pytest.fixture
def function_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that Lambda and the stack set for a function, without the developer's own AWS settings."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (UPSTREAM | AWS).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def log() -> StringIO:
    """The output of the function's logger."""
    return StringIO()


class Asking:
    """Makes chat functions that write to one log."""

    def __init__(self, log: StringIO) -> None:
        self._log = log

    def __call__(
        self, bedrock: Bedrock, *, secret: str = KEY, guardrail: Guardrail | None = None, **changes: object
    ) -> ChatCalls:
        """A chat function that calls `bedrock`; `changes` are for its completions."""
        completions = completions_for(bedrock, secret=secret, guardrail=guardrail, **changes)
        return ChatCalls.of(completions, self._log)


@pytest.fixture
def asking(log: StringIO) -> Asking:
    return Asking(log)
