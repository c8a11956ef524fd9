"""A stand-in without a model or an emulator, and ways to ask it: without a socket, and over one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from starlette.testclient import TestClient

from local.bedrock_standin.generators.echo import EchoGenerator
from local.bedrock_standin.guardrail.evaluation import Evaluation, GuardrailRef, Source
from local.bedrock_standin.refusals import validation_error
from local.bedrock_standin.server.app import create_app
from local.bedrock_standin.server.connections import ReachableH11Protocol

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.applications import Starlette

    from local.bedrock_standin.generators.completion import Completion

    Ask = Callable[..., Response]

KEY = "made-up-key"
PATH = "/openai/v1/chat/completions"


class FakeGuardrails:
    """Blocks "forbidden", masks "secret", and on output blocks "echo: badly"; knows only the ID gr-1."""

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


class RecordingGenerator(EchoGenerator):
    """An echo that keeps the bodies of its requests."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    async def complete(self, body: dict[str, Any]) -> Completion:
        self.bodies.append(body)
        return await super().complete(body)


@pytest.fixture
def generator() -> RecordingGenerator:
    return RecordingGenerator()


@pytest.fixture
def client(guardrails: FakeGuardrails, generator: RecordingGenerator) -> Iterator[TestClient]:
    app = create_app(api_key=KEY, generator=generator, guardrails=guardrails)
    with TestClient(app, client=("127.0.0.1", 50000)) as client:
        yield client


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """Runs the app on a real socket during the block. Gives its URL."""
    config = uvicorn.Config(
        app,
        port=0,
        http=ReachableH11Protocol,
        ws="none",
        log_level="critical",
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def caller(guardrails: FakeGuardrails) -> Iterator[httpx.Client]:
    """A client of a stand-in that listens on a real socket."""
    app = create_app(api_key=KEY, generator=EchoGenerator(), guardrails=guardrails)
    headers = {"authorization": f"Bearer {KEY}"}
    with listening(app) as url, httpx.Client(base_url=url, headers=headers, trust_env=False) as caller:
        yield caller


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Waits until a condition holds; fails if it does not within 5 seconds."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "the condition never held"
            time.sleep(0.005)

    return wait


@pytest.fixture
def ask(client: TestClient) -> Ask:
    """Asks with a valid key and body; keywords change the body, `headers` adds headers."""

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
