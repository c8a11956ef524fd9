"""A generator that answers with given messages first."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from local.bedrock_standin.generators.generator import GeneratorAround, chunks_when_whole
from local.bedrock_standin.generators.words import completion_in_words

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from local.bedrock_standin.generators.completion import Completion
    from local.bedrock_standin.generators.generator import Generator

JsonObject = dict[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Function(_Part):
    name: str
    arguments: str


class _Call(_Part):
    id: str = "call_scripted"
    type: Literal["function"] = "function"
    function: _Function


class Script(_Part):
    """A message of the model, in OpenAI's form, for the next `requests` generations."""

    content: str | None = None
    tool_calls: list[_Call] = []
    reasoning_content: str | None = None
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"] | None = None
    requests: Annotated[int, Field(ge=1, le=1_000_000)] = 1

    def message(self) -> JsonObject:
        """The message of a completion."""
        calls = [call.model_dump() for call in self.tool_calls]
        reasoning = {"reasoning_content": self.reasoning_content} if self.reasoning_content else {}
        return {
            "content": self.content,
            "role": "assistant",
            **reasoning,
            **({"tool_calls": calls} if calls else {}),
        }

    def end(self) -> str:
        """The finish reason: the given one, or the one that fits the message."""
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")


class ScriptedAnswers(GeneratorAround):
    """The given messages in turn, then the answers of the other generator."""

    def __init__(self, generator: Generator) -> None:
        super().__init__(generator)
        self._waiting: deque[Script] = deque()

    def add(self, script: Script) -> None:
        """Answers with this message after those that wait already."""
        self._waiting.append(script)

    def reset(self) -> None:
        """Removes all messages."""
        self._waiting.clear()

    async def complete(self, body: JsonObject) -> Completion:
        """One whole completion. Raises the generator's errors."""
        if not self._waiting:
            return await self.generator.complete(body)
        script = self._waiting[0]
        script.requests -= 1
        if script.requests == 0:
            self._waiting.popleft()
        words = len((script.content or "").split())
        return completion_in_words(body, script.message(), script.end(), words)

    def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """OpenAI's chunks. Raises the generator's errors."""
        return chunks_when_whole(self, body) if self._waiting else self.generator.stream(body)
