"""The usage table of one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from client_keys.policy import Policy
from tests.unit.chat_gateway.client_policies import counter_calls
from tests.unit.chat_gateway.client_policies.counter_calls import CAP, Counting
from tests.unit.chat_gateway.client_policies.meter_calls import Metered

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NewCounting = Callable[..., Counting]


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    """A DynamoDB with an empty usage table."""
    with counter_calls.empty_table() as client:
        yield client


@pytest.fixture
def counting(dynamodb: DynamoDBClient) -> NewCounting:
    """Makes the counters of a client with these limits."""
    return lambda **limits: Counting(dynamodb, Policy(max_completion_tokens=CAP, **limits))


@pytest.fixture
def metered(dynamodb: DynamoDBClient) -> Metered:
    return Metered(dynamodb)
