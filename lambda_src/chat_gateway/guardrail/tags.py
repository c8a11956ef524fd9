"""Sets a guardrail's input tags by the environment's setting, and refuses a caller's own tags.

If a prompt has a tag, Bedrock checks only tagged text. Without tags Bedrock checks the whole prompt, but not for
prompt attacks: https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-tagging.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chat_gateway.core.errors import InvalidRequestError
from chat_gateway.guardrail import prompt_strings
from chat_gateway.guardrail.settings import Tagging

_TAG = "amazon-bedrock-guardrails-guardContent"
_ANY_TAG = _TAG.lower().encode()
# Introduces the copy of text that cannot be tagged in place.
_ELSEWHERE = "Names, descriptions and values used in this request:"

Message = Mapping[str, Any]


def check(document: Mapping[str, Any], content: bytes) -> None:
    """Raises InvalidRequestError if a caller's body holds an input tag. `content` is `document` serialised."""
    if are_in(document, content):
        place = _place(document)
        raise InvalidRequestError(
            f"Remove the guardrail input tag in {place or 'the request'}: "
            "a tag could exempt the rest of the request from the guardrail's check.",
            param=place or None,
            code="guardrail_tag_not_allowed",
        )


def are_in(document: Mapping[str, Any], content: bytes) -> bool:
    """Whether the body holds an input tag, also one that is split over parts or written with escapes."""
    return _ANY_TAG in content.lower() or any(
        _ANY_TAG in text.lower().encode("utf-8", "replace") for text in _joined(document)
    )


def _place(document: Mapping[str, Any]) -> str:
    """The tag's path, or its message's path if the tag is split or escaped; empty at the top level."""
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
    """The body with the text that `tagging` names in tags; None if it has no such text, so that Bedrock checks it all.

    Text that cannot be tagged in place, such as a tool's description, is repeated in tags in the first user message.
    Raises InvalidRequestError if a message is not an object, or its content has an unknown type.
    """
    tags = _Tags(suffix)
    messages = document["messages"]
    if not all(_is_message(message) for message in messages):
        raise InvalidRequestError(
            "Each message must be an object whose 'content' is a string, a list or null.",
            param="messages",
            code="invalid_type",
        )
    chosen = _chosen(messages, tagging)
    wrapped = [
        tags.around_message(message) if index in chosen else message for index, message in enumerate(messages)
    ]
    checked = document if tagging is Tagging.ALL_TEXT else {"messages": [messages[i] for i in sorted(chosen)]}
    # In a user message, because text of tools and earlier answers must not gain the system prompt's authority.
    place = next((i for i, message in enumerate(messages) if message.get("role") == "user"), 0)
    wrapped[place] = tags.with_text_elsewhere(wrapped[place], prompt_strings.outside_content(checked))
    return {**document, "messages": wrapped} if tags.are_used else None


def _is_message(message: object) -> bool:
    return isinstance(message, dict) and isinstance(message.get("content"), str | list | None)


def _chosen(messages: list[Message], tagging: Tagging) -> set[int]:
    """The indices of the messages whose text is tagged. A turn is a run of consecutive user messages."""
    of_users = {index for index, message in enumerate(messages) if message.get("role") == "user"}
    if tagging is Tagging.ALL_TEXT:
        return set(range(len(messages)))
    if tagging is Tagging.LATEST_USER_TURN and of_users:
        last = max(of_users)
        begin = max((index for index in range(last) if index not in of_users), default=-1) + 1
        return set(range(begin, last + 1))
    return of_users


class _Tags:
    """Puts text into tags with one suffix."""

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
        """The message with `strings`, if any, in tags at its end."""
        if not strings:
            return message
        text = self.around("\n".join([_ELSEWHERE, *strings]))
        content = message.get("content")
        if isinstance(content, list):
            return {**message, "content": [*content, {"type": "text", "text": text}]}
        return {**message, "content": f"{content}\n{text}" if isinstance(content, str) and content else text}


def _joined(document: Mapping[str, Any]) -> Iterator[str]:
    """The places where a tag could be hidden: joined content parts, and tool call arguments with decoded escapes."""
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
