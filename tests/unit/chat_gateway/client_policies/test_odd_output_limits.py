"""Callers without an output limit may ask for any number of tokens, which no usage may become."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies import estimate
from chat_gateway.client_policies.meter import Meter, Metering
from chat_gateway.client_policies.settings import UsageSettings
from chat_gateway.completions import request as chat_request
from client_keys.policy import UNLIMITED
from tests.unit.chat_gateway.chat_requests import VALID

HUGE = int("9" * 4300)  # as many digits as Python reads


class Throttled:
    """A DynamoDB that takes no call."""

    def call(self, operation: str, parameters: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        json.dumps(parameters)
        raise AwsCallError(operation, "ThrottlingException")


@pytest.mark.parametrize(
    ("document", "tokens"),
    [
        ({"max_tokens": -5}, 0),
        ({"max_tokens": -5, "max_completion_tokens": 7}, 7),
        ({"max_tokens": HUGE}, 10**9),
        ({"max_tokens": HUGE, "n": 2}, 2 * 10**9),
        ({"max_tokens": -HUGE}, 0),
    ],
)
def test_an_odd_output_limit(document: dict[str, Any], tokens: int) -> None:
    """An answer has no fewer than 0 tokens, and each of its choices has a billion at most."""
    assert estimate.of(document, b"").completion_tokens == tokens


@pytest.mark.parametrize("asked", [HUGE, -HUGE, -1], ids=["huge", "hugely negative", "negative"])
def test_its_usage_can_be_recorded(asked: int) -> None:
    """If Bedrock tells no usage, what is recorded and logged instead has numbers that DynamoDB takes."""
    metering = Metering.of(UsageSettings("usage", 400, "refuse"), Throttled())
    chat = chat_request.from_document({**VALID, "max_tokens": asked, "n": 128})
    meter = Meter(metering, "team-a", UNLIMITED, chat, models=[chat.model], ends_in_s=900)
    meter.reserve(b"x" * 400)
    meter.answered(None)
    fields = meter.settle()
    assert json.dumps(fields)
    assert all(0 <= number < 10**38 for number in fields["unrecorded"].values())
