"""The ASGI application."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from local.bedrock_standin.chat_completions.completions import ChatCompletions
from local.bedrock_standin.chat_completions.endpoint import CHAT_COMPLETIONS_PATH, ChatEndpoint
from local.bedrock_standin.chat_completions.guardrail_headers import GuardrailHeaders
from local.bedrock_standin.chat_completions.inline_reasoning import InlineReasoning
from local.bedrock_standin.counters import Counters
from local.bedrock_standin.credentials.api_keys import ApiKeys
from local.bedrock_standin.credentials.signatures import Signatures
from local.bedrock_standin.faults.fault import FaultBook
from local.bedrock_standin.faults.weather import Weather
from local.bedrock_standin.server.bedrock_runtime import BedrockRuntime
from local.bedrock_standin.server.control import Control
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
    answering = InlineReasoning(generator)
    keys, counters, faults, holds = ApiKeys(api_key), Counters(), FaultBook(), Holds()
    guardrail_headers, weather = GuardrailHeaders(), Weather(counters)
    completions = ChatCompletions(answering, guardrails, counters, holds)
    chat = ChatEndpoint(faults, weather, guardrail_headers, completions)
    taken = signatures or Signatures({}, region="")
    runtime = BedrockRuntime(keys, taken, counters, {CHAT_COMPLETIONS_PATH: chat.answer})
    control = Control(keys, counters, faults, weather, holds, guardrail_headers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await answering.start()
        try:
            yield
        finally:
            await answering.close()

    routes = [Mount("/_standin", routes=control.routes()), Mount("/", app=runtime)]
    return Starlette(routes=routes, lifespan=lifespan)
