"""Closed connections: detects a client that leaves, and closes a connection, for which ASGI has no message."""

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
    """uvicorn's HTTP protocol. It also puts each connection's transport into the request scope's `state`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Stores the transport in a copy of the state, because uvicorn shares one dict among all connections."""
        super().connection_made(transport)
        self.app_state = self.app_state | {_TRANSPORT_KEY: transport}


async def hang_up(scope: Scope, receive: Receive) -> bool:
    """Closes the request's connection after the written data. Returns False if there is no socket."""
    transport = scope.get("state", {}).get(_TRANSPORT_KEY)
    if transport is None:
        return False
    transport.close()
    # Wait until uvicorn has noticed. If the application returned earlier, uvicorn would complete the response.
    await _client_gone(receive)
    return True


async def while_connected(making: Coroutine[object, object, T], receive: Receive) -> T:
    """The result or exception of `making`, for a request whose body has been read.

    If the client leaves first, cancels `making` and raises ClientDisconnect.
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
