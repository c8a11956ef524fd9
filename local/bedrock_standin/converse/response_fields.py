"""The top-level keys of an answer that a request asks for, without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.bedrock_standin.converse_requests.request import ConverseRequest

JsonObject = dict[str, Any]

_OUTPUT_DETAILS = "/usage/output_tokens_details"


def echoed(request: ConverseRequest) -> JsonObject:
    """serviceTier and performanceConfig, as the request gives them."""
    tier, config = request.body.service_tier, request.body.performance_config
    latency = config.latency if config else None
    return ({"serviceTier": {"type": tier.type}} if tier else {}) | (
        {"performanceConfig": {"latency": latency}} if latency else {}
    )


def model_fields(request: ConverseRequest, reasoning_tokens: int) -> JsonObject | None:
    """additionalModelResponseFields; None if no requested path exists. [?] The name of the inner key."""
    asked = request.body.additional_model_response_field_paths
    if _OUTPUT_DETAILS not in asked or not request.model.family.signed_reasoning:
        return None
    return {"usage": {"output_tokens_details": {"thinking_tokens": reasoning_tokens}}}
