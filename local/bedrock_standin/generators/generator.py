"""The interface of generators, and code that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from local.bedrock_standin.generators.completion import Completion, events_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

JsonObject = dict[str, Any]


class Generator(Protocol):
    """Makes completions from a chat body. The body does not have the stand-in's own keys."""

    async def start(self) -> None:
        """Prepares the generator for answers."""

    async def close(self) -> None:
        """Releases everything that `start` acquired."""

    async def complete(self, body: JsonObject) -> Completion:
        """One whole completion. Raises RefusalError: 400 if the body is refused, 503 if there is no answer."""

    def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """OpenAI's chunks as they are made. Raises the errors of `complete`."""


class GeneratorAround:
    """A generator that uses another generator, which it starts and closes."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    async def start(self) -> None:
        """Starts the other generator."""
        await self.generator.start()

    async def close(self) -> None:
        """Closes the other generator."""
        await self.generator.close()


async def chunks_when_whole(generator: Generator, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
    """OpenAI's chunks of a whole completion, with the usage if `body` asks for it. Raises the errors of `complete`."""
    completion = await generator.complete(body)
    for event in events_of(completion.choices[0]):
        yield {"choices": [event]}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {"choices": [], "usage": completion.usage}
