"""Reads API Gateway's REST proxy event into an `HttpRequest`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from chat_gateway.completions import request as chat_request
from chat_gateway.core import foreign_text
from chat_gateway.core.errors import InvalidRequestError, RequestTooLargeError
from client_keys.no_limits import CONTEXT

# A private API also has a name for each of its VPC endpoints.
_API_HOST = re.compile(r"[a-z0-9]{1,20}(?:-vpce-[0-9a-f]{1,20})?\.execute-api\.[a-z0-9.-]{1,60}")
# https://platform.openai.com/docs/api-reference/debugging-requests
_CLIENT_REQUEST_ID = re.compile(r"[ -~]{1,512}")
_RETRY_COUNT = re.compile(r"[0-9]{1,3}")

Headers = Mapping[str, list[str]]


class MalformedEventError(Exception):
    """A part of API Gateway's event has another type than AWS documents."""


class HttpRequest(NamedTuple):
    """One HTTP request. Missing ids are None. `headers` has all values by lowercase name."""

    method: str
    path: str  # as requested, without stage and query
    route: str  # API Gateway's resource, such as /{proxy+}
    headers: Headers
    text: object  # the body as it stands in the event
    is_base64: bool
    request_id: str | None
    api_request_id: str | None
    client: str | None
    client_policy: object  # from the authorizer's context; None if it has none
    sdk_retry_count: int | None  # how often the SDK has already retried this request
    domain_name: object
    stage: object
    fault: Exception | None
    path_parameters: object = None  # of API Gateway's route
    deployment: str | None = None  # the model that the path names, as Azure's clients write it

    def check(self) -> None:
        """Raises MalformedEventError if a part of the event was malformed, or why the caller is refused."""
        if self.fault is not None:
            raise self.fault

    @property
    def is_chat_completion(self) -> bool:
        """Whether the request is a POST to one of the paths of chat completions."""
        return self.method == "POST" and self.route in chat_request.PATHS

    @property
    def base_url(self) -> str:
        """The base URL for clients. Behind another host only its end: `custom_domain` knows the stack's own domain."""
        is_known = isinstance(self.domain_name, str) and _API_HOST.fullmatch(self.domain_name) is not None
        return f"https://{self.domain_name}/{self.stage}/openai/v1" if is_known else "/openai/v1"

    @property
    def sends_client_request_id(self) -> bool:
        """Whether the caller sent an id of its own, valid or not."""
        return "x-client-request-id" in self.headers

    @property
    def client_request_id(self) -> str | None:
        """The caller's own id if there is exactly one value that OpenAI would accept, else None."""
        values = self.headers.get("x-client-request-id") or []
        return values[0] if len(values) == 1 and _CLIENT_REQUEST_ID.fullmatch(values[0]) else None

    @property
    def trace_id(self) -> str | None:
        """The trace id of the caller's `traceparent`; None without a valid one."""
        if "traceparent" not in self.headers:
            return None
        from chat_gateway.http_api import traceparent  # for callers that trace

        return traceparent.trace_id(self.headers["traceparent"])

    def body(self, *, max_bytes: int) -> bytes:
        """The request body, without its Content-Encoding. Each call decodes it again. `max_bytes` is for both forms.

        Raises RequestTooLargeError, InvalidRequestError for bad base64 or gzip, UnsupportedContentEncodingError, and
        MalformedEventError if the body is not text.
        """
        text = self.text or ""
        if not isinstance(text, str):
            raise MalformedEventError("body")
        content = _decoded(text, max_bytes) if self.is_base64 else text.encode("utf-8", "surrogatepass")
        if len(content) > max_bytes:
            raise _too_large(max_bytes)
        if "content-encoding" in self.headers and content:
            from chat_gateway.http_api import content_encoding  # for encoded bodies

            return content_encoding.decoded(content, self.headers["content-encoding"], max_bytes=max_bytes)
        return content


def read(event: object) -> HttpRequest:
    """The request in `event`; never raises. If a part is malformed, `fault` names it, and the rest is read."""
    fields = event if isinstance(event, dict) else {}
    context = _mapping(fields.get("requestContext"))
    authorizer = _mapping(context.get("authorizer"))
    headers, fault = _headers(fields.get("multiValueHeaders"))
    # Callers can set requestId (through x-amzn-requestid), but not extendedRequestId.
    api_request_id = foreign_text.name(context.get("requestId"))
    return HttpRequest(
        method=_text(fields.get("httpMethod")),
        path=_text(fields.get("path")),
        route=_text(fields.get("resource")),
        headers=headers,
        text=fields.get("body"),
        is_base64=bool(fields.get("isBase64Encoded")),
        request_id=_text(context.get("extendedRequestId")) or api_request_id,
        api_request_id=api_request_id,
        client=_text(authorizer.get("principalId")) or None,
        client_policy=authorizer.get(CONTEXT),
        sdk_retry_count=_retry_count(headers),
        domain_name=context.get("domainName"),
        stage=context.get("stage"),
        fault=fault,
        path_parameters=fields.get("pathParameters"),
    )


def _headers(sent: object) -> tuple[Headers, MalformedEventError | None]:
    found: dict[str, list[str]] = {}
    try:
        for name, values in (sent or {}).items():  # type: ignore[attr-defined]
            "".join(values or ())  # the fastest check that all values are text
            key = name.lower()
            found[key] = [*found[key], *(values or ())] if key in found else [*(values or ())]
    except (AttributeError, TypeError):
        return {}, MalformedEventError("multiValueHeaders")
    return found, None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _retry_count(headers: Headers) -> int | None:
    count = (headers.get("x-stainless-retry-count") or [""])[0]
    return int(count) if _RETRY_COUNT.fullmatch(count) else None


def _decoded(text: str, max_bytes: int) -> bytes:
    if len(text) > 4 * (max_bytes // 3 + 1):
        raise _too_large(max_bytes)
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise InvalidRequestError("The request body is not valid base64.") from None


def _too_large(max_bytes: int) -> RequestTooLargeError:
    return RequestTooLargeError(f"The request body is larger than {max_bytes} bytes.")
