"""Which failures of a target another target's attempt may follow."""

from __future__ import annotations

import re
from http import HTTPStatus

from chat_gateway.completions import retry
from chat_gateway.core.errors import GatewayError, UpstreamCredentialsError, UpstreamError
from chat_gateway.model_names.settings import Target

# Bedrock's words for a model that it does not have, or no longer. They may come with 400:
# https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
# A message may repeat the prompt behind its own words, so that only its beginning counts.
_GONE = (
    r"(?i)(?:\w+ ){0,3}model (?:identifier is invalid\b|.{0,100}\bend of (?:its )?life\b)"
    r"|Invocation of model ID .{0,2100} with on-demand throughput "  # it is served by an inference profile only
)


def is_gone(error: GatewayError) -> bool:
    """Whether the target's model does not exist, or no longer."""
    if not isinstance(error, UpstreamError):
        return False
    if error.status == HTTPStatus.NOT_FOUND:
        return True
    return error.status == HTTPStatus.BAD_REQUEST and re.match(_GONE, error.message) is not None


def is_of_region(error: GatewayError, target: Target) -> bool:
    """Whether another region than the environment's own refused the key or role, as it refuses another region's key."""
    return target.region is not None and isinstance(error, UpstreamCredentialsError) and error.is_refusal


def is_the_targets(error: GatewayError, target: Target) -> bool:
    """Whether the same request may succeed at another target: this one is busy, unreachable, slow, gone, or refuses us."""
    return retry.is_retryable(error) or is_gone(error) or is_of_region(error, target)
