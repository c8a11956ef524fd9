"""Requests are spread over pools small enough for httpcore."""

from __future__ import annotations

import contextlib
from collections import Counter

import httpx
import pytest

from chat_gateway import connection_pools
from chat_gateway.connection_pools import SpreadTransport


def test_requests_are_spread_evenly_over_the_pools() -> None:
    asked: Counter[int] = Counter()

    def pool(number: int) -> httpx.MockTransport:
        def answer(_: httpx.Request) -> httpx.Response:
            asked[number] += 1
            return httpx.Response(200)

        return httpx.MockTransport(answer)

    with httpx.Client(transport=SpreadTransport([pool(number) for number in range(10)])) as client:
        for _ in range(100):
            client.get("http://bedrock")
    assert asked == dict.fromkeys(range(10), 10)


@pytest.mark.parametrize(("connections", "pools"), [(11, 2), (100, 10), (300, 30)])
def test_a_pool_is_for_ten_connections_but_refuses_none(connections: int, pools: int) -> None:
    made = connection_pools.transport(connections)
    assert made is not None
    with contextlib.closing(made):
        assert len(made._pools) == pools
        for pool in made._pools:
            assert isinstance(pool, httpx.HTTPTransport)
            assert pool._pool._max_connections >= connections


@pytest.mark.parametrize("connections", [1, 10])
def test_few_connections_need_only_httpxs_own_pool(connections: int) -> None:
    assert connection_pools.transport(connections) is None
