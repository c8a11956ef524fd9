"""The operations under /_standin for Converse and ApplyGuardrail: faults, scripted messages, ApplyGuardrail's treatment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.bedrock_standin.faults.converse_fault import NextFault
from local.bedrock_standin.generators.scripted import Script
from local.bedrock_standin.guardrail_api.treatment import ApplyGuardrailTreatment
from local.bedrock_standin.server.loopback import loopback_only

if TYPE_CHECKING:
    from starlette.requests import Request

    from local.bedrock_standin.faults.converse_fault import NextFaults
    from local.bedrock_standin.generators.scripted import ScriptedAnswers
    from local.bedrock_standin.guardrail_api.treatment import ApplyGuardrailSettings


class ConverseControl:
    """Handlers that change how the next requests are answered. DELETE forgets what still waits for a request."""

    def __init__(
        self, faults: NextFaults, settings: ApplyGuardrailSettings, scripted: ScriptedAnswers
    ) -> None:
        self._faults = faults
        self._settings = settings
        self._scripted = scripted

    def routes(self) -> list[Route]:
        """The routes, relative to /_standin."""
        return [
            Route("/next-fault", loopback_only(self._add_fault), methods=["PUT"]),
            Route("/next-fault", loopback_only(self._forget_faults), methods=["DELETE"]),
            Route("/next-message", loopback_only(self._add_message), methods=["PUT"]),
            Route("/next-message", loopback_only(self._forget_messages), methods=["DELETE"]),
            Route("/apply-guardrail", loopback_only(self._change_treatment), methods=["PUT"]),
        ]

    async def _add_fault(self, request: Request) -> Response:
        try:
            self._faults.add(NextFault.model_validate_json(await request.body()))
        except ValidationError as error:
            return _ill_formed(error)
        return JSONResponse({"status": "ok"})

    async def _forget_faults(self, _: Request) -> Response:
        self._faults.reset()
        return JSONResponse({"status": "ok"})

    async def _add_message(self, request: Request) -> Response:
        try:
            self._scripted.add(Script.model_validate_json(await request.body()))
        except ValidationError as error:
            return _ill_formed(error)
        return JSONResponse({"status": "ok"})

    async def _forget_messages(self, _: Request) -> Response:
        self._scripted.reset()
        return JSONResponse({"status": "ok"})

    async def _change_treatment(self, request: Request) -> Response:
        try:
            treatment = ApplyGuardrailTreatment.model_validate_json(await request.body())
        except ValidationError as error:
            return _ill_formed(error)
        self._settings.treatment = treatment
        return JSONResponse({"status": "ok"})


def _ill_formed(error: ValidationError) -> Response:
    problems = (f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
    return JSONResponse({"error": "; ".join(problems)}, 400)
