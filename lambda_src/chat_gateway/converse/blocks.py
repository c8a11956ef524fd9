"""The content of one message as Converse's blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from chat_gateway.converse import cache_points, parameters
from chat_gateway.converse.families import Family
from chat_gateway.converse.media import Media
from chat_gateway.converse.parameters import Scope

Block = dict[str, Any]
_Part = dict[str, Any]


class Content(NamedTuple):
    """Reads the content of one request's messages for a family of models."""

    family: Family
    media: Media

    def of_system(self, content: object, at: str) -> list[Block]:
        """The blocks of a system prompt. All these methods raise InvalidRequestError."""
        return self._blocks(content, at, {"text": self._text})

    def of_user(self, content: object, at: str) -> list[Block]:
        return self._blocks(
            content, at, {"text": self._text, "image_url": self._image, "file": self._document}
        )

    def of_assistant(self, content: object, at: str) -> list[Block]:
        return self._blocks(content, at, {"text": self._text, "refusal": self._refusal})

    def of_tool(self, content: object, at: str) -> list[Block]:
        """The texts of a tool's result, and behind them the cache points, which do not fit into a result."""
        return self._blocks(content, at, {"text": self._text})

    def _blocks(
        self, content: object, at: str, readers: dict[str, Callable[[_Part, str], list[Block]]]
    ) -> list[Block]:
        if content is None:
            return []
        if isinstance(content, str):
            return text(content)
        if not isinstance(content, list):
            raise parameters.wrong_type(at, "a string or a list of parts")
        blocks: list[Block] = []
        for index, part in enumerate(content):
            place = f"{at}[{index}]"
            kind = part.get("type") if isinstance(part, dict) else None
            if not isinstance(kind, str):
                raise parameters.wrong_type(place, "an object with a type")
            read = readers.get(kind)
            if read is None:
                how = parameters.REFUSED_PARTS.get(kind, f"Use a part of type {' or '.join(readers)}.")
                raise parameters.unsupported(place, how)
            # An empty part is dropped with its cache point, which covers nothing new.
            if read_blocks := read(part, place):
                blocks += read_blocks
                blocks += cache_points.behind(part, place, has_them=self.family.has_cache_points)
        return blocks

    def _text(self, part: _Part, at: str) -> list[Block]:
        parameters.check(part, Scope.TEXT, at)
        return _text_of(part.get("text"), f"{at}.text")

    def _refusal(self, part: _Part, at: str) -> list[Block]:
        parameters.check(part, Scope.REFUSAL, at)
        return _text_of(part.get("refusal"), f"{at}.refusal")

    def _image(self, part: _Part, at: str) -> list[Block]:
        parameters.check(part, Scope.IMAGE, at)
        place = f"{at}.image_url"
        image = _object_in(part, "image_url", Scope.IMAGE_URL, place, "an object with a url")
        if not self.family.has_images:
            raise parameters.unsupported(at, f"{self.family.name}: no images. Leave it out.")
        return [self.media.image(image.get("url"), f"{place}.url")]

    def _document(self, part: _Part, at: str) -> list[Block]:
        parameters.check(part, Scope.FILE_PART, at)
        place = f"{at}.file"
        file = _object_in(part, "file", Scope.FILE, place, "an object with file_data")
        if not self.family.has_documents:
            raise parameters.unsupported(at, f"{self.family.name}: no files. Send the file's text.")
        return [self.media.document(file.get("file_data"), file.get("filename"), place)]


def _object_in(part: _Part, name: str, scope: Scope, place: str, kind: str) -> dict[str, Any]:
    """The checked object in a field of the part."""
    inner = part.get(name)
    if not isinstance(inner, dict):
        raise parameters.wrong_type(place, kind)
    parameters.check(inner, scope, place)
    return inner


def text(words: str) -> list[Block]:
    """The block of a text; none of a blank one, which Bedrock refuses."""
    return [{"text": words}] if words.strip() else []


def _text_of(words: object, at: str) -> list[Block]:
    if not isinstance(words, str):
        raise parameters.wrong_type(at, "a string")
    return text(words)
