"""Asks for the token usage of streams whose callers did not, and knows the models that refuse to be asked."""

from __future__ import annotations

from http import HTTPStatus

from chat_gateway.chat_request import ChatRequest
from chat_gateway.errors import UpstreamError

# Callers choose the names, so that there is an end to what is remembered.
_MAX_MODELS = 100
_OPTION, _FIELD = "stream_options", "include_usage"


class StreamUsage:
    """What one process has learned; safe to share between threads."""

    def __init__(self) -> None:
        self._refusing: dict[str, None] = {}

    def asked_for(self, request: ChatRequest) -> ChatRequest:
        """The request with the usage chunk asked for; as it is where the caller said anything of it, or the model refuses.

        Options that are no object are left to Bedrock's judgement.
        """
        options = request.document.get(_OPTION)
        options = {} if options is None else options
        is_said = not isinstance(options, dict) or options.get(_FIELD) is not None
        if not request.streams or is_said or request.model in self._refusing:
            return request
        document = {**request.document, _OPTION: {**options, _FIELD: True}}
        return ChatRequest(request.model, document, streams=True, asks_for_usage=False)

    def is_refused(self, request: ChatRequest, error: UpstreamError) -> bool:
        """Whether `error`, Bedrock's answer to `request` with the usage asked for, is about that. Remembers the model."""
        said = f"{error.param or ''} {error.message}".lower()
        if error.status != HTTPStatus.BAD_REQUEST or (_OPTION not in said and _FIELD not in said):
            return False
        while len(self._refusing) >= _MAX_MODELS:
            self._refusing.pop(next(iter(self._refusing)), None)
        self._refusing[request.model] = None
        return True
