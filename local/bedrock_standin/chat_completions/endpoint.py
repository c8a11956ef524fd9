"""The chat completions endpoint: answers a request's bytes with a completion, a fault or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from local.bedrock_standin.chat_answers.encoding import encoded
from local.bedrock_standin.chat_answers.error_bodies import body_of_refusal
from local.bedrock_standin.chat_answers.fault_answers import answer_to
from local.bedrock_standin.chat_completions.request import read_request
from local.bedrock_standin.faults.fault import read_fault
from local.bedrock_standin.json_bodies import parse_object
from local.bedrock_standin.refusals import FrontDoorRefusalError, RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.bedrock_standin.chat_completions.completions import ChatCompletions
    from local.bedrock_standin.chat_completions.guardrail_headers import GuardrailHeaders
    from local.bedrock_standin.faults.fault import FaultBook
    from local.bedrock_standin.faults.weather import Weather

CHAT_COMPLETIONS_PATH = "/openai/v1/chat/completions"


class ChatEndpoint:
    """Answers POST requests to CHAT_COMPLETIONS_PATH. Their credentials have been checked already."""

    def __init__(
        self,
        faults: FaultBook,
        weather: Weather,
        guardrail_headers: GuardrailHeaders,
        completions: ChatCompletions,
    ) -> None:
        self._faults = faults
        self._weather = weather
        self._guardrail_headers = guardrail_headers
        self._completions = completions

    async def answer(self, headers: Mapping[str, str], raw: bytes) -> Response:
        """The response. Raises FrontDoorRefusalError, and ConnectionDroppedError if a fault asks for it."""
        try:
            return await self._answer(headers, raw)
        except FrontDoorRefusalError:
            raise
        except RefusalError as refusal:
            body = encoded(body_of_refusal(refusal))
            return Response(body, refusal.status, refusal.headers, "application/json")

    async def _answer(self, headers: Mapping[str, str], raw: bytes) -> Response:
        body = parse_object(raw)
        asked = self._faults.take(read_fault(body))
        streams = body.get("stream") is True
        fault = self._weather.fault(asked, streams=streams, model=body.get("model"))
        answered = await answer_to(fault)
        if answered is not None:
            return answered
        heeded_headers, heeded_body = self._guardrail_headers.heeded(headers, body)
        return await self._completions.answer(read_request(heeded_body, heeded_headers), fault)
