"""What each field of a chat completion request becomes on Converse, as data, and the refusal of all others.

The fields: https://platform.openai.com/docs/api-reference/chat/create. docs/models.md shows these rows, and a test
compares it with them. A refused field's sentence is the error's message, too, so it says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from chat_gateway.core import foreign_text
from chat_gateway.core.errors import InvalidRequestError

UNSUPPORTED = "unsupported_parameter"
INVALID_TYPE, INVALID_VALUE = "invalid_type", "invalid_value"


class Treatment(StrEnum):
    """What happens with a field. The values are the words of docs/models.md."""

    MAPPED = "translated"
    IGNORED = "ignored"
    REFUSED = "refused"


class Field(NamedTuple):
    """A field's place, what happens with it, and how. A refused field may have one of the values `neutral`."""

    place: str
    treatment: Treatment
    how: str
    neutral: tuple[object, ...] = ()


class Scope(StrEnum):
    """The object that a field stands in: the first part of its place."""

    REQUEST = "request"
    SYSTEM = "system message"
    USER = "user message"
    ASSISTANT = "assistant message"
    TOOL_RESULT = "tool message"
    TEXT = "text part"
    REFUSAL = "refusal part"
    IMAGE = "image_url part"
    IMAGE_URL = "image_url"
    FILE_PART = "file part"
    FILE = "file"
    CACHE_CONTROL = "cache_control"
    CALL = "tool call"
    CALLED = "tool call's function"
    TOOL = "tool"
    FUNCTION = "tool's function"
    JSON_SCHEMA = "json_schema"


_M, _I, _R = Treatment.MAPPED, Treatment.IGNORED, Treatment.REFUSED
_NAME = Field("name", _I, "Converse has no field for a speaker's name.")
_TYPE = Field("type", _M, "It says which of these rows apply.")
_CACHE = Field(
    "cache_control",
    _M,
    'With `{"type": "ephemeral"}` a cache point follows, if the family has them; the last four of a request count. '
    "Otherwise it is dropped.",
)
_AS_TEXT = _CACHE._replace(how="As of a text part.")
_CONTENT = "Its texts become text blocks; blank ones are dropped."
FIELDS: dict[Scope, tuple[Field, ...]] = {
    Scope.REQUEST: (
        Field("model", _M, "It is the id in Converse's path."),
        Field("messages", _M, "Neighbours of one role become one turn; a turn without content is dropped."),
        Field(
            "max_completion_tokens",
            _M,
            "`maxTokens`. Without it `max_tokens` counts; without both, the family's limit by default.",
        ),
        Field("max_tokens", _M, "`maxTokens`, if `max_completion_tokens` is absent."),
        Field("temperature", _M, "`temperature`; over 1 it is refused."),
        Field(
            "top_p",
            _M,
            "`topP`; over 1 it is refused. Newer Claudes take only one of the two; a 1 is dropped.",
        ),
        Field("top_k", _M, "Claude's `top_k`, Nova's `inferenceConfig.topK`; other families refuse it."),
        Field("stop", _M, "`stopSequences`; empty strings are dropped."),
        Field(
            "tools",
            _M,
            "`toolConfig`. Without it, tools named like the earlier calls in `messages` stand in, since Converse needs some.",
        ),
        Field(
            "tool_choice",
            _M,
            "`toolChoice`; `auto` is not sent. A choice that the family lacks is refused, and `none` after tool calls.",
        ),
        Field(
            "parallel_tool_calls",
            _M,
            "`true` is not sent; `false` is `disable_parallel_tool_use` on Claude from 4.5 on. Elsewhere it is ignored if "
            "`tool_choice` names a tool, else refused.",
        ),
        Field(
            "response_format",
            _M,
            "`text` is not sent; `json_schema` is `outputConfig.textFormat` if the family has it; `json_object`: refused.",
        ),
        Field(
            "reasoning_effort",
            _M,
            "The family's own setting, see below; families without one refuse it. `none` is not sent.",
        ),
        Field(
            "service_tier", _M, "`priority` and `flex` are sent, `auto` and `default` not; others: refused."
        ),
        Field("stream", _M, "With `true` the gateway calls ConverseStream."),
        Field("stream_options", _M, "With `include_usage` the stream has a usage chunk."),
        Field("seed", _I, "OpenAI promises best effort only, and Converse has no seed."),
        Field("user", _I, "It labels the request, and Converse has no field for it."),
        Field("safety_identifier", _I, "It labels the request, and Converse has no field for it."),
        Field("metadata", _I, "Converse would write it to the operator's invocation logs."),
        Field("prompt_cache_key", _I, "It is a hint; use `cache_control`."),
        Field("prompt_cache_options", _I, "It is a hint; use `cache_control`."),
        Field("prompt_cache_retention", _I, "It is a hint; use `cache_control`."),
        Field("prediction", _I, "It only makes answers faster."),
        Field("n", _R, "Converse gives one answer. Send the request once for each answer.", (1, 1.0)),
        Field("logit_bias", _R, "Converse cannot change the probability of tokens. Leave it out.", ({},)),
        Field("presence_penalty", _R, "Converse has no penalties. Leave it out.", (0, 0.0)),
        Field("frequency_penalty", _R, "Converse has no penalties. Leave it out.", (0, 0.0)),
        Field("logprobs", _R, "Converse returns no probabilities. Leave it out.", (False,)),
        Field("top_logprobs", _R, "Converse returns no probabilities. Leave it out.", (0,)),
        Field(
            "verbosity",
            _R,
            "Converse has no such setting. Ask for short or long answers in the prompt.",
            ("medium",),
        ),
        Field("store", _R, "Nothing is stored. Leave it out.", (False,)),
        Field(
            "moderation", _R, "The environment's guardrail is the only moderation. Leave it out.", (False,)
        ),
        Field("modalities", _R, "Converse answers with text. Leave it out.", (["text"],)),
        Field("audio", _R, "Converse answers with text. Leave it out."),
        Field("web_search_options", _R, "Converse has no web search. Give the model a tool that searches."),
        Field("functions", _R, "It is deprecated. Use tools."),
        Field("function_call", _R, "It is deprecated. Use tool_choice."),
    ),
    Scope.SYSTEM: (
        Field(
            "role",
            _M,
            "`system` and `developer` at the beginning become `system`. Later ones are refused, since to move them "
            "would change the conversation.",
        ),
        Field("content", _M, _CONTENT),
        _NAME,
    ),
    Scope.USER: (
        Field("role", _M, "The turn's role."),
        Field("content", _M, f"{_CONTENT} Images and files become image and document blocks."),
        _NAME,
    ),
    Scope.ASSISTANT: (
        Field("role", _M, "The turn's role. The first turn must be a user's."),
        Field(
            "content", _M, f"{_CONTENT} Blanks at the end of the last turn are cut off: Claude refuses them."
        ),
        Field("refusal", _M, "It becomes a text block."),
        Field(
            "tool_calls", _M, "They become `toolUse` blocks behind the turn's texts. Each needs its result."
        ),
        Field(
            "reasoning_content",
            _I,
            "Claude takes its reasoning back only with a signature, which has no place here.",
        ),
        Field("reasoning", _I, "As `reasoning_content`."),
        Field("reasoning_details", _I, "As `reasoning_content`."),
        Field("thinking_blocks", _I, "As `reasoning_content`."),
        Field("annotations", _I, "They describe an earlier answer."),
        Field("function_call", _R, "It is deprecated. Use tool_calls."),
        Field("audio", _R, "Converse cannot take sound back. Send the sound's text as content."),
        _NAME,
    ),
    Scope.TOOL_RESULT: (
        Field(
            "role",
            _M,
            "The result stands at the beginning of the next user turn, with all results of its calls.",
        ),
        Field("content", _M, "Its texts become the `toolResult`; an empty one becomes `(no output)`."),
        Field(
            "tool_call_id", _M, "It names an open call. Characters that Converse does not allow are replaced."
        ),
        _NAME,
    ),
    Scope.TEXT: (_TYPE, Field("text", _M, "It becomes a text block."), _CACHE),
    Scope.REFUSAL: (_TYPE, Field("refusal", _M, "It becomes a text block."), _AS_TEXT),
    Scope.IMAGE: (_TYPE, Field("image_url", _M, "It becomes an image block, in a user's message."), _AS_TEXT),
    Scope.IMAGE_URL: (
        Field(
            "url",
            _M,
            "A `data:` URL in base64 of a PNG, JPEG, GIF or WebP. Other URLs are refused, and not fetched.",
        ),
        Field("detail", _I, "Converse has no such setting."),
    ),
    Scope.FILE_PART: (
        _TYPE,
        Field("file", _M, "It becomes a document block, in a user's message with text."),
        _AS_TEXT,
    ),
    Scope.FILE: (
        Field(
            "file_data",
            _M,
            "A `data:` URL in base64 of PDF, CSV, DOC, DOCX, XLS, XLSX, HTML, TXT or Markdown.",
        ),
        Field(
            "filename", _M, "The document's name; other characters are replaced, and equal names numbered."
        ),
        Field("file_id", _R, "The gateway stores no files. Send the file as file_data."),
    ),
    Scope.CACHE_CONTROL: (
        Field("type", _M, "`ephemeral`; another value is refused."),
        Field("ttl", _M, "`5m` or `1h`; another value is refused."),
    ),
    Scope.CALL: (
        Field(
            "id",
            _M,
            "The block's id. Characters that Converse does not allow are replaced; a repeated id is changed.",
        ),
        Field(
            "type", _M, "`function`; `custom` is refused, since Converse has no tools that take free text."
        ),
        Field("function", _M, "The block's name and input."),
        Field("index", _I, "The list has the order."),
    ),
    Scope.CALLED: (
        Field("name", _M, "As the name of a tool."),
        Field(
            "arguments", _M, "A JSON object; an empty string is an empty object. Anything else is refused."
        ),
    ),
    Scope.TOOL: (
        Field(
            "type", _M, "`function`; `custom` is refused, since Converse has no tools that take free text."
        ),
        Field("function", _M, "A `toolSpec`."),
        Field("cache_control", _M, "As of a part, on Claude only."),
    ),
    Scope.FUNCTION: (
        Field(
            "name",
            _M,
            "A name that Converse does not allow is replaced for this request; answers have the caller's.",
        ),
        Field("description", _M, "If it is blank, the name."),
        Field("parameters", _M, "The input's schema, an object; if absent, any object."),
        Field("strict", _M, "Sent to Claude 4.5 and 4.6; other families refuse it, so it is dropped."),
    ),
    Scope.JSON_SCHEMA: (
        Field("name", _M, "The schema's name."),
        Field("description", _M, "The schema's description."),
        Field("schema", _M, "The schema, as a string of JSON."),
        Field("strict", _I, "Converse always enforces the schema."),
    ),
}
# Parts of a message and roles that are refused as a whole.
REFUSED_PARTS = {
    "input_audio": "Few models take sound. Send the sound's text.",
    "image_url": "Only a user's message may have images. Move the image to a user's message.",
    "file": "Only a user's message may have files. Move the file to a user's message.",
    "refusal": "Only an assistant's message may have a refusal. Send it as text.",
}
REFUSED_ROLES = {"function": "It is deprecated. Use the role tool."}
_FIELDS = {scope: {field.place: field for field in fields} for scope, fields in FIELDS.items()}
_UNKNOWN = "Converse has no field for it. Leave it out."
_LISTS_OF_FIELDS = "docs/models.md lists the fields"


def check(given: Mapping[str, Any], scope: Scope, at: str = "") -> None:
    """Raises InvalidRequestError if an object has a field that is refused or unknown; null is as good as absent.

    `at`: the object's place, empty for the request itself.
    """
    known = _FIELDS[scope]
    for key, value in given.items():
        field = known.get(key)
        if value is None or (field is not None and field.treatment is not Treatment.REFUSED):
            continue
        if field is None:
            raise unknown(key, at)
        if not _is_neutral(value, field.neutral):
            raise unsupported(_joined(at, key), field.how)


def unsupported(param: str, how: str) -> InvalidRequestError:
    """The refusal of what Converse cannot do. `how` says why, and what to do."""
    return InvalidRequestError(
        f"'{param}' is not supported with this model. {how}", param=param, code=UNSUPPORTED
    )


def unknown(key: str, at: str = "") -> InvalidRequestError:
    """The refusal of a field that is in no table. A name that is no plain name stays out of the error."""
    place = foreign_text.place(_joined(at, key))
    if place is None:
        where = f"'{at}'" if at else "The request"
        return InvalidRequestError(
            f"{where} has a field that is not supported with this model; {_LISTS_OF_FIELDS}.",
            param=at or None,
            code=UNSUPPORTED,
        )
    return unsupported(place, _UNKNOWN)


def wrong_type(param: str, expected: str) -> InvalidRequestError:
    """The refusal of a value of the wrong JSON type; `expected` such as `a string`."""
    return InvalidRequestError(f"'{param}' must be {expected}.", param=param, code=INVALID_TYPE)


def wrong_value(param: str, problem: str) -> InvalidRequestError:
    """The refusal of a value. `problem` is a sentence that says what to do."""
    return InvalidRequestError(f"'{param}': {problem}", param=param, code=INVALID_VALUE)


def _is_neutral(value: object, neutral: tuple[object, ...]) -> bool:
    # A type of its own, since True == 1.
    return any(type(value) is type(harmless) and value == harmless for harmless in neutral)


def _joined(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key
