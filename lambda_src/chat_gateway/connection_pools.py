"""Many connections to one host without httpcore's cost of having them in one pool."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import httpx

# httpcore asks every connection of a pool about every other one that is idle, for every request: at a hundred that
# takes longer than the request itself. See httpcore/_sync/connection_pool.py, _assign_requests_to_connections.
_POOL_SIZE = 10
# Short, because a connection may die unnoticed while Lambda has frozen the process.
_KEEPALIVE_S = 20


class SpreadTransport(httpx.BaseTransport):
    """Gives requests to several pools in turn; safe to share between threads."""

    def __init__(self, pools: Sequence[httpx.BaseTransport]) -> None:
        self._pools = pools
        self._turns = itertools.count()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._pools[next(self._turns) % len(self._pools)].handle_request(request)

    def close(self) -> None:
        for pool in self._pools:
            pool.close()


def transport(connections: int) -> SpreadTransport | None:
    """The transport for as many requests at once as `connections`, which no pool refuses; None where one pool does."""
    if connections <= _POOL_SIZE:
        return None
    certificates = httpx.create_ssl_context(trust_env=False)
    limits = httpx.Limits(keepalive_expiry=_KEEPALIVE_S)
    count = -(-connections // _POOL_SIZE)
    return SpreadTransport(
        [httpx.HTTPTransport(verify=certificates, trust_env=False, limits=limits) for _ in range(count)]
    )
