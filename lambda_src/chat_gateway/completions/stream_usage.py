"""Asks for the token usage of streams whose callers did not, and knows the models that refuse to be asked."""

from __future__ import annotations

from http import HTTPStatus

from chat_gateway.completions.request import ChatRequest
from chat_gateway.core import foreign_text
from chat_gateway.core.errors import UpstreamError

# Callers choose the names, so that there is an end to what is remembered.
_MAX_MODELS = 100
_OPTION, _FIELD = "stream_options", "include_usage"


class StreamUsage:
    """What one process has learned. For one thread at a time."""

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
        return request._replace(document={**request.document, _OPTION: {**options, _FIELD: True}})

    def remember(self, model: str) -> None:
        """The model refuses to be asked: it answered the same request without the option."""
        if foreign_text.model(model) is None:
            return
        while len(self._refusing) >= _MAX_MODELS:
            self._refusing.pop(next(iter(self._refusing)), None)
        self._refusing[model] = None


def is_refused(error: UpstreamError) -> bool:
    """Whether `error`, Bedrock's answer to a request with the usage asked for, may be about that."""
    said = f"{error.param or ''} {error.message}".lower()
    return error.status == HTTPStatus.BAD_REQUEST and (_OPTION in said or _FIELD in said)
