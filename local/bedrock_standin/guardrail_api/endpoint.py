"""The endpoint of ApplyGuardrail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from local.bedrock_standin.converse_answers.errors import response_of
from local.bedrock_standin.converse_answers.fault_answers import answer_to
from local.bedrock_standin.faults.converse_fault import ConverseFault
from local.bedrock_standin.guardrail.evaluation import Evaluation, GuardrailRef
from local.bedrock_standin.guardrail.treatment import may_not_apply
from local.bedrock_standin.guardrail_api.answer import body_of
from local.bedrock_standin.guardrail_api.request import check_reference, read_body
from local.bedrock_standin.json_bodies import parse_object
from local.bedrock_standin.refusals import ConnectionDroppedError, FrontDoorRefusalError, RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.bedrock_standin.counters import Counters
    from local.bedrock_standin.faults.converse_fault import NextFaults
    from local.bedrock_standin.faults.weather import Weather
    from local.bedrock_standin.guardrail.evaluation import GuardrailEvaluator
    from local.bedrock_standin.guardrail.treatment import GuardrailTreatment
    from local.bedrock_standin.guardrail_api.request import ApplyGuardrailBody
    from local.bedrock_standin.guardrail_api.treatment import ApplyGuardrailSettings


class ApplyGuardrailEndpoint:
    """Answers POST requests to /guardrail/{id}/version/{version}/apply. Their credentials have been checked."""

    def __init__(
        self,
        faults: NextFaults,
        weather: Weather,
        guardrails: GuardrailEvaluator,
        of_requests: GuardrailTreatment,
        settings: ApplyGuardrailSettings,
        counters: Counters,
    ) -> None:
        self._faults = faults
        self._weather = weather
        self._guardrails = guardrails
        self._of_requests = of_requests
        self._settings = settings
        self._counters = counters

    async def answer(self, identifier: str, version: str, _: Mapping[str, str], raw: bytes) -> Response:
        """The response for the guardrail in the decoded path segments.

        Raises FrontDoorRefusalError, and ConnectionDroppedError if a fault asks for it.
        """
        try:
            return await self._answer(identifier, version, raw)
        except FrontDoorRefusalError:
            raise
        except RefusalError as refusal:
            return response_of(refusal)

    async def _answer(self, identifier: str, version: str, raw: bytes) -> Response:
        body = parse_object(raw)
        asked = self._faults.take("apply-guardrail")
        fault = ConverseFault.of(self._weather.fault(asked, streams=False))
        answered = await answer_to(fault)
        if answered is not None:
            return answered
        if fault.drop is not None:
            raise ConnectionDroppedError
        self._check_permission()
        check_reference(identifier, version)
        wanted = read_body(body)
        found = await self._evaluated(GuardrailRef(identifier, version), wanted)
        return JSONResponse(body_of(found, wanted.texts()))

    def _check_permission(self) -> None:
        self._of_requests.check_permission()  # it is the same permission
        if self._settings.treatment.denied:
            raise may_not_apply()

    async def _evaluated(self, guardrail: GuardrailRef, wanted: ApplyGuardrailBody) -> Evaluation:
        treatment, texts = self._settings.treatment, wanted.texts()
        treatment.check_size(texts)
        if treatment.ignored:
            return Evaluation(intervened=False, blocked=False, texts=texts, assessment={})
        self._counters.guardrail_check()
        return await self._guardrails.evaluate(guardrail, wanted.source, texts)
