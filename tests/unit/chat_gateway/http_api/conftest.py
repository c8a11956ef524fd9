"""A chat function whose clients have limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.unit.chat_gateway.client_policies import counter_calls
from tests.unit.chat_gateway.http_api.limited_calls import LimitedGateway, answered

NewGateway = Callable[..., LimitedGateway]


@pytest.fixture
def limited() -> Iterator[NewGateway]:
    """Makes chat functions that share one empty usage table; Bedrock answers, if the test does not say otherwise."""
    with counter_calls.empty_table() as dynamodb:
        yield lambda bedrock=answered, **settings: LimitedGateway(dynamodb, bedrock, **settings)
