"""/uploads, its parts, complete and cancel: https://platform.openai.com/docs/api-reference/uploads"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chat_gateway.core.errors import InvalidRequestError
from openai_resources import file_rules, routing
from openai_resources.errors import MissingFieldError
from openai_resources.uploads.client_uploads import MAX_PARTS, ClientUploads
from resource_items import ids

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from openai_resources.call import Call
    from openai_resources.storage import Storage

# As of a file: https://platform.openai.com/docs/api-reference/files/create
_MAX_BYTES = 512 * 1024 * 1024
_MD5 = re.compile(r"[0-9a-fA-F]{32}")


class UploadRoutes:
    """Makes files of parts for the current call's client."""

    def __init__(self, storage: Callable[[], Storage], call: Callable[[], Call]) -> None:
        self._storage, self._call = storage, call

    def add_to(self, app: APIGatewayRestResolver) -> None:
        """Adds the paths."""
        routing.add(app, "/uploads", POST=self.create)
        routing.add(app, "/uploads/<upload_id>/parts", POST=self.add_part)
        routing.add(app, "/uploads/<upload_id>/complete", POST=self.complete)
        routing.add(app, "/uploads/<upload_id>/cancel", POST=self.cancel)

    def create(self) -> dict[str, Any]:
        """OpenAI's object of a new upload."""
        document = self._call().document()
        upload = self._uploads().create(
            purpose=file_rules.purpose(document.get("purpose")),
            filename=file_rules.filename(document.get("filename")),
            size_bytes=_size_bytes(document.get("bytes")),
            kept_s=file_rules.kept_s(document.get("expires_after")),
        )
        return upload.document(self._storage().now())

    def add_part(self, upload_id: str) -> dict[str, Any]:
        """OpenAI's object of the part in the request's form."""
        data = self._call().form("data").file
        if data is None:
            raise MissingFieldError("data")
        if not data.content:
            raise InvalidRequestError("The part is empty.", param="data")
        return self._uploads().add_part(upload_id, data.content).document()

    def complete(self, upload_id: str) -> dict[str, Any]:
        """OpenAI's object of the upload, with its file."""
        document = self._call().document()
        part_ids, md5 = _part_ids(document.get("part_ids")), _md5(document.get("md5"))
        return self._uploads().complete(upload_id, part_ids, md5=md5).document(self._storage().now())

    def cancel(self, upload_id: str) -> dict[str, Any]:
        """OpenAI's object of the cancelled upload. A body is not read."""
        return self._uploads().cancel(upload_id).document(self._storage().now())

    def _uploads(self) -> ClientUploads:
        return ClientUploads(self._storage(), self._call().owner)


def _size_bytes(value: object) -> int:
    if value is None:
        raise MissingFieldError("bytes")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MAX_BYTES:
        raise InvalidRequestError(f"bytes must be a whole number from 1 to {_MAX_BYTES}.", param="bytes")
    return value


def _part_ids(value: object) -> list[str]:
    """The ids, in the caller's order. The empty list is refused, because a file has at least one byte."""
    match value:
        case None:
            raise MissingFieldError("part_ids")
        case list(part_ids) if 0 < len(part_ids) <= MAX_PARTS and all(map(ids.is_id, part_ids)):
            return part_ids
        case _:
            raise InvalidRequestError(f"part_ids must be a list of 1 to {MAX_PARTS} ids.", param="part_ids")


def _md5(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _MD5.fullmatch(value):
        raise InvalidRequestError("md5 must have 32 hexadecimal digits.", param="md5")
    return value
