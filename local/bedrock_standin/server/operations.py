"""The operations by path. Path segments arrive percent-encoded, and one segment may hold an ARN."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.responses import Response

from local.bedrock_standin.chat_completions.endpoint import CHAT_COMPLETIONS_PATH

if TYPE_CHECKING:
    from local.bedrock_standin.chat_completions.endpoint import ChatEndpoint
    from local.bedrock_standin.converse.endpoint import ConverseEndpoint
    from local.bedrock_standin.guardrail_api.endpoint import ApplyGuardrailEndpoint

# Makes the response from the headers and the body of a POST request.
Endpoint = Callable[[Mapping[str, str], bytes], Awaitable[Response]]

_CONVERSE = re.compile(r"/model/([^/]+)/(converse|converse-stream)")
_APPLY_GUARDRAIL = re.compile(r"/guardrail/([^/]+)/version/([^/]+)/apply")


class Operations:
    """Finds the endpoint of a path."""

    def __init__(
        self, chat: ChatEndpoint, converse: ConverseEndpoint, apply_guardrail: ApplyGuardrailEndpoint
    ) -> None:
        self._chat = chat
        self._converse = converse
        self._apply_guardrail = apply_guardrail

    def endpoint(self, path: str) -> Endpoint | None:
        """The endpoint of a path as received, without the query; None for an unknown path."""
        if path == CHAT_COMPLETIONS_PATH:
            return self._chat.answer
        if found := _CONVERSE.fullmatch(path):
            return partial(self._converse.answer, unquote(found[1]), stream=found[2] == "converse-stream")
        if found := _APPLY_GUARDRAIL.fullmatch(path):
            return partial(self._apply_guardrail.answer, unquote(found[1]), unquote(found[2]))
        return None
