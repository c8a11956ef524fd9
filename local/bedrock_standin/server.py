"""The ASGI application: routes, request ids, counting, and exceptions made into answers."""

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount

from .api_keys import ApiKeys
from .chat_requests import parse_object, read_request
from .completions import ChatCompletions
from .connections import hang_up, while_connected
from .control import Control
from .counters import Counters, SeenRequest
from .faults import FaultBook, answer_to, read_fault
from .guardrail_headers import GuardrailHeaders
from .holds import Holds
from .inline_reasoning import InlineReasoning
from .refusals import ConnectionDroppedError, RefusalError
from .shapes import UNKNOWN_OPERATION, encoded
from .signatures import ALGORITHM, Signatures, SignedRequest
from .weather import Weather

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Message, Receive, Scope, Send

    from .generators import Generator
    from .guardrail import GuardrailEvaluator

CHAT_COMPLETIONS_PATH = "/openai/v1/chat/completions"


def create_app(
    *,
    api_key: str,
    generator: Generator,
    guardrails: GuardrailEvaluator,
    signatures: Signatures | None = None,
) -> Starlette:
    """The whole stand-in; the generator starts and closes with it. Without `signatures` it takes none."""
    answering = InlineReasoning(generator)
    keys, counters, faults, holds = ApiKeys(api_key), Counters(), FaultBook(), Holds()
    chats = ChatCompletions(answering, guardrails, counters, holds)
    guardrail_headers, weather = GuardrailHeaders(), Weather(counters)
    taken = signatures or Signatures({}, region="")
    runtime = BedrockRuntime(keys, taken, counters, faults, weather, chats, guardrail_headers)
    control = Control(keys, counters, faults, weather, holds, guardrail_headers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await answering.start()
        try:
            yield
        finally:
            await answering.close()

    routes = [Mount("/_standin", routes=control.routes()), Mount("/", app=runtime)]
    return Starlette(routes=routes, lifespan=lifespan)


class BedrockRuntime:
    """Everything that is not /_standin: chat completions, and bedrock-runtime's answer to the rest."""

    def __init__(
        self,
        keys: ApiKeys,
        signatures: Signatures,
        counters: Counters,
        faults: FaultBook,
        weather: Weather,
        chats: ChatCompletions,
        guardrail_headers: GuardrailHeaders,
    ) -> None:
        self._keys = keys
        self._signatures = signatures
        self._counters = counters
        self._faults = faults
        self._weather = weather
        self._chats = chats
        self._guardrail_headers = guardrail_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        self._counters.begin()
        try:
            await self._serve(scope, receive, send)
        except ClientDisconnect:
            self._counters.abandoned()
        except ConnectionDroppedError:
            if not await hang_up(scope, receive):
                raise
        finally:
            self._counters.end()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        raw = await request.body()
        seen = self._counters.record(dict(request.headers), raw.decode("utf-8", "replace"))
        response = await while_connected(self._respond(request, raw), receive)
        await response(scope, receive, self._observed(send, seen))

    async def _respond(self, request: Request, raw: bytes) -> Response:
        if request.method != "POST" or request.scope["path"] != CHAT_COMPLETIONS_PATH:
            return _json(UNKNOWN_OPERATION)
        try:
            return await self._chat(request, raw)
        except RefusalError as refusal:
            return _json(refusal.body, refusal.status, refusal.headers)

    async def _chat(self, request: Request, raw: bytes) -> Response:
        self._check_credentials(request, raw)
        body = parse_object(raw)
        asked = self._faults.take(read_fault(body))
        fault = self._weather.fault(asked, streams=body.get("stream") is True)
        answered = await answer_to(fault)
        if answered is not None:
            return answered
        headers, heeded = self._guardrail_headers.heeded(request.headers, body)
        return await self._chats.answer(read_request(heeded, headers), fault)

    def _check_credentials(self, request: Request, raw: bytes) -> None:
        authorization = request.headers.get("authorization")
        if authorization is None or not authorization.startswith(ALGORITHM):
            self._keys.check(authorization)
            return
        self._signatures.check(
            SignedRequest(
                method=request.method,
                path=request.scope["raw_path"].decode("latin-1"),
                query=request.scope["query_string"].decode("latin-1"),
                headers=request.headers.items(),
                body=raw,
            )
        )

    def _observed(self, send: Send, seen: SeenRequest) -> Send:
        """`send` with a request id on the answer and its status in the counters."""

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-amzn-requestid"] = str(uuid.uuid4())
                self._counters.answered(seen, message["status"])
            await send(message)

        return observed


def _json(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encoded(body), status, headers, "application/json")
