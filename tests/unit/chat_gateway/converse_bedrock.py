"""A Bedrock with Converse, ConverseStream and ApplyGuardrail, and a gateway that asks it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from chat_gateway.bedrock.api_key import BedrockApiKey
from chat_gateway.bedrock.client import Completion, StreamedAnswer
from chat_gateway.completions import request as chat_request
from chat_gateway.completions.completions import Completions
from chat_gateway.completions.retry import Attempts
from chat_gateway.converse.event_stream import Event
from chat_gateway.guardrail.settings import Guardrail
from tests.unit import event_stream_messages
from tests.unit.chat_gateway import converse_events
from tests.unit.chat_gateway.bedrock_calls import client_for, once
from tests.unit.chat_gateway.bedrock_key_fakes import FakeSecrets, api_key, key_credentials

MODEL, LLAMA = "amazon.nova-lite-v1:0", "meta.llama3-1-70b-instruct-v1:0"
GUARDRAIL = Guardrail(identifier="gr", version="1")
INPUT, OUTPUT = "INPUT", "OUTPUT"
BLOCK_MESSAGE = "The guardrail says no."
TOOL = {"type": "function", "function": {"name": "look_up", "description": "Looks a word up."}}
HEADERS = {"x-amzn-requestid": "bedrock-id"}
_STREAM = {**HEADERS, "content-type": "application/vnd.amazon.eventstream"}
Check = Callable[[str, list[str]], httpx.Response]


def said(text: str = "Hi.", **fields: Any) -> dict[str, Any]:
    """A request of one user's message."""
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **fields}


def with_result(result: str, *, arguments: str = "{}", **fields: Any) -> dict[str, Any]:
    """A request that ends with a tool's result."""
    call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": arguments}}
    asked = {"role": "assistant", "content": None, "tool_calls": [call]}
    answered = {"role": "tool", "tool_call_id": "call_1", "content": result}
    return said(messages=[{"role": "user", "content": "Hi."}, asked, answered], tools=[TOOL], **fields)


def verdict(action: str, outputs: Iterable[object] = (), *assessments: object) -> httpx.Response:
    """An answer of ApplyGuardrail."""
    texts = [{"text": text} for text in outputs]
    document = {"action": action, "outputs": texts, "assessments": list(assessments)}
    return httpx.Response(200, json=document, headers={"x-amzn-requestid": "guardrail-id"})


def found(action: str) -> dict[str, Any]:
    """An assessment with one finding."""
    return {"wordPolicy": {"customWords": [{"match": "SECRET", "action": action}]}}


def passed(_source: str = INPUT, _texts: object = ()) -> httpx.Response:
    return verdict("NONE", (), {})


def blocked(_source: str = INPUT, _texts: object = ()) -> httpx.Response:
    return verdict("GUARDRAIL_INTERVENED", [BLOCK_MESSAGE], found("BLOCKED"))


def masked(_source: str, texts: list[str]) -> httpx.Response:
    """SECRET becomes {WORD}."""
    if not any("SECRET" in text for text in texts):
        return passed()
    outputs = [text.replace("SECRET", "{WORD}") for text in texts]
    return verdict("GUARDRAIL_INTERVENED", outputs, found("ANONYMIZED"))


def blocks(word: str, source: str) -> Check:
    """Blocks texts of that source that hold the word."""
    return lambda said, texts: (
        blocked() if said == source and any(word in text for text in texts) else passed()
    )


def streamed(*events: Event) -> httpx.Response:
    """The answer of ConverseStream with these events, each in a chunk of its own."""
    written = [_written(event) for event in events]
    return httpx.Response(200, content=iter(written), headers=_STREAM)


def _written(event: Event) -> bytes:
    kinds = {"event": event_stream_messages.event, "exception": event_stream_messages.exception}
    return kinds[event.message_type](event.kind, event.payload)


def whole(*content: dict[str, Any], **fields: Any) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(200, json=converse_events.answer(*content, **fields), headers=HEADERS)


@dataclass
class FakeBedrock:
    """Keeps what it was asked: the bodies of generations, and the source and texts of checks."""

    generate: Callable[[], httpx.Response] = field(default_factory=lambda: whole({"text": "Paris"}))
    check: Check = passed
    generations: list[dict[str, Any]] = field(default_factory=list)
    checked: list[tuple[str, list[str]]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        body = json.loads(request.content)
        if not request.url.path.endswith("/apply"):
            self.generations.append(body)
            return self.generate()
        texts = [part["text"]["text"] for part in body["content"]]
        self.checked.append((body["source"], texts))
        return self.check(body["source"], texts)

    @property
    def paths(self) -> list[str]:
        """The paths as they were sent."""
        return [request.url.raw_path.decode() for request in self.requests]

    def gateway(
        self, guardrail: Guardrail | None = GUARDRAIL, key: BedrockApiKey | None = None
    ) -> Completions:
        """A gateway in front of it."""
        credentials = key_credentials(key or api_key(FakeSecrets("ABSK-key")))
        return Completions(bedrock=client_for(self), credentials=credentials, guardrail=guardrail)

    def create(
        self,
        document: dict[str, Any],
        guardrail: Guardrail | None = GUARDRAIL,
        attempts: Attempts | None = None,
    ) -> Completion:
        """The gateway's whole answer."""
        gateway = self.gateway(guardrail)
        request = gateway.prepared(chat_request.from_document(document), caller_headers={})
        return gateway.create(request, attempts or once())

    def stream(
        self,
        document: dict[str, Any],
        guardrail: Guardrail | None = GUARDRAIL,
        attempts: Attempts | None = None,
    ) -> StreamedAnswer:
        """The gateway's stream, after its status 200."""
        gateway = self.gateway(guardrail)
        request = gateway.prepared(
            chat_request.from_document({**document, "stream": True}), caller_headers={}
        )
        return gateway.stream(request, attempts or once())
