"""A quick start of httpx."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import httpx
import pytest


@pytest.fixture(scope="session", autouse=True)
def quick_start_of_http() -> Iterator[None]:
    """Each client otherwise reads all certificates of authorities, for 30 ms. The tests' servers need none of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context))
        yield
