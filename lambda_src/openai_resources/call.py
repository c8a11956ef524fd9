"""One request of a client, as the resources' routes see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from chat_gateway.core import strict_json
from chat_gateway.core.errors import RequestTooLargeError
from chat_gateway.http_api.http_request import MalformedEventError
from client_keys.no_limits import NO_LIMITS
from client_keys.policy import UNLIMITED, Policy
from openai_resources.errors import FileTooLargeError
from openai_resources.settings import MAX_BODY_BYTES
from resource_items import owners

if TYPE_CHECKING:
    from chat_gateway.client_policies.policies import ClientPolicies
    from chat_gateway.http_api.http_request import HttpRequest
    from chat_gateway.service.request_log import RequestLog
    from openai_resources.multipart_form import Form


class Call(NamedTuple):
    """A request, its path below the API's version, its query, and its log line."""

    request: HttpRequest
    path: str
    query: Mapping[str, str]
    log: RequestLog
    policies: Callable[[], ClientPolicies]
    generation: str  # of the client, from the authorizer's context

    def policy(self) -> Policy:
        """The client's policy. Raises what reading it raises: AwsCallError, UnknownPolicyError, ConfigurationError."""
        if self.request.client_policy == NO_LIMITS:
            return UNLIMITED
        return self.policies().of_request(self.request.client_policy, self.request.client)

    @property
    def client(self) -> str:
        """The client's id. Raises MalformedEventError if the authorizer named none."""
        if self.request.client is None:
            raise MalformedEventError("principalId")
        return self.request.client

    @property
    def owner(self) -> str:
        """The owner of the client's files, uploads and batches. Raises MalformedEventError."""
        return owners.owner(self.client, self.generation)

    def document(self) -> dict[str, Any]:
        """The request's JSON object. Raises InvalidRequestError and RequestTooLargeError."""
        return json_object(self.request.body(max_bytes=MAX_BODY_BYTES))

    def form(self, file_field: str) -> Form:
        """The request's form, with its file in `file_field`. Raises InvalidRequestError and FileTooLargeError."""
        from openai_resources import multipart_form  # for requests with a form

        try:
            body = self.request.body(max_bytes=MAX_BODY_BYTES)
        except RequestTooLargeError:
            raise FileTooLargeError from None
        content_type = ", ".join(self.request.headers.get("content-type", []))
        return multipart_form.read(content_type, body, file_field=file_field)


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body, which may begin with a byte order mark. Raises InvalidRequestError."""
    return strict_json.loads_object(body.removeprefix(strict_json.BYTE_ORDER_MARK))
