"""/files, /files/ID and /files/ID/content: https://platform.openai.com/docs/api-reference/files"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

from chat_gateway.core.errors import InvalidRequestError
from openai_resources import file_rules, pages, routing
from openai_resources.errors import MissingFieldError
from openai_resources.files import client_files
from openai_resources.files.client_files import ClientFiles
from resource_items import ids

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from openai_resources.call import Call
    from openai_resources.storage import Storage

_MAX_LIST = 10_000
# A larger content is read from S3: as base64, an answer of 6 MB has no more than 4.5 MB.
_MAX_ANSWERED_BYTES = 4_000_000
# The SDK for Python sends this name with bytes that have none.
_NO_FILENAME = "upload"


class FileRoutes:
    """Answers with the files of the current call's client."""

    def __init__(self, storage: Callable[[], Storage], call: Callable[[], Call]) -> None:
        self._storage, self._call = storage, call

    def add_to(self, app: APIGatewayRestResolver) -> None:
        """Adds the paths."""
        routing.add(app, "/files", GET=self.all, POST=self.create)
        routing.add(app, "/files/<file_id>", GET=self.one, DELETE=self.delete)
        routing.add(app, "/files/<file_id>/content", GET=self.content)

    def all(self) -> dict[str, Any]:
        """OpenAI's list of files."""
        query = self._call().query
        wanted = pages.wanted(query, ids.FILE, default=_MAX_LIST, maximum=_MAX_LIST)
        return self._files().page(wanted, purpose=query.get("purpose") or None)

    def create(self) -> dict[str, Any]:
        """OpenAI's object of the file in the request's form."""
        form = self._call().form("file")
        purpose = file_rules.purpose(form.texts.get("purpose"))
        kept_s = file_rules.kept_s_of_form(form.table("expires_after"), form.texts)
        if form.file is None:
            raise MissingFieldError("file")
        if not form.file.content:
            raise InvalidRequestError("The file is empty.", param="file")
        filename = file_rules.filename(form.file.filename or _NO_FILENAME)
        file = self._files().create(form.file.content, filename=filename, purpose=purpose, kept_s=kept_s)
        return file.document()

    def one(self, file_id: str) -> dict[str, Any]:
        """OpenAI's object of one file."""
        return self._files().one(file_id).document()

    def content(self, file_id: str) -> Response[bytes | str]:
        """The file's bytes, or where to read them: both SDKs follow it, without Authorization."""
        files = self._files()
        file = files.one(file_id)
        if file.bytes > _MAX_ANSWERED_BYTES:
            headers = {"location": files.url(file), "cache-control": "no-store"}
            return Response(HTTPStatus.FOUND, client_files.CONTENT_TYPE, "", headers=headers)
        headers = {"content-disposition": client_files.disposition(file.filename)}
        return Response(HTTPStatus.OK, client_files.CONTENT_TYPE, files.content(file), headers=headers)

    def delete(self, file_id: str) -> dict[str, Any]:
        """OpenAI's answer to a deletion."""
        files = self._files()
        file = files.one(file_id)
        files.delete(file)
        return {"id": file.id, "object": "file", "deleted": True}

    def _files(self) -> ClientFiles:
        return ClientFiles(self._storage(), self._call().owner)
