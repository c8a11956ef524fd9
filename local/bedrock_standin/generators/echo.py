"""A generator without a model. It repeats the prompt, and calls tools."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.generators.chat_body import text_of, token_limit
from local.bedrock_standin.generators.completion import Completion
from local.bedrock_standin.generators.generator import chunks_when_whole
from local.bedrock_standin.generators.schema_examples import arguments_of
from local.bedrock_standin.generators.tools import call_message, callable_tools
from local.bedrock_standin.generators.words import completion_in_words

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from local.bedrock_standin.generators.tools import Tool

JsonObject = dict[str, Any]


class EchoGenerator:
    """Answers "echo: " and the last user message's text. Words between white space count as tokens.

    If `tool_choice` allows a tool, it calls the first tool. The arguments match the tool's parameters, and their strings
    have the last user message's text.
    """

    async def start(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def complete(self, body: JsonObject) -> Completion:
        """The echo, cut after `max_tokens` (or `max_completion_tokens`) words. A tool call is never cut."""
        asked = _last_user_text(body["messages"])
        tools = callable_tools(body)
        if tools:
            return _tool_call(body, tools[0], asked)
        text, finish_reason = _limited(f"echo: {asked}", token_limit(body))
        message = {"content": text, "role": "assistant"}
        return completion_in_words(body, message, finish_reason, len(text.split()))

    def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The echo, a word per chunk."""
        return chunks_when_whole(self, body)


def _tool_call(body: JsonObject, tool: Tool, asked: str) -> Completion:
    arguments = json.dumps(arguments_of(tool.parameters, asked), ensure_ascii=False)
    return completion_in_words(body, call_message(tool, arguments), "tool_calls", len(arguments.split()))


def _last_user_text(messages: list[JsonObject]) -> str:
    asked = [text_of(message) for message in messages if message["role"] == "user"]
    return asked[-1] if asked else ""


def _limited(text: str, words: int | None) -> tuple[str, str]:
    if words is None or len(text.split()) <= words:
        return text, "stop"
    return "".join(re.findall(r"\s*\S+", text)[:words]), "length"
