"""The list of models, as clients read it from the deployed stack."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from openai import AuthenticationError, NotFoundError, OpenAI
from openai.types import Model

from client_keys.policy import Policy
from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL

ON_DEMAND = "anthropic.claude-3-haiku-20240307-v1:0"


@pytest.fixture(params=["/openai/v1", "/v1"])
def at_prefix(client: OpenAI, stack: LocalStack, request: pytest.FixtureRequest) -> OpenAI:
    """The SDK with either base URL."""
    return client.with_options(base_url=stack.base_url.removesuffix("/openai/v1") + request.param)


def test_the_sdk_lists_models(at_prefix: OpenAI) -> None:
    """The SDK's strict types read each model of the list and each model by its id."""
    listed = at_prefix.models.list().data
    for model in listed:
        Model.model_validate(model.model_dump(), strict=True)
    ids = [model.id for model in listed]
    assert ON_DEMAND in ids
    assert f"us.{ON_DEMAND}" in ids
    assert "amazon.titan-embed-text-v2:0" not in ids
    assert at_prefix.models.retrieve(ON_DEMAND) == next(model for model in listed if model.id == ON_DEMAND)
