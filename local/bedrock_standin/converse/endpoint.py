"""The endpoint of Converse and ConverseStream: answers a request's bytes with an answer, a fault or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.bedrock_standin.converse_answers.errors import response_of
from local.bedrock_standin.converse_answers.fault_answers import answer_to
from local.bedrock_standin.converse_requests.request import read_request
from local.bedrock_standin.faults.converse_fault import ConverseFault
from local.bedrock_standin.json_bodies import parse_object
from local.bedrock_standin.refusals import FrontDoorRefusalError, RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from local.bedrock_standin.converse.conversations import Conversations
    from local.bedrock_standin.faults.converse_fault import NextFaults
    from local.bedrock_standin.faults.weather import Weather


class ConverseEndpoint:
    """Answers POST requests to /model/{modelId}/converse and …/converse-stream. Their credentials have been checked."""

    def __init__(self, faults: NextFaults, weather: Weather, conversations: Conversations) -> None:
        self._faults = faults
        self._weather = weather
        self._conversations = conversations

    async def answer(self, model: str, _: Mapping[str, str], raw: bytes, *, stream: bool) -> Response:
        """The response for the model in the decoded path segment.

        Raises FrontDoorRefusalError, and ConnectionDroppedError if a fault asks for it.
        """
        try:
            return await self._answer(model, raw, stream=stream)
        except FrontDoorRefusalError:
            raise
        except RefusalError as refusal:
            return response_of(refusal)

    async def _answer(self, model: str, raw: bytes, *, stream: bool) -> Response:
        body = parse_object(raw)
        asked = self._faults.take("converse-stream" if stream else "converse")
        fault = ConverseFault.of(self._weather.fault(asked, streams=stream, model=model))
        answered = await answer_to(fault)
        if answered is not None:
            return answered
        return await self._conversations.answer(read_request(model, body, stream=stream), fault)
