"""The context object that a handler gets, with the attributes of awslambdaric's."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from response_streaming.failures import FaultError
from response_streaming.responses import StreamingResponse

# https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/lambda_context.py
_W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class _Record:
    """Attributes read from a JSON object; missing ones are None."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, document: dict[str, Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, document.get(name))

    def __repr__(self) -> str:
        values = ",".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"{type(self).__name__}([{values}])"


class Client(_Record):
    """The calling mobile application, as the AWS Mobile SDK describes it."""

    __slots__ = ("app_package_name", "app_title", "app_version_code", "app_version_name", "installation_id")


class ClientContext(_Record):
    """The client context that the caller sent."""

    __slots__ = ("client", "custom", "env")

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document)
        client = document.get("client")
        self.client = Client(client) if client is not None else None


class CognitoIdentity:
    """The caller's Cognito identity; both attributes are None without one."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, document: dict[str, Any]) -> None:
        self.cognito_identity_id: str | None = document.get("cognitoIdentityId")
        self.cognito_identity_pool_id: str | None = document.get("cognitoIdentityPoolId")


class LambdaContext:
    """The context of one invocation. Raises FaultError if a header does not hold valid JSON.

    `stream_response` writes a complete StreamingResponse, in place of the handler's return value. Other runtimes'
    contexts do not have it.
    """

    def __init__(
        self,
        *,
        request_id: str,
        deadline_ms: int,
        stream_response: Callable[[StreamingResponse], None],
        invoked_function_arn: str | None = None,
        client_context: str | None = None,
        cognito_identity: str | None = None,
        tenant_id: str | None = None,
    ) -> None:
        self.aws_request_id, self.stream_response = request_id, stream_response
        self.invoked_function_arn, self.tenant_id = invoked_function_arn, tenant_id
        document = _parsed(client_context, "Client Context")
        self._w3c = _take_w3c(document)
        self.client_context = ClientContext(document) if document is not None else None
        self.identity = CognitoIdentity(_parsed(cognito_identity, "Cognito Identity") or {})
        self._deadline_ms = deadline_ms

    # Read on access, since most handlers do not need them.

    @property
    def function_name(self) -> str | None:
        return os.environ.get("AWS_LAMBDA_FUNCTION_NAME")

    @property
    def function_version(self) -> str | None:
        return os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")

    @property
    def memory_limit_in_mb(self) -> str | None:
        return os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")

    @property
    def log_group_name(self) -> str | None:
        return os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")

    @property
    def log_stream_name(self) -> str | None:
        return os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends this invocation, at least 0."""
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def w3c(self) -> dict[str, str]:
        """The W3C trace context that came with the client context."""
        return dict(self._w3c)

    def log(self, message: object) -> None:
        """Writes `message` to stdout, without a line end."""
        sys.stdout.write(str(message))
        sys.stdout.flush()

    def __repr__(self) -> str:
        return f"LambdaContext([aws_request_id={self.aws_request_id},function_name={self.function_name}])"


def _parsed(header: str | None, name: str) -> Any:
    if not header:
        return None
    try:
        return json.loads(header)
    except ValueError as error:
        raise FaultError(
            "Runtime.LambdaContextUnmarshalError", f"Unable to parse {name} JSON: {error}"
        ) from None


def _take_w3c(client_context: Any) -> dict[str, str]:
    if not isinstance(client_context, dict):
        return {}
    fields = client_context.pop("w3c", None)
    if not isinstance(fields, dict):
        return {}
    return {name: fields[name] for name in _W3C_FIELDS if isinstance(fields.get(name), str)}
