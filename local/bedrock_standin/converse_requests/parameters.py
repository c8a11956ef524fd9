"""The rules for inferenceConfig, outputConfig and additionalModelRequestFields, by the family of the model.

The texts of the refusals are as recorded, up to their first full stop, except where [?] stands.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.refusals import validation_error

if TYPE_CHECKING:
    from local.bedrock_standin.converse_requests.body import ConverseBody
    from local.bedrock_standin.converse_requests.families import Family


def check_parameters(body: ConverseBody, family: Family) -> None:
    """Raises RefusalError (400) if the model refuses a parameter."""
    _check_sampling(body, family)
    _check_additional_fields(body, family)
    _check_output(body, family)
    if body.prompt_variables is not None:
        raise validation_error("The promptVariables field is only allowed with a prompt.")


def _check_sampling(body: ConverseBody, family: Family) -> None:
    config = body.inference_config
    if config.max_tokens is not None and config.max_tokens > family.max_tokens:
        raise validation_error(
            f"The maximum tokens you requested exceeds the model limit of {family.max_tokens}. Try again with a "
            f"maximum tokens value that is lower than {family.max_tokens}."
        )
    if not family.temperature and config.temperature not in (None, 1):
        raise validation_error("`temperature` is deprecated for this model.")
    both = config.temperature is not None and config.top_p is not None
    if both and not family.temperature_and_top_p:
        raise validation_error("`temperature` and `top_p` cannot both be specified for this model.")
    if any(not stop.strip() for stop in config.stop_sequences or ()) and family.signed_reasoning:
        raise validation_error("stop_sequences: each stop sequence must contain non-whitespace")


def _check_additional_fields(body: ConverseBody, family: Family) -> None:
    fields = body.additional_model_request_fields
    for name in fields.keys() - family.additional:
        raise validation_error(f"{name}: Extra inputs are not permitted")
    inner = fields.get("inferenceConfig", {})
    if not isinstance(inner, dict) or inner.keys() - {"topK"}:
        raise validation_error("Malformed input request: #/inferenceConfig: extraneous key is not permitted")
    choice = fields.get("tool_choice")
    if choice is not None and body.tool_config is not None and body.tool_config.tool_choice is not None:
        raise validation_error("The additional field tool_choice conflicts with toolConfig.toolChoice.")


def _check_output(body: ConverseBody, family: Family) -> None:
    wanted = body.output_config
    if wanted.effort is not None and not family.signed_reasoning:
        raise validation_error("This model doesn't support the outputConfig.effort field.")
    if wanted.text_format is None:
        return
    if not family.structured:
        raise validation_error("This model doesn't support the outputConfig.textFormat field.")
    if not _is_closed_schema(wanted.text_format.structure.json_schema.schema_):
        raise validation_error(
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"
        )


def _is_closed_schema(text: str) -> bool:
    try:
        schema = json.loads(text)
        return isinstance(schema, dict) and not _is_open(schema)
    except (ValueError, RecursionError):
        raise validation_error("The schema at outputConfig.textFormat is not valid JSON.") from None


def _is_open(schema: Any) -> bool:
    """Whether an object in the schema allows other properties than its own."""
    if isinstance(schema, list):
        return any(map(_is_open, schema))
    if not isinstance(schema, dict):
        return False
    is_open = schema.get("type") == "object" and schema.get("additionalProperties") is not False
    return is_open or any(map(_is_open, schema.values()))
