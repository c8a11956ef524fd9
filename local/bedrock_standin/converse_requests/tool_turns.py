"""The rules for tool calls and tool results in the messages.

The texts of the refusals are as recorded, up to their first full stop, except where [?] stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.bedrock_standin.refusals import validation_error

if TYPE_CHECKING:
    from local.bedrock_standin.converse_requests.blocks import ToolResult, ToolResultContent, ToolUse
    from local.bedrock_standin.converse_requests.body import ConverseBody, Message
    from local.bedrock_standin.converse_requests.families import Family


def check_tool_turns(body: ConverseBody, family: Family) -> None:
    """Raises RefusalError (400) if a call or a result is not allowed, or the two do not match."""
    if body.tool_config is None and any(_uses(m) or _results(m) for m in body.messages):
        raise validation_error(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        )
    for index, message in enumerate(body.messages):
        _check_blocks(message, f"messages.{index}", family)
    asked: list[ToolUse] = []
    for index, message in enumerate(body.messages):
        if message.role != "system":
            _check_pair(asked, _results(message), f"messages.{index}.content")
            asked = _uses(message)
    _check_pair(asked, [], f"messages.{len(body.messages)}.content")


def _uses(message: Message) -> list[ToolUse]:
    return [block.tool_use for block in message.content if block.tool_use is not None]


def _results(message: Message) -> list[ToolResult]:
    return [block.tool_result for block in message.content if block.tool_result is not None]


def _check_blocks(message: Message, place: str, family: Family) -> None:
    for index, block in enumerate(message.content):
        where = f"{place}.content.{index}"
        if block.tool_use is not None and not isinstance(block.tool_use.input, dict):
            raise validation_error(
                f"The value at {where}.toolUse.input is empty."
                if block.tool_use.input is None
                else f"The format of the value at {where}.toolUse.input is invalid. Provide a json object for the field."
            )
        if block.tool_result is not None:
            _check_result(block.tool_result, f"{where}.toolResult", family)
    _check_order(message, place, family)


def _check_result(result: ToolResult, place: str, family: Family) -> None:
    if result.status is not None and not family.result_status:
        raise validation_error(f"This model doesn't support the status field at {place}.")
    if not result.content:
        raise validation_error(f"The content field in the ToolResultBlock object at {place} is empty.")
    for index, content in enumerate(result.content):
        _check_result_content(content, f"{place}.content.{index}")


def _check_result_content(content: ToolResultContent, place: str) -> None:
    if content.text is not None and not content.text.strip():
        raise validation_error(f"The text field in the ToolResultContentBlock object at {place} is blank.")
    if content.json_ is not None and not isinstance(content.json_, dict):
        raise validation_error(
            f"The format of the value at {place}.json is invalid. Provide a json object for the field."
        )
    if content.video is not None or content.search_result is not None:
        raise validation_error(
            f"This model doesn't support the {content.kind()} content block that you provided."
        )


def _check_order(message: Message, place: str, family: Family) -> None:
    """How tool results stand beside other blocks of their turn."""
    are_results = [block.tool_result is not None for block in message.content if block.cache_point is None]
    if not any(are_results) or all(are_results):
        return
    if not family.text_beside_results:
        raise validation_error(
            "Conversation blocks and tool result blocks cannot be provided in the same turn."
        )
    if family.results_first and are_results != sorted(are_results, reverse=True):  # [?] the wording
        raise validation_error(f"{place}: `tool_result` blocks must come before other content.")


def _check_pair(uses: list[ToolUse], results: list[ToolResult], place: str) -> None:
    """Each call of a turn has exactly one result in the next turn."""
    called, answered = [use.tool_use_id for use in uses], [result.tool_use_id for result in results]
    missing = [id_ for id_ in called if id_ not in answered]
    if missing:
        raise validation_error(
            f"Expected toolResult blocks at {place} for the following Ids: {', '.join(missing)}"
        )
    if len(answered) > len(called):
        raise validation_error(
            f"The number of toolResult blocks at {place} exceeds the number of toolUse blocks of previous turn."
        )
    if len(set(called)) < len(called):  # [?] the wording
        raise validation_error(f"The toolUse blocks before {place} contain duplicate Ids.")
