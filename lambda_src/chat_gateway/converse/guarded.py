"""Marks the text of a Converse request that the guardrail checks, and lists the text that Converse leaves out.

https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-converse-api.html: the system prompt is checked only
inside of `guardContent`, and tool definitions, tool results and arguments are never checked.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from chat_gateway.converse import text_files
from chat_gateway.converse.media import NO_NAME
from chat_gateway.converse.parameters import FIELDS, Scope, Treatment
from chat_gateway.core import json_depth
from chat_gateway.guardrail import prompt_strings
from chat_gateway.guardrail.settings import Tagging

Body = dict[str, Any]
Block = dict[str, Any]
# Fields of a request that the model does not read, besides those that `prompt_strings` leaves out.
_NOT_READ = frozenset(
    {"reasoning_effort"}
    | {field.place for field in FIELDS[Scope.REQUEST] if field.treatment is Treatment.IGNORED}
)


def checked_tagging(body: Body, tagging: Tagging) -> Tagging:
    """`tagging`, or ALL_TEXT if the body has no text that `tagging` names: then Bedrock checks it all."""
    chosen = _chosen(body["messages"], tagging)
    return tagging if any(_has_text(body["messages"][index]) for index in chosen) else Tagging.ALL_TEXT


def wrapped(body: Body, tagging: Tagging) -> Body:
    """The body with each text that `tagging` names in `guardContent`.

    Never some of the texts of a system prompt or message: Bedrock then leaves the others out.
    """
    chosen = _chosen(body["messages"], tagging)
    messages = [
        {**turn, "content": [_guarded(block) for block in turn["content"]]} if index in chosen else turn
        for index, turn in enumerate(body["messages"])
    ]
    if "system" not in body or not checks_all(tagging):
        return {**body, "messages": messages}
    return {**body, "system": [_guarded(block) for block in body["system"]], "messages": messages}


def checks_all(tagging: Tagging) -> bool:
    """Whether the whole request is checked, and not only what users say."""
    return tagging in (Tagging.OFF, Tagging.ALL_TEXT)


class Unchecked(NamedTuple):
    """A text that Converse does not check, and the block that holds it, in which its masked form can take its place.

    `decoded`: the same without JSON's escapes, which could hide a word; None if it has none.
    """

    text: str
    block: Block
    decoded: str | None


def results_and_arguments(body: Body) -> list[Unchecked]:
    """The texts of tool results, and the arguments of earlier calls as JSON. Replacing one changes `body`."""
    found: list[tuple[str, Block]] = []
    for block in _blocks(body):
        if "toolResult" in block:
            found += [(part["text"], part) for part in block["toolResult"]["content"] if "text" in part]
        elif "toolUse" in block:
            found.append((_arguments(block["toolUse"]), block["toolUse"]))
    return _unchecked(found)


def arguments_and_reasoning(content: list[Block], offered: Collection[str]) -> list[Unchecked]:
    """What Converse does not check in the blocks of an answer. Replacing a text changes its block.

    A tool's name is checked if the model made it up: it is none of the names `offered`. A name cannot be replaced.
    """
    found: list[tuple[str, Block]] = []
    for block in content:
        if isinstance(use := block.get("toolUse"), dict):
            found.append((_arguments(use), use))
            if isinstance(name := use.get("name"), str) and name not in offered:
                found.append((name, use))
        thought = block.get("reasoningContent")
        words = thought.get("reasoningText") if isinstance(thought, dict) else None
        if isinstance(words, dict) and isinstance(words.get("text"), str):
            found.append((words["text"], words))
    return _unchecked(found)


def offered_tools(body: Body) -> list[str]:
    """The names of the tools in a request, as Converse gets them."""
    tools = body.get("toolConfig", {}).get("tools", ())
    return [tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool]


def texts(found: list[Unchecked]) -> list[str]:
    """What the guardrail is to check."""
    return [one.text for one in found] + [one.decoded for one in found if one.decoded is not None]


def replace(found: list[Unchecked], masked: list[str]) -> bool:
    """Puts the masked forms of `texts(found)` into the blocks. Returns whether that was possible.

    If it was not, the blocks must not be sent: some may be masked, and others not.
    """
    decoded = iter(masked[len(found) :])
    return all(
        _put(one.block, text) and (one.decoded is None or _decoded(text) == next(decoded, None))
        for one, text in zip(found, masked, strict=False)
    )


def elsewhere(document: Mapping[str, Any], body: Body, tagging: Tagging) -> str:
    """All other text that `tagging` names and Converse does not check: a line each.

    `document` is the caller's request, `body` what it became. The text is tool definitions, schemas, names and text files;
    of users' turns alone, it is their files. Text that can be replaced is not repeated here, where a mask is a block.
    """
    of_files = list(_of_files(body, _chosen(body["messages"], tagging)))
    if not checks_all(tagging):
        return "\n".join(of_files)
    read = {key: value for key, value in document.items() if key not in _NOT_READ}
    read["messages"] = [_without_arguments(message) for message in document["messages"]]
    said = prompt_strings.outside_content(read)
    return "\n".join([*said, *_names_as_sent(body, said), *of_files])


def _names_as_sent(body: Body, said: Collection[str]) -> list[str]:
    """The names and ids of tools and calls that were changed: another name could become a word, or be cut to one."""
    uses = [block["toolUse"] for block in _blocks(body) if "toolUse" in block]
    sent = [*offered_tools(body), *(use[key] for use in uses for key in ("name", "toolUseId"))]
    known = frozenset(said)
    return [name for name in dict.fromkeys(sent) if name not in known]


def _of_files(body: Body, chosen: set[int]) -> Iterator[str]:
    """The names of documents as they are sent, and the text of those that are text, in these turns.

    What is in other documents, and in images, no guardrail reads.
    """
    for block in (block for index in sorted(chosen) for block in body["messages"][index]["content"]):
        if "document" in block:
            file = block["document"]
            if file["name"] != NO_NAME:
                yield file["name"]
            if file["format"] in text_files.TEXT_FORMATS:
                yield from text_files.readings(base64.b64decode(file["source"]["bytes"]), file["format"])


def _blocks(body: Body) -> Iterator[Block]:
    return (block for turn in body["messages"] for block in turn["content"])


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object in the text; None if it is none, or one that two readers could understand differently."""
    value = _json(text)
    return value if isinstance(value, dict) else None


def _json(text: str) -> Any:
    """The JSON value in the text; None if it is no JSON, repeats a key or is nested too deeply."""
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError):
        return None
    return None if json_depth.is_too_deep(value) else value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a repeated key")
    return value


def _unchecked(found: list[tuple[str, Block]]) -> list[Unchecked]:
    return [
        Unchecked(text, block, _decoded(text) if "\\" in text else None)
        for text, block in found
        if text.strip() and text != "{}"
    ]


def _decoded(text: str) -> str:
    r"""The strings of a JSON object or list, a line each; other text with its `\uXXXX` escapes decoded."""
    value = _json(text)
    if not isinstance(value, dict | list):
        return next(prompt_strings.unescaped(text), text)
    return "\n".join(prompt_strings.strings([value]))


def _put(block: Block, masked: str) -> bool:
    """Puts a masked text into the block that holds it, as text or as arguments. Returns whether that was possible."""
    if "input" not in block:
        block["text"] = masked
        return True
    value = json_object(masked)
    if value is not None:
        block["input"] = value
    return value is not None


def _arguments(use: Block) -> str:
    """The arguments of a call as JSON; those of a stream that are no JSON object are text."""
    value = use.get("input")
    if value is None:
        value = use["input"] = {}
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _without_arguments(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message without what `results_and_arguments` has."""
    calls = message.get("tool_calls")
    if not calls:
        return message
    return {**message, "tool_calls": [{**call, "function": _name_of(call)} for call in calls]}


def _name_of(call: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in call["function"].items() if key != "arguments"}


def _has_text(turn: dict[str, Any]) -> bool:
    return any("text" in block for block in turn["content"])


def _guarded(block: Block) -> Block:
    return {"guardContent": {"text": {"text": block["text"]}}} if "text" in block else block


def _chosen(messages: list[dict[str, Any]], tagging: Tagging) -> set[int]:
    """The indices of the turns whose texts are marked. Neighbours of one role are one turn here."""
    if checks_all(tagging):
        return set(range(len(messages)))
    # A user's turn may hold tool results only, which no user said.
    of_users = [index for index, turn in enumerate(messages) if turn["role"] == "user" and _has_text(turn)]
    return set(of_users[-1:]) if tagging is Tagging.LATEST_USER_TURN else set(of_users)
