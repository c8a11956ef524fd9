"""/batches, /batches/ID and /batches/ID/cancel: https://platform.openai.com/docs/api-reference/batch"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chat_gateway.core.errors import ClientPolicyError, InvalidRequestError
from openai_resources import pages, routing
from openai_resources.batches import batch_rules
from openai_resources.batches.batch_creation import Creation
from openai_resources.batches.client_batches import ClientBatches
from openai_resources.batches.errors import UnknownInputFileError
from openai_resources.call import json_object
from openai_resources.files.client_files import ClientFiles
from openai_resources.files.errors import UnknownFileError
from openai_resources.settings import MAX_BODY_BYTES
from resource_items import file_item, ids

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from openai_resources.call import Call
    from openai_resources.storage import Storage
    from resource_items.file_item import File

_DEFAULT_LIST, _MAX_LIST = 20, 100


class BatchRoutes:
    """Answers with the batches of the current call's client."""

    def __init__(self, storage: Callable[[], Storage], call: Callable[[], Call]) -> None:
        self._storage, self._call = storage, call

    def add_to(self, app: APIGatewayRestResolver) -> None:
        """Adds the paths."""
        routing.add(app, "/batches", GET=self.all, POST=self.create)
        routing.add(app, "/batches/<batch_id>", GET=self.one)
        routing.add(app, "/batches/<batch_id>/cancel", POST=self.cancel)

    def all(self) -> dict[str, Any]:
        """OpenAI's list of batches."""
        wanted = pages.wanted(self._call().query, ids.BATCH, default=_DEFAULT_LIST, maximum=_MAX_LIST)
        return self._batches().page(wanted)

    def create(self) -> dict[str, Any]:
        """OpenAI's object of a new batch; of the first one if the SDK repeats its request."""
        call, storage = self._call(), self._storage()
        body = call.request.body(max_bytes=MAX_BODY_BYTES)
        wanted = batch_rules.wanted(json_object(body))
        is_repeat = (call.request.sdk_retry_count or 0) > 0
        creation = Creation(storage, call.owner, body, is_repeat, storage.now())
        batch = self._batches().earlier(creation)
        if batch is None:
            self._check_client()
            file = self._input_file(wanted.input_file_id)
            batch = self._batches().create(
                creation, wanted, endpoint=batch_rules.ENDPOINT, input_key=file.object_key
            )
        else:
            call.log.add(repeated=True)
        call.log.add(batch=batch["id"])
        return batch

    def one(self, batch_id: str) -> dict[str, Any]:
        """OpenAI's object of one batch."""
        return self._batches().one(batch_id)

    def cancel(self, batch_id: str) -> dict[str, Any]:
        """OpenAI's object of the batch that is now being cancelled."""
        return self._batches().cancel(batch_id)

    def _batches(self) -> ClientBatches:
        return ClientBatches(self._storage(), self._call().owner)

    def _check_client(self) -> None:
        """Raises ClientPolicyError if the client's lines could not be run, as for any job."""
        call = self._call()
        # Not a record of the last minute: a client that is being deleted makes no further batch.
        record = call.policies().read_client(call.client)
        if record is None and not call.generation:
            raise ClientPolicyError(
                "This client was made by an earlier version of the gateway, which had no batches; "
                "its operator must make a new one.",
                code="unknown_client",
            )
        if record is None or record.generation != call.generation:
            raise ClientPolicyError("This client was deleted.", code="unknown_client")
        if not record.is_active:
            raise ClientPolicyError("This client is suspended or has expired.", code="client_not_active")
        if not record.policy.may_send_jobs:
            raise ClientPolicyError("This client may not send jobs or batches.", code="jobs_not_allowed")

    def _input_file(self, file_id: str) -> File:
        """Raises UnknownInputFileError, and InvalidRequestError for a file with another purpose."""
        try:
            file = ClientFiles(self._storage(), self._call().owner).one(file_id)
        except UnknownFileError:
            raise UnknownInputFileError(file_id) from None
        if file.purpose != file_item.BATCH:
            raise InvalidRequestError(
                f"The input file's purpose must be '{file_item.BATCH}'.", param="input_file_id"
            )
        return file
