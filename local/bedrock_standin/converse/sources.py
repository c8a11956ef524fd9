"""The sources of a stream's events."""

from __future__ import annotations

from contextlib import aclosing
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.converse_answers.events import (
    MESSAGE_START,
    Event,
    block_stop,
    delta,
    events_of,
    message_stop,
)
from local.bedrock_standin.refusals import ConnectionDroppedError, RefusalError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from local.bedrock_standin.converse_answers.answer import Answer
    from local.bedrock_standin.converse_answers.events import Events
    from local.bedrock_standin.converse_answers.relay import Relay

JsonObject = dict[str, Any]

_EVENTS_AT_ONCE = 64


async def finished(answer: Answer) -> Events:
    """The events of a finished answer."""
    events = events_of(answer)
    while batch := list(islice(events, _EVENTS_AT_ONCE)):
        yield batch


async def relayed(
    relay: Relay,
    first: JsonObject,
    made: AsyncGenerator[JsonObject, None],
    metadata: Callable[[JsonObject], JsonObject],
) -> Events:
    """The events of a generator's `first` chunk and its other chunks, as they come. `metadata` takes their usage.

    Raises ConnectionDroppedError if the generator fails.
    """
    async with aclosing(made):
        yield [MESSAGE_START, *relay.events(first)]
        try:
            async for chunk in made:
                if events := list(relay.events(chunk)):
                    yield events
        except RefusalError as error:  # the status has already been sent
            raise ConnectionDroppedError from error
        yield [*relay.end(), Event("metadata", metadata(relay.usage))]


async def words(number_of_words: int | None, metadata: JsonObject) -> Events:
    """Numbered words, one per event; None means without end."""
    yield [MESSAGE_START]
    numbers = iter(count() if number_of_words is None else range(number_of_words))
    while batch := [delta(0, "text", f" {number}") for number in islice(numbers, _EVENTS_AT_ONCE)]:
        yield batch
    yield [block_stop(0), message_stop("end_turn"), Event("metadata", metadata)]
