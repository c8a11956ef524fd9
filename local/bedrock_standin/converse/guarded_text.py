"""The text of a Converse request that a guardrail assesses, and the replacement of masked text.

docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-converse-api.html. Tool results, tool definitions, tool
arguments and reasoning are never assessed.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.bedrock_standin.converse_requests.blocks import ContentBlock, SystemBlock
    from local.bedrock_standin.converse_requests.body import ConverseBody


class _Place(NamedTuple):
    """A text of the request, which is the member `text` of `holder`."""

    holder: Any

    def text(self) -> str:
        return str(self.holder.text)


class GuardedText:
    """The assessed texts of one request. `replace` changes the request in place."""

    def __init__(self, body: ConverseBody) -> None:
        places = chain(_guarded(body.system), _of_messages(body))
        self._places = [place for place in places if place.text().strip()]

    def texts(self) -> list[str]:
        """The texts to assess. Blank texts are left out."""
        return [place.text() for place in self._places]

    def replace(self, texts: list[str]) -> None:
        """Replaces the texts that `texts` returned, in the same order and number."""
        for place, text in zip(self._places, texts, strict=True):
            place.holder.text = text


def _of_messages(body: ConverseBody) -> Iterator[_Place]:
    """The guarded blocks of the messages if there is one. Else all text of the messages.

    [?] A guarded block of the system prompt does not change what is assessed in the messages.
    """
    blocks = [block for message in body.messages for block in message.content]
    if any(block.guard_content is not None for block in blocks):
        yield from _guarded(blocks)
    else:
        yield from (_Place(block) for block in blocks if block.text is not None)


def _guarded(blocks: list[ContentBlock] | list[SystemBlock]) -> Iterator[_Place]:
    for block in blocks:
        if block.guard_content is not None and block.guard_content.text is not None:
            yield _Place(block.guard_content.text)
