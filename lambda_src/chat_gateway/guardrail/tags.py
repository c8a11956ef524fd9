"""A guardrail's input tags: refused where a caller writes them, set by the environment's own rule.

As soon as one tag stands in a prompt, Bedrock checks tagged text only; without any it checks the whole prompt, but
not for prompt attacks: https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-tagging.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chat_gateway.core.errors import InvalidRequestError
from chat_gateway.guardrail import prompt_strings
from chat_gateway.guardrail.settings import Tagging

_TAG = "amazon-bedrock-guardrails-guardContent"
_ANY_TAG = _TAG.lower().encode()
# What introduces text that no tag can stand in.
_ELSEWHERE = "Names, descriptions and values used in this request:"

Message = Mapping[str, Any]


def check(document: Mapping[str, Any], content: bytes) -> None:
    """Raises InvalidRequestError where a caller's body, given parsed and serialised, holds an input tag."""
    if are_in(document, content):
        place = _place(document)
        raise InvalidRequestError(
            f"The request holds a guardrail's input tag in {place or 'the request'}, "
            "which could exempt the rest of it from the check.",
            param=place or None,
            code="guardrail_tag_not_allowed",
        )


def are_in(document: Mapping[str, Any], content: bytes) -> bool:
    """Whether an input tag stands in the body, also one that only comes about when parts or escapes are joined."""
    return _ANY_TAG in content.lower() or any(
        _ANY_TAG in text.lower().encode("utf-8", "replace") for text in _joined(document)
    )


def _place(document: Mapping[str, Any]) -> str:
    """Where the tag stands, or the message in which it comes about when parts or escapes are joined; empty at the top."""
    from chat_gateway.core import places  # for refused requests only

    place = places.of_first(document, _holds_tag)
    if place is not None:
        return place
    messages = document.get("messages")
    for index, message in enumerate(messages if isinstance(messages, list) else []):
        if any(_holds_tag(text) for text in _joined({"messages": [message]})):
            return f"messages[{index}]"
    return ""


def _holds_tag(text: str) -> bool:
    return _ANY_TAG in text.lower().encode("utf-8", "replace")


def tagged(document: dict[str, Any], tagging: Tagging, suffix: str) -> dict[str, Any] | None:
    """The body with the text that `tagging` names in tags, or None where there is none: then all is checked.

    Text that stands where no tag can, such as a tool's description, is repeated in tags after the user's first.
    Raises InvalidRequestError where a message is no object, or its content of no known type.
    """
    tags = _Tags(suffix)
    messages = document["messages"]
    if not all(_is_message(message) for message in messages):
        raise InvalidRequestError(
            "Each message must be an object whose content is text, a list or null.",
            param="messages",
            code="invalid_type",
        )
    chosen = _chosen(messages, tagging)
    wrapped = [
        tags.around_message(message) if index in chosen else message for index, message in enumerate(messages)
    ]
    checked = document if tagging is Tagging.ALL_TEXT else {"messages": [messages[i] for i in sorted(chosen)]}
    # In a user's words, because what tools and earlier answers say must not gain the system's authority.
    place = next((i for i, message in enumerate(messages) if message.get("role") == "user"), 0)
    wrapped[place] = tags.with_text_elsewhere(wrapped[place], prompt_strings.outside_content(checked))
    return {**document, "messages": wrapped} if tags.are_used else None


def _is_message(message: object) -> bool:
    return isinstance(message, dict) and isinstance(message.get("content"), str | list | None)


def _chosen(messages: list[Message], tagging: Tagging) -> set[int]:
    """The indices of the messages whose text is tagged; a turn is all that the user says in a row."""
    of_users = {index for index, message in enumerate(messages) if message.get("role") == "user"}
    if tagging is Tagging.ALL_TEXT:
        return set(range(len(messages)))
    if tagging is Tagging.LATEST_USER_TURN and of_users:
        last = max(of_users)
        begin = max((index for index in range(last) if index not in of_users), default=-1) + 1
        return set(range(begin, last + 1))
    return of_users


class _Tags:
    """Puts texts into tags of one suffix."""

    def __init__(self, suffix: str) -> None:
        self._opening, self._closing = f"<{_TAG}_{suffix}>", f"</{_TAG}_{suffix}>"
        self.are_used = False

    def around(self, text: str) -> str:
        if not text.strip():
            return text
        self.are_used = True
        return f"{self._opening}{text}{self._closing}"

    def around_message(self, message: Message) -> dict[str, Any]:
        content = message.get("content")
        if isinstance(content, str):
            return {**message, "content": self.around(content)}
        if isinstance(content, list):
            return {**message, "content": [self._around_part(part) for part in content]}
        return dict(message)

    def _around_part(self, part: Any) -> Any:
        return {**part, "text": self.around(part["text"])} if prompt_strings.is_text_part(part) else part

    def with_text_elsewhere(self, message: dict[str, Any], strings: list[str]) -> dict[str, Any]:
        """The message with `strings`, if there are any, in tags at its end."""
        if not strings:
            return message
        text = self.around("\n".join([_ELSEWHERE, *strings]))
        content = message.get("content")
        if isinstance(content, list):
            return {**message, "content": [*content, {"type": "text", "text": text}]}
        return {**message, "content": f"{content}\n{text}" if isinstance(content, str) and content else text}


def _joined(document: Mapping[str, Any]) -> Iterator[str]:
    """For each message that could hide a tag: its texts in one, and its tool calls' arguments without escapes."""
    messages = document.get("messages")
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict):
            yield from _joined_parts(message.get("content"))
            yield from _unescaped_arguments(message)


def _joined_parts(content: object) -> Iterator[str]:
    if isinstance(content, list) and len(content) > 1:
        yield "".join(text for part in content for text in _texts_of(part))


def _texts_of(part: object) -> list[str]:
    values = [value for key, value in part.items() if key != "type"] if isinstance(part, dict) else [part]
    return [value for value in values if isinstance(value, str)]


def _unescaped_arguments(message: Message) -> Iterator[str]:
    calls = message.get("tool_calls")
    functions = (
        [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    )
    for function in [*functions, message.get("function_call")]:
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if isinstance(arguments, str):
            yield from prompt_strings.unescaped(arguments)
