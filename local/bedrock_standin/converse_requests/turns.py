"""The rules for turns: their roles and order, and blocks that are empty or in the wrong place.

The texts of the refusals are as recorded, up to their first full stop, except where [?] stands.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from local.bedrock_standin.refusals import RefusalError, validation_error

if TYPE_CHECKING:
    from local.bedrock_standin.converse_requests.blocks import ContentBlock
    from local.bedrock_standin.converse_requests.body import ConverseBody, Message
    from local.bedrock_standin.converse_requests.families import Family

_ONLY_USER = frozenset({"image", "document", "toolResult", "searchResult"})
_ONLY_ASSISTANT = frozenset({"toolUse", "reasoningContent", "citationsContent"})
_ONLY_SYSTEM = frozenset({"toolAddition", "toolRemoval"})
_NO_MODEL = frozenset(
    {"video", "audio", "searchResult"}
)  # models take them, but none of those that answer here


def check_turns(body: ConverseBody, family: Family) -> None:
    """Raises RefusalError (400) if a turn or a block is not allowed."""
    _check_system(body, family)
    _check_roles(body.messages, family)
    for index, message in enumerate(body.messages):
        _check_content(message, f"messages.{index}")
    _check_last(body.messages[-1], family)


def _check_system(body: ConverseBody, family: Family) -> None:
    if body.system and not family.system:
        raise validation_error(
            "This model doesn't support system messages. Try again without a system message."
        )
    for index, block in enumerate(body.system):
        if block.text is not None and not block.text.strip():
            raise validation_error(
                f"The text field in the SystemContentBlock object at system.{index} is blank."
            )


def _check_roles(messages: list[Message], family: Family) -> None:
    if any(message.role == "system" for message in messages) and not family.system_turns:
        raise validation_error("This model doesn't support the role system in messages.")
    turns = [message for message in messages if message.role != "system"]
    if not turns or turns[0].role != "user":
        raise validation_error(
            "A conversation must start with a user message. Try again with a conversation that starts with a user message."
        )
    if any(first.role == second.role for first, second in pairwise(turns)):
        raise validation_error(
            "A conversation must alternate between user and assistant roles. Make sure the conversation alternates "
            "between user and assistant roles and try again."
        )


def _check_content(message: Message, place: str) -> None:
    if not message.content:
        raise validation_error(
            f"The content field in the Message object at {place} is empty. Add a ContentBlock object to the content "
            "field and try again."
        )
    for index, block in enumerate(message.content):
        _check_block(block, message.role, f"{place}.content.{index}")


def _check_block(block: ContentBlock, role: str, place: str) -> None:
    kind = block.kind()
    if block.text is not None and not block.text.strip():
        raise _blank(place)
    guarded = block.guard_content.text if block.guard_content is not None else None
    if guarded is not None and not guarded.text.strip():
        raise _blank(f"{place}.guardContent")
    if kind in _NO_MODEL:
        raise validation_error(f"This model doesn't support the {kind} content block that you provided.")
    allowed = {"user": _ONLY_USER, "assistant": _ONLY_ASSISTANT, "system": _ONLY_SYSTEM}
    elsewhere = {name for other, names in allowed.items() if other != role for name in names}
    if kind in elsewhere:  # [?] the wording
        raise validation_error(f"The {kind} field at {place} is not allowed in a message of the role {role}.")


def _blank(place: str) -> RefusalError:
    return validation_error(
        f"The text field in the ContentBlock object at {place} is blank. Add text to the text field, and try again."
    )


def _check_last(last: Message, family: Family) -> None:
    if last.role != "assistant":
        return
    if not family.prefill:
        raise validation_error(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    text = last.content[-1].text
    if family.signed_reasoning and text is not None and text != text.rstrip():
        raise validation_error("messages: final assistant content cannot end with trailing whitespace")
