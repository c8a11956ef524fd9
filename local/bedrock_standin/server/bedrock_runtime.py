"""Serves bedrock-runtime's paths: credentials, request ids, counters, and connections that end early."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from local.bedrock_standin.credentials.signatures import ALGORITHM, SignedRequest
from local.bedrock_standin.refusals import ConnectionDroppedError, FrontDoorRefusalError
from local.bedrock_standin.server.connections import hang_up, while_connected

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from local.bedrock_standin.counters import Counters, SeenRequest
    from local.bedrock_standin.credentials.api_keys import ApiKeys
    from local.bedrock_standin.credentials.signatures import Signatures
    from local.bedrock_standin.server.operations import Operations

_UNKNOWN_OPERATION = {
    "Output": {"__type": "com.amazon.coral.service#UnknownOperationException"},
    "Version": "1.0",
}


class BedrockRuntime:
    """All paths except /_standin: the operations, and bedrock-runtime's answer to unknown paths."""

    def __init__(
        self, keys: ApiKeys, signatures: Signatures, counters: Counters, operations: Operations
    ) -> None:
        self._keys = keys
        self._signatures = signatures
        self._counters = counters
        self._operations = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request."""
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
        text = raw.decode("utf-8", "replace")
        seen = self._counters.record(_path(request), dict(request.headers), text)
        response = await while_connected(self._respond(request, raw), receive)
        await response(scope, receive, self._observed(send, seen))

    async def _respond(self, request: Request, raw: bytes) -> Response:
        endpoint = self._operations.endpoint(_path(request))
        if request.method != "POST" or endpoint is None:
            return JSONResponse(_UNKNOWN_OPERATION)
        try:
            self._check_credentials(request, raw)
            return await endpoint(request.headers, raw)
        except FrontDoorRefusalError as refusal:
            return JSONResponse(refusal.body, refusal.status, refusal.headers)

    def _check_credentials(self, request: Request, raw: bytes) -> None:
        authorization = request.headers.get("authorization")
        if authorization is None or not authorization.startswith(ALGORITHM):
            self._keys.check(authorization)
            return
        self._signatures.check(
            SignedRequest(
                method=request.method,
                path=_path(request),
                query=request.scope["query_string"].decode("latin-1"),
                headers=request.headers.items(),
                body=raw,
            )
        )

    def _observed(self, send: Send, seen: SeenRequest) -> Send:
        """`send`, which also adds a request id to the answer, and records the id and the status."""

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                request_id = str(uuid.uuid4())
                MutableHeaders(scope=message)["x-amzn-requestid"] = request_id
                self._counters.answered(seen, message["status"], request_id)
            await send(message)

        return observed


def _path(request: Request) -> str:
    """The path as received: encoded, without the query."""
    raw: bytes = request.scope["raw_path"]
    return raw.decode("latin-1")
