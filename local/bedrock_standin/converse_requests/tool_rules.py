"""The rules for toolConfig, by the family of the model.

The texts of the refusals are as recorded, up to their first full stop, except where [?] stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.bedrock_standin.refusals import validation_error

if TYPE_CHECKING:
    from local.bedrock_standin.converse_requests.body import ToolChoice, ToolConfig, ToolSpec
    from local.bedrock_standin.converse_requests.families import Family


def check_tools(config: ToolConfig | None, family: Family, *, stream: bool) -> None:
    """Raises RefusalError (400) if the model does not take the tools or the choice of a tool."""
    if config is None:
        return
    if not family.tools:
        raise validation_error("This model doesn't support tool use.")
    if stream and not family.streamed_tools:
        raise validation_error("This model doesn't support tool use in streaming mode.")
    for index, tool in enumerate(config.tools):
        if tool.system_tool is not None:
            raise validation_error("This model doesn't support the systemTool field.")
        if tool.tool_spec is not None:
            _check_spec(tool.tool_spec, f"toolConfig.tools.{index}.toolSpec", family)
    names = [spec.name for spec in config.specs()]
    if not names:
        raise validation_error("The tools field at toolConfig has no toolSpec.")
    if len(set(names)) < len(names):  # [?] the wording
        raise validation_error("The tool names at toolConfig.tools must be unique.")
    if config.tool_choice is not None:
        _check_choice(config.tool_choice, names, family)


def _check_spec(spec: ToolSpec, place: str, family: Family) -> None:
    schema = spec.input_schema.json_
    if not isinstance(schema, dict):
        raise validation_error(f"The format of the value at {place}.inputSchema.json is invalid.")
    if schema.get("type") != "object":
        raise validation_error(
            f"The value at {place}.inputSchema.json.type must be one of the following: object."
        )
    if spec.description is not None and not spec.description.strip():
        raise validation_error(f"The value at {place}.description is blank.")
    if spec.strict and not family.strict_tools:
        raise validation_error(f"This model doesn't support the {place}.strict field.")


def _check_choice(choice: ToolChoice, names: list[str], family: Family) -> None:
    kind = choice.kind()
    if kind not in family.tool_choices:
        field = f"toolConfig.toolChoice.{kind}"
        raise validation_error(f"This model doesn't support the {field} field. Remove {field} and try again.")
    if choice.tool is not None and choice.tool.name not in names:  # [?] the wording
        raise validation_error("The value at toolConfig.toolChoice.tool.name is no tool of toolConfig.tools.")
