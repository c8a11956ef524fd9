"""The rules for images and documents.

Limits: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html. The texts of the refusals are as
recorded, up to their first full stop, except where [?] stands.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from local.bedrock_standin.converse_requests.image_types import image_type
from local.bedrock_standin.refusals import RefusalError, validation_error

if TYPE_CHECKING:
    from local.bedrock_standin.converse_requests.blocks import Document, Image
    from local.bedrock_standin.converse_requests.body import ConverseBody, Message
    from local.bedrock_standin.converse_requests.families import Family

_MAX_IMAGES = 20
_MAX_IMAGE_BYTES = 3_932_160  # 3.75 MiB
_MAX_DOCUMENTS = 5
_MAX_DOCUMENT_BYTES = 4_718_592  # 4.5 MiB
_NAME = re.compile(r"[A-Za-z0-9_()\[\]-]+(?:\s[A-Za-z0-9_()\[\]-]+)*")


class _Found(NamedTuple):
    place: str
    image: Image | None = None
    document: Document | None = None


def check_media(body: ConverseBody, family: Family) -> None:
    """Raises RefusalError (400) if an image or a document is not allowed."""
    found = [each for index, m in enumerate(body.messages) for each in _found(m, f"messages.{index}.content")]
    images = [(each.image, each.place) for each in found if each.image is not None]
    documents = [(each.document, each.place) for each in found if each.document is not None]
    if len(images) > _MAX_IMAGES:  # [?] the wording
        raise validation_error(f"The request has more than {_MAX_IMAGES} images.")
    if len(documents) > _MAX_DOCUMENTS:  # [?] the wording
        raise validation_error(f"The request has more than {_MAX_DOCUMENTS} documents.")
    for image, place in images:
        _check_image(image, place, family)
    for document, place in documents:
        _check_document(document, place, family)
    _check_names([document.name for document, _ in documents])
    for index, message in enumerate(body.messages):
        _check_text_beside(message, f"messages.{index}")


def _found(message: Message, place: str) -> Iterator[_Found]:
    for index, block in enumerate(message.content):
        where = f"{place}.{index}"
        yield _Found(f"{where}.image", image=block.image)
        yield _Found(f"{where}.document", document=block.document)
        for number, content in enumerate(block.tool_result.content if block.tool_result else ()):
            inside = f"{where}.toolResult.content.{number}"
            yield _Found(f"{inside}.image", image=content.image)
            yield _Found(f"{inside}.document", document=content.document)


def _check_image(image: Image, place: str, family: Family) -> None:
    if not family.images:
        raise _unsupported("image")
    if image.source.bytes_ is None:
        raise validation_error(f"This model doesn't support the s3Location field at {place}.source.")
    content = _decoded(image.source.bytes_, f"{place}.source.bytes")
    if len(content) > _MAX_IMAGE_BYTES:  # [?] the wording
        raise validation_error(f"The image at {place} is larger than 3.75 MB.")
    actual = image_type(content)
    if actual is None:
        raise validation_error(f"{place}: Could not process image")
    if actual != image.format:
        raise validation_error(
            f"{place}.source.base64: The image was specified using the image/{image.format} media type, but the image "
            f"appears to be a image/{actual} image"
        )


def _check_document(document: Document, place: str, family: Family) -> None:
    if not family.documents:
        raise _unsupported("document")
    if not _NAME.fullmatch(document.name):
        raise validation_error(
            "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, "
            "parentheses, and square brackets. The name can't contain more than one consecutive whitespace character."
        )
    source = document.source
    if source.s3_location is not None:
        raise validation_error(f"This model doesn't support the s3Location field at {place}.source.")
    if source.bytes_ is not None:
        if document.format is None:
            raise validation_error(f"The format field at {place} is missing.")
        if len(_decoded(source.bytes_, f"{place}.source.bytes")) > _MAX_DOCUMENT_BYTES:  # [?] the wording
            raise validation_error(f"The document at {place} is larger than 4.5 MB.")


def _check_names(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise validation_error("The request has documents with duplicate document names.")


def _check_text_beside(message: Message, place: str) -> None:
    """A message with a document also has text."""
    has_document = any(block.document is not None for block in message.content)
    if has_document and all(block.text is None and block.guard_content is None for block in message.content):
        raise validation_error(
            f"The message at {place} contains a document, and must contain a text block too."
        )  # [?] the wording


def _decoded(text: str, place: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise validation_error(f"The value at {place} is no base64.") from None  # [?] the wording


def _unsupported(kind: str) -> RefusalError:
    return validation_error(
        f"This model doesn't support the {kind} content block that you provided. Remove the {kind} content block "
        "and try again."
    )
