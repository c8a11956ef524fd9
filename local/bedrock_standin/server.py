"""The ASGI application, put together from its parts."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from .api_keys import ApiKeys
from .bedrock_runtime import BedrockRuntime
from .chat_endpoint import CHAT_COMPLETIONS_PATH, ChatEndpoint
from .completions import ChatCompletions
from .control import Control
from .counters import Counters
from .faults import FaultBook
from .guardrail_headers import GuardrailHeaders
from .holds import Holds
from .inline_reasoning import InlineReasoning
from .signatures import Signatures
from .weather import Weather

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .generators import Generator
    from .guardrail import GuardrailEvaluator


def create_app(
    *,
    api_key: str,
    generator: Generator,
    guardrails: GuardrailEvaluator,
    signatures: Signatures | None = None,
) -> Starlette:
    """The whole stand-in; the generator starts and closes with it. Without `signatures` it takes none."""
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
