"""The largest body that an event of API Gateway may hold."""

from __future__ import annotations

import json

import pytest

from chat_gateway.core.errors import RequestTooLargeError
from chat_gateway.http_api import proxy_event
from tests.unit.chat_gateway.api_calls import event
from tests.unit.chat_gateway.chat_requests import VALID


@pytest.mark.parametrize("pad", [0, 1, 2, 3, 4])
def test_the_largest_allowed_body_passes_whatever_its_base64_padding(
    pad: int,
) -> None:
    body = json.dumps({**VALID, "pad": "x" * pad}).encode()
    assert proxy_event.body(event(body), max_bytes=len(body)) == body
    with pytest.raises(RequestTooLargeError):
        proxy_event.body(event(body), max_bytes=len(body) - 1)
