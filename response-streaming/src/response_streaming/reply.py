"""Sends the answer to an invocation."""

from __future__ import annotations

from typing import Any

from response_streaming import failures
from response_streaming.payloads import encode_result
from response_streaming.responses import StreamingResponse
from response_streaming.runtime_api import Invocation, RefusedError, RuntimeApi, RuntimeApiError
from response_streaming.streaming import stream
from response_streaming.writer import AbandonedError


class Reply:
    """Answers an invocation once, with a streamed response, an ordinary result or an error.

    Every method raises RefusedError and RuntimeApiError; those that stream also AbandonedError.
    """

    def __init__(self, api: RuntimeApi, invocation: Invocation) -> None:
        self._api, self._invocation = api, invocation
        self._is_given = False

    def stream(self, response: StreamingResponse) -> None:
        """Writes the complete response. Raises RuntimeError if the invocation has an answer already.

        An exception of the body is raised if nothing has been sent yet. Another answer may be given then.
        """
        if self._is_given:
            raise RuntimeError("this invocation has already been answered")
        self._is_given = True
        try:
            stream(self._api, self._invocation, response)
        except (AbandonedError, RefusedError, RuntimeApiError):
            raise
        except Exception:
            self._is_given = False
            raise

    def give(self, result: Any) -> None:
        """Sends the handler's return value, unless a response has been streamed.

        Raises FaultError for a value that JSON cannot represent, and what `stream` raises.
        """
        if self._is_given:
            return
        if isinstance(result, StreamingResponse):
            self.stream(result)
            return
        body, content_type = encode_result(result)
        self._is_given = True
        self._api.post_result(self._invocation, body, content_type)

    def fail(self, error: Exception) -> None:
        """Logs the error, and reports it to Lambda unless the invocation has an answer already."""
        request_id = self._invocation.request_id
        failures.log(request_id, failures.describe(error))
        if not self._is_given:
            self._api.post_error(self._invocation, failures.error_document(error, request_id))
