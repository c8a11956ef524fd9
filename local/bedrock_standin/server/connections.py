"""Callers that hang up, and hanging up on a caller, which ASGI has no message for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.types import Receive, Scope

_TRANSPORT_KEY = "standin_transport"

T = TypeVar("T")


class ReachableH11Protocol(H11Protocol):
    """uvicorn's HTTP protocol, with each connection's transport in the request scope's `state`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection. The state is copied: uvicorn shares one dict among all connections."""
        super().connection_made(transport)
        self.app_state = self.app_state | {_TRANSPORT_KEY: transport}


async def hang_up(scope: Scope, receive: Receive) -> bool:
    """Close the request's connection after what was written; False if it cannot be reached (no socket)."""
    transport = scope.get("state", {}).get(_TRANSPORT_KEY)
    if transport is None:
        return False
    transport.close()
    # uvicorn must know of it before the application returns, or it completes the response.
    await _client_gone(receive)
    return True


async def while_connected(making: Coroutine[object, object, T], receive: Receive) -> T:
    """What `making` returns or raises, for a request whose body has been read.

    Cancels it and raises ClientDisconnect where the client leaves first.
    """
    made, gone = asyncio.ensure_future(making), asyncio.ensure_future(_client_gone(receive))
    try:
        await asyncio.wait((made, gone), return_when=asyncio.FIRST_COMPLETED)
        if not made.done():
            raise ClientDisconnect
        return made.result()
    finally:
        made.cancel()
        gone.cancel()
        await asyncio.gather(made, gone, return_exceptions=True)


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
