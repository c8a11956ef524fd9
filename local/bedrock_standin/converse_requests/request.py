"""Reads and checks a request of Converse or ConverseStream, without I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.converse_requests.body import ConverseBody, ConverseStreamBody
from local.bedrock_standin.converse_requests.cache_rules import check_cache_points
from local.bedrock_standin.converse_requests.media_rules import check_media
from local.bedrock_standin.converse_requests.model_ids import Model, read_model
from local.bedrock_standin.converse_requests.parameters import check_parameters
from local.bedrock_standin.converse_requests.reasoning_rules import asks_for_reasoning, check_reasoning
from local.bedrock_standin.converse_requests.shape import read_shape
from local.bedrock_standin.converse_requests.tool_rules import check_tools
from local.bedrock_standin.converse_requests.tool_turns import check_tool_turns
from local.bedrock_standin.converse_requests.turns import check_turns
from local.bedrock_standin.guardrail.evaluation import GuardrailRef
from local.bedrock_standin.refusals import validation_error

if TYPE_CHECKING:
    from local.bedrock_standin.converse_requests.families import Family

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConverseRequest:
    """A valid request. `guardrail` is None without guardrailConfig."""

    body: ConverseBody
    model: Model
    stream: bool
    guardrail: GuardrailRef | None

    def reasons(self) -> bool:
        """Whether the model reasons before this answer."""
        return self.model.family.always_reasons or asks_for_reasoning(self.body)


def read_request(model: str, body: JsonObject, *, stream: bool) -> ConverseRequest:
    """Checks the body for the model in the decoded path segment. Raises RefusalError."""
    found = read_model(model)
    shaped = read_shape(ConverseStreamBody if stream else ConverseBody, body)
    _check(shaped, found.family, stream=stream)
    return ConverseRequest(body=shaped, model=found, stream=stream, guardrail=_guardrail(shaped))


def _check(body: ConverseBody, family: Family, *, stream: bool) -> None:
    check_turns(body, family)
    check_tools(body.tool_config, family, stream=stream)
    check_tool_turns(body, family)
    check_media(body, family)
    check_cache_points(body, family)
    check_parameters(body, family)
    check_reasoning(body, family)


def _guardrail(body: ConverseBody) -> GuardrailRef | None:
    config = body.guardrail_config
    if config is None:
        return None
    if not config.guardrail_identifier or not config.guardrail_version:
        raise validation_error("A guardrail identifier and a guardrail version must be given together.")
    return GuardrailRef(
        config.guardrail_identifier, config.guardrail_version, traced=config.trace != "disabled"
    )
