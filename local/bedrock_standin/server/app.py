"""The ASGI application."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from local.bedrock_standin.chat_completions.completions import ChatCompletions
from local.bedrock_standin.chat_completions.endpoint import ChatEndpoint
from local.bedrock_standin.chat_completions.guardrail_headers import GuardrailHeaders
from local.bedrock_standin.chat_completions.inline_reasoning import InlineReasoning
from local.bedrock_standin.converse.conversations import Conversations
from local.bedrock_standin.converse.endpoint import ConverseEndpoint
from local.bedrock_standin.counters import Counters
from local.bedrock_standin.credentials.api_keys import ApiKeys
from local.bedrock_standin.credentials.signatures import Signatures
from local.bedrock_standin.faults.converse_fault import NextFaults
from local.bedrock_standin.faults.fault import FaultBook
from local.bedrock_standin.faults.weather import Weather
from local.bedrock_standin.generators.scripted import ScriptedAnswers
from local.bedrock_standin.guardrail.treatment import GuardrailTreatment
from local.bedrock_standin.guardrail_api.endpoint import ApplyGuardrailEndpoint
from local.bedrock_standin.guardrail_api.treatment import ApplyGuardrailSettings
from local.bedrock_standin.server.bedrock_runtime import BedrockRuntime
from local.bedrock_standin.server.control import Control
from local.bedrock_standin.server.converse_control import ConverseControl
from local.bedrock_standin.server.operations import Operations
from local.bedrock_standin.streams.holds import Holds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from local.bedrock_standin.generators.generator import Generator
    from local.bedrock_standin.guardrail.evaluation import GuardrailEvaluator


def create_app(
    *,
    api_key: str,
    generator: Generator,
    guardrails: GuardrailEvaluator,
    signatures: Signatures | None = None,
) -> Starlette:
    """The whole stand-in. It starts and closes the generator. Without `signatures` it refuses all signed requests."""
    scripted = ScriptedAnswers(generator)
    answering = InlineReasoning(scripted)
    keys, counters, faults, holds = ApiKeys(api_key), Counters(), FaultBook(), Holds()
    next_faults, weather = NextFaults(), Weather(counters)
    treatment, settings = GuardrailTreatment(), ApplyGuardrailSettings()
    completions = ChatCompletions(answering, guardrails, counters, holds)
    conversations = Conversations(scripted, guardrails, treatment, counters, holds)
    operations = Operations(
        ChatEndpoint(faults, weather, GuardrailHeaders(treatment), completions),
        ConverseEndpoint(next_faults, weather, conversations),
        ApplyGuardrailEndpoint(next_faults, weather, guardrails, treatment, settings, counters),
    )
    taken = signatures or Signatures({}, region="")
    runtime = BedrockRuntime(keys, taken, counters, operations)
    control = Control(keys, counters, faults, weather, holds, treatment)
    converse_control = ConverseControl(next_faults, settings, scripted)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await answering.start()
        try:
            yield
        finally:
            await answering.close()

    under_control = control.routes() + converse_control.routes()
    routes = [Mount("/_standin", routes=under_control), Mount("/", app=runtime)]
    return Starlette(routes=routes, lifespan=lifespan)
