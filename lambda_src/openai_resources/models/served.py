"""Which models no route serves. AWS lists them, too."""

from __future__ import annotations

from collections.abc import Mapping

from chat_gateway.completions.routes import foundation_model, route_of
from chat_gateway.core.errors import InvalidRequestError

# Text in, something else out, or no chat, or only on the endpoint bedrock-mantle or in the Responses API: docs/limits.md.
UNSERVED_FAMILIES = (
    "amazon.nova-2-multimodal-embeddings",
    "amazon.nova-2-sonic",
    "amazon.nova-canvas",
    "amazon.nova-reel",
    "amazon.nova-sonic",
    "amazon.rerank",
    "amazon.titan-embed",
    "amazon.titan-image",
    "amazon.titan-tg1",
    "cohere.embed",
    "cohere.rerank",
    "deepseek.v3-v1",
    "deepseek.v3.1",
    "google.gemma-4",
    "luma.",
    "openai.gpt-5.4",
    "openai.gpt-5.5",
    "stability.",
    "twelvelabs.",
)


def is_served(model: str, overrides: Mapping[str, str]) -> bool:
    """Whether a route may serve the model: the environment has one for it, or it is of no family that none serves."""
    try:
        route_of(model, overrides)
    except InvalidRequestError:  # the ARN of something that the gateway refuses
        return False
    return model in overrides or not foundation_model(model).startswith(UNSERVED_FAMILIES)
