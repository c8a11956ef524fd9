"""Which models the list leaves out, because no route serves them."""

from __future__ import annotations

import pytest

from chat_gateway.completions.routes import GEOGRAPHIES, NATIVE
from openai_resources.models.served import UNSERVED_FAMILIES, is_served

ACCOUNT = "arn:aws:bedrock:us-east-1:123456789012"
SERVED = [
    "amazon.nova-pro-v1:0",
    "amazon.nova-2-lite-v1:0",
    "amazon.titan-text-express-v1",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "cohere.command-r-plus-v1:0",
    "deepseek.r1-v1:0",
    "google.gemma-3-27b-it",
    "openai.gpt-oss-20b-1:0",
    "openai.gpt-5.6-sol",
]


@pytest.mark.parametrize("geography", ["", *GEOGRAPHIES])
@pytest.mark.parametrize(
    ("model", "served"),
    [*((model, True) for model in SERVED), *((f"{family}x", False) for family in UNSERVED_FAMILIES)],
)
def test_families_that_no_route_serves(model: str, geography: str, *, served: bool) -> None:
    """They are known by the start of their ids, and are served only if the environment has a route for them."""
    for name in (f"{geography}{model}", f"{ACCOUNT}:inference-profile/{geography}{model}"):
        assert is_served(name, {}) is served
        assert is_served(name, {name: NATIVE})


@pytest.mark.parametrize("kind", ["prompt", "prompt-router", "default-prompt-router", "endpoint"])
def test_an_arn_of_no_model_is_not_served(kind: str) -> None:
    """The gateway refuses such ARNs."""
    assert not is_served(f"{ACCOUNT}:{kind}/x", {})
