"""The sources of a stream's events. Each source yields batches of server-sent events, without [DONE]."""

from __future__ import annotations

from contextlib import aclosing
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.chat_answers.answer import Answer, chunk_of, chunks_of
from local.bedrock_standin.chat_answers.encoding import sse
from local.bedrock_standin.refusals import ConnectionDroppedError, RefusalError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from local.bedrock_standin.streams.event_stream import Batches

JsonObject = dict[str, Any]

# About 16 KB. At 64 KB, uvicorn makes the sender wait for the client.
_EVENTS_AT_ONCE = 64
_WORD = b"<word>"


async def finished(answer: Answer, *, include_usage: bool) -> Batches:
    """The events of a finished answer."""
    chunks = chunks_of(answer, include_usage=include_usage)
    while batch := [sse(chunk) for chunk in islice(chunks, _EVENTS_AT_ONCE)]:
        yield batch


async def relayed(answer: Answer, first: JsonObject, made: AsyncGenerator[JsonObject, None]) -> Batches:
    """A generator's `first` chunk, then its other chunks as they come. Raises ConnectionDroppedError if it fails."""
    async with aclosing(made):
        yield [sse(chunk_of(answer, first))]
        try:
            async for generated in made:
                yield [sse(chunk_of(answer, generated))]
        except RefusalError as error:  # the status has already been sent
            raise ConnectionDroppedError from error


async def words(answer: Answer, number_of_words: int | None, *, include_usage: bool) -> Batches:
    """Numbered words, one per event; None means without end. Built from bytes, which is much faster than from JSON."""
    yield [_event(answer, {"role": "assistant", "content": ""})]
    before, _, after = _event(answer, {"content": f" {_WORD.decode()}"}).partition(_WORD)
    numbers = iter(_numbers(number_of_words))
    while batch := [b"%b%d%b" % (before, number, after) for number in islice(numbers, _EVENTS_AT_ONCE)]:
        yield batch
    yield [_event(answer, {}, "stop")]
    if include_usage:
        yield [sse(chunk_of(answer, {"usage": answer.usage}))]


def _numbers(number_of_words: int | None) -> Iterable[int]:
    return count() if number_of_words is None else range(number_of_words)


def _event(answer: Answer, delta: JsonObject, finish_reason: str | None = None) -> bytes:
    return sse(chunk_of(answer, {"choices": [{"delta": delta, "finish_reason": finish_reason}]}))
