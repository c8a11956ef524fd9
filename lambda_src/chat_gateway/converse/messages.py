"""The conversation as Converse's system prompt and turns.

Turns alternate and begin with a user's. All results of an assistant's calls stand at the beginning of the user's next
turn: https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use-inference-call.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from chat_gateway.converse import blocks, parameters
from chat_gateway.converse.blocks import Block, Content
from chat_gateway.converse.families import Family
from chat_gateway.converse.media import Media
from chat_gateway.converse.parameters import Scope
from chat_gateway.converse.tool_names import CallIds, ToolNames
from chat_gateway.core import foreign_json
from chat_gateway.core.errors import InvalidRequestError

Message = Mapping[str, Any]
_EMPTY_RESULT = "(no output)"  # Bedrock refuses a result without text
_SYSTEM_ROLES = ("system", "developer")


class Prompt(NamedTuple):
    """The system prompt and the turns.

    `called`: the caller's name of each tool that an earlier answer called, with the place of the first call.
    `ends_with_results`: the last turn holds results of tools.
    """

    system: list[Block]
    messages: list[dict[str, Any]]
    called: dict[str, str]
    ends_with_results: bool


class _Turn:
    """One turn. A user's has results of tools, then the rest; an assistant's has texts, then calls."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.first: list[Block] = []
        self.then: list[Block] = []
        self.document_at: str | None = None  # the place of the first message with a document

    def message(self) -> dict[str, Any]:
        return {"role": self.role, "content": [*self.first, *self.then]}


def prompt(messages: list[Any], family: Family, names: ToolNames) -> Prompt:
    """The messages of a request for a family of models. Raises InvalidRequestError."""
    conversation = _Conversation(family, names)
    for index, message in enumerate(messages):
        conversation.add(message, f"messages[{index}]")
    return conversation.prompt()


class _Conversation:
    """The turns so far, and the calls of the last assistant's turn that have no result yet."""

    def __init__(self, family: Family, names: ToolNames) -> None:
        self._family, self._names = family, names
        self._content, self._ids = Content(family, Media()), CallIds()
        self._system: list[Block] = []
        self._turns: list[_Turn] = []
        self._open: dict[str, str] = {}  # the caller's id to Converse's
        self._called: dict[str, str] = {}
        self._has_begun = False  # system prompts must come before all other messages

    def add(self, message: object, at: str) -> None:
        """Adds a message of the request. Raises InvalidRequestError."""
        if not isinstance(message, dict):
            raise parameters.wrong_type(at, "an object")
        role = message.get("role")
        if role in _SYSTEM_ROLES:
            self._add_system(message, at)
            return
        self._has_begun = True
        if role == "user":
            self._add_user(message, at)
        elif role == "assistant":
            self._add_assistant(message, at)
        elif role == "tool":
            self._add_result(message, at)
        else:
            raise _wrong_role(role, at)

    def prompt(self) -> Prompt:
        """Everything that was added. Raises InvalidRequestError if that is no conversation."""
        if not self._turns:
            raise parameters.wrong_value("messages", "they hold no text of a user. Add a user's message.")
        if self._open:
            raise parameters.wrong_value(
                "messages", "the last tool calls have no results. Add a message of role tool for each call."
            )
        _check_documents(self._turns)
        last = self._turns[-1]
        _cut_blanks_at_end(last)
        return Prompt(
            self._system,
            [turn.message() for turn in self._turns],
            self._called,
            ends_with_results=last.role == "user" and bool(last.first),
        )

    def _add_system(self, message: Message, at: str) -> None:
        parameters.check(message, Scope.SYSTEM, at)
        if self._has_begun:
            raise parameters.unsupported(
                f"{at}.role", "Converse takes system prompts only at the beginning. Move the message there."
            )
        texts = self._content.of_system(message.get("content"), f"{at}.content")
        if texts and not self._family.has_system:
            raise parameters.unsupported(
                at, f"{self._family.name}: no system prompt. Move the text to the user's first message."
            )
        self._system += texts

    def _add_user(self, message: Message, at: str) -> None:
        parameters.check(message, Scope.USER, at)
        content = self._content.of_user(message.get("content"), f"{at}.content")
        if content:
            turn = self._turn("user", at)
            turn.then += content
            if turn.document_at is None and any("document" in block for block in content):
                turn.document_at = at
            self._check_text_beside_results(turn, at)

    def _add_result(self, message: Message, at: str) -> None:
        parameters.check(message, Scope.TOOL_RESULT, at)
        id_ = self._answered(message.get("tool_call_id"), f"{at}.tool_call_id")
        content = self._content.of_tool(message.get("content"), f"{at}.content")
        texts = [block for block in content if "text" in block] or [{"text": _EMPTY_RESULT}]
        turn = self._turn("user", at)
        turn.first.append({"toolResult": {"toolUseId": id_, "content": texts}})
        turn.first += [block for block in content if "text" not in block]
        self._check_text_beside_results(turn, at)

    def _answered(self, call_id: object, at: str) -> str:
        """Converse's id of the open call, which is not open any more."""
        if not isinstance(call_id, str):
            raise parameters.wrong_type(at, "a string")
        id_ = self._open.pop(call_id, None)
        if id_ is None:
            raise parameters.wrong_value(
                at,
                "no tool call before it has this id and no result yet. Send one result right behind each call.",
            )
        return id_

    def _add_assistant(self, message: Message, at: str) -> None:
        parameters.check(message, Scope.ASSISTANT, at)
        texts = self._content.of_assistant(message.get("content"), f"{at}.content")
        texts += self._refusal(message, at)
        calls = message.get("tool_calls")
        if calls is not None and not isinstance(calls, list):
            raise parameters.wrong_type(f"{at}.tool_calls", "a list")
        if texts or calls:
            turn = self._turn("assistant", at)
            turn.first += texts
            for index, call in enumerate(calls or ()):
                turn.then.append(self._call(call, f"{at}.tool_calls[{index}]"))

    def _refusal(self, message: Message, at: str) -> list[Block]:
        refusal = message.get("refusal")
        if refusal is not None and not isinstance(refusal, str):
            raise parameters.wrong_type(f"{at}.refusal", "a string")
        return blocks.text(refusal or "")

    def _call(self, call: object, at: str) -> Block:
        if not self._family.has_tools:
            raise parameters.unsupported(at, f"{self._family.name}: no tools. Send the call as text.")
        call_id, function = _function(call, at)
        name = _filled(function.get("name"), f"{at}.function.name")
        self._called.setdefault(name, at)
        return {
            "toolUse": {
                "toolUseId": self._opened(call_id, f"{at}.id"),
                "name": self._names.sent(name),
                "input": _input(function.get("arguments"), f"{at}.function.arguments"),
            }
        }

    def _opened(self, call_id: str, at: str) -> str:
        """Converse's id for a new call."""
        if call_id in self._open:
            raise parameters.wrong_value(
                at, "another call of the same turn has this id. Give each call its own id."
            )
        id_ = self._open[call_id] = self._ids.new(call_id)
        return id_

    def _turn(self, role: str, at: str) -> _Turn:
        """The turn that the message belongs to: the last one if it has the same role, else a new one."""
        if self._turns and self._turns[-1].role == role:
            return self._turns[-1]
        if role == "assistant" and not self._turns:
            raise parameters.wrong_value(
                at, "a conversation begins with a user's message. Put one before it."
            )
        if role == "assistant" and self._open:
            raise parameters.wrong_value(
                at, "a tool call before it has no result. Add a message of role tool for each call."
            )
        self._turns.append(_Turn(role))
        return self._turns[-1]

    def _check_text_beside_results(self, turn: _Turn, at: str) -> None:
        if turn.first and turn.then and not self._family.takes_text_beside_results:
            raise parameters.unsupported(
                at,
                f"{self._family.name}: a turn holds either results of tools or a user's content. "
                "Put the assistant's answer between them.",
            )


def _function(call: object, at: str) -> tuple[str, dict[str, Any]]:
    """The id and the function of a checked call."""
    if not isinstance(call, dict):
        raise parameters.wrong_type(at, "an object")
    kind = call.get("type")
    if kind not in (None, "function"):
        raise parameters.unsupported(f"{at}.type", "Converse has function tools only. Use function.")
    parameters.check(call, Scope.CALL, at)
    call_id = _filled(call.get("id"), f"{at}.id")
    function = call.get("function")
    if not isinstance(function, dict):
        raise parameters.wrong_type(f"{at}.function", "an object")
    parameters.check(function, Scope.CALLED, f"{at}.function")
    return call_id, function


def _filled(value: object, at: str) -> str:
    if not isinstance(value, str) or not value:
        raise parameters.wrong_type(at, "a string that is not empty")
    return value


def _input(arguments: object, at: str) -> dict[str, Any]:
    """The arguments of a call as an object."""
    if arguments is not None and not isinstance(arguments, str):
        raise parameters.wrong_type(at, "a string")
    try:
        value = foreign_json.loads(arguments) if arguments and arguments.strip() else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise parameters.wrong_value(at, "the arguments must be a JSON object in a string.")
    return value


def _wrong_role(role: object, at: str) -> InvalidRequestError:
    place = f"{at}.role"
    if isinstance(role, str) and role in parameters.REFUSED_ROLES:
        return parameters.unsupported(place, parameters.REFUSED_ROLES[role])
    return parameters.wrong_value(place, "it must be system, developer, user, assistant or tool.")


def _check_documents(turns: list[_Turn]) -> None:
    """Raises InvalidRequestError if a turn has documents, but no text beside them."""
    for turn in turns:
        if turn.document_at is not None and not any("text" in block for block in turn.then):
            raise parameters.wrong_value(
                turn.document_at, "a file needs a text in the same message. Add one."
            )


def _cut_blanks_at_end(turn: _Turn) -> None:
    """Claude refuses an assistant's last text that ends in blanks."""
    if turn.role == "assistant" and turn.first and "text" in turn.first[-1]:
        turn.first[-1] = {"text": turn.first[-1]["text"].rstrip()}
