"""Hanging up on a caller, which ASGI has no message for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope

_TRANSPORT_KEY = "standin_transport"


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
    while (await receive())["type"] != "http.disconnect":
        pass
    return True
