"""Asks Bedrock for the token usage of streams, and remembers models that refuse the option."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from chat_gateway.completions.request import ChatRequest
from chat_gateway.core import foreign_text
from chat_gateway.core.errors import UpstreamError

# Callers choose the names, so the number of remembered models is limited.
_MAX_MODELS = 100
_OPTION, _FIELD = "stream_options", "include_usage"


class StreamUsage:
    """The models that refused the option in this process. Not thread-safe."""

    def __init__(self) -> None:
        self._refusing: dict[str, None] = {}

    def asked_for(
        self, request: ChatRequest, models: Iterable[str], *, overrides_no: bool = False
    ) -> ChatRequest:
        """The request with the usage chunk asked for; unchanged if the caller set the option or a model refuses it.

        `models`: those that may answer. `overrides_no`: ask although the caller set the option to false. `stream_options`
        that are not an object are left unchanged, for Bedrock to judge.
        """
        options = request.document.get(_OPTION)
        options = {} if options is None else options
        is_said = not isinstance(options, dict) or _is_said(options.get(_FIELD), overrides_no=overrides_no)
        if not request.streams or is_said or not self._refusing.keys().isdisjoint(models):
            return request
        return request._replace(document={**request.document, _OPTION: {**options, _FIELD: True}})

    def remember(self, model: str) -> None:
        """Remembers that `model` refuses the option. Call it after the same request succeeded without the option."""
        if foreign_text.model(model) is None:
            return
        while len(self._refusing) >= _MAX_MODELS:
            self._refusing.pop(next(iter(self._refusing)), None)
        self._refusing[model] = None


def _is_said(value: object, *, overrides_no: bool) -> bool:
    return value is not None and not (overrides_no and value is False)


def is_refused(error: UpstreamError) -> bool:
    """Whether `error`, Bedrock's answer to a request with the option, may be about the option."""
    said = f"{error.param or ''} {error.message}".lower()
    return error.status == HTTPStatus.BAD_REQUEST and (_OPTION in said or _FIELD in said)
