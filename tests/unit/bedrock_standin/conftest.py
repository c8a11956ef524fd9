"""A stand-in without a socket, a model or an emulator, and a way to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from local.bedrock_standin.generators import EchoGenerator
from local.bedrock_standin.guardrail import Evaluation, GuardrailRef, Source
from local.bedrock_standin.refusals import validation_error
from local.bedrock_standin.server import create_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from httpx2 import Response

    Ask = Callable[..., Response]

KEY = "made-up-key"
PATH = "/openai/v1/chat/completions"


class FakeGuardrails:
    """Blocks "forbidden", masks "secret", and on output blocks "echo: badly"; knows the id gr-1 only."""

    def __init__(self) -> None:
        self.asked: list[tuple[Source, list[str]]] = []

    async def evaluate(self, guardrail: GuardrailRef, source: Source, texts: list[str]) -> Evaluation:
        self.asked.append((source, texts))
        if guardrail.id != "gr-1":
            raise validation_error("The guardrail identifier or version provided does not exist.")
        if any("forbidden" in text or (source == "OUTPUT" and "badly" in text) for text in texts):
            assessment = {"wordPolicy": {"action": "BLOCKED"}}
            return Evaluation(
                intervened=True, blocked=True, texts=[f"{source} blocked"], assessment=assessment
            )
        masked = [text.replace("secret", "{SECRET}") for text in texts]
        return Evaluation(
            intervened=masked != texts, blocked=False, texts=masked, assessment={"wordPolicy": {}}
        )


@pytest.fixture
def guardrails() -> FakeGuardrails:
    return FakeGuardrails()


@pytest.fixture
def client(guardrails: FakeGuardrails) -> Iterator[TestClient]:
    app = create_app(api_key=KEY, generator=EchoGenerator(), guardrails=guardrails)
    with TestClient(app, client=("127.0.0.1", 50000)) as client:
        yield client


@pytest.fixture
def ask(client: TestClient) -> Ask:
    """Ask with a valid key and body; keywords change the body, `headers` adds headers."""

    def ask(text: str = "hello there", headers: dict[str, str] | None = None, **changes: Any) -> Response:
        body = {"model": "openai.gpt-oss-20b-1:0", "messages": [{"role": "user", "content": text}]}
        sent = {"authorization": f"Bearer {KEY}"} | (headers or {})
        return client.post(PATH, json=body | changes, headers=sent)

    return ask


@pytest.fixture
def guarded() -> dict[str, str]:
    """Headers that name the guardrail the fake knows, with its trace."""
    return {
        "x-amzn-bedrock-guardrailidentifier": "gr-1",
        "x-amzn-bedrock-guardrailversion": "DRAFT",
        "x-amzn-bedrock-trace": "ENABLED",
    }
