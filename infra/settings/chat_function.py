"""The function that answers callers, and what it makes of an answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.settings.table import Table


class ChatFunctionSettings(Table):
    """AWS's names: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html"""

    memory_size_mib: Annotated[int, Field(ge=128, le=10_240)] = 512
    """The memory of this function, and of the authorizer and the prover."""
    reserved_concurrent_executions: Annotated[int, Field(ge=1)] | None = None
    """How many may run at once; not set: as many as the account has left."""
    count_stream_tokens: bool = True
    """Asks for the usage chunk of every stream, for the log; some models refuse that, and are then not asked again."""


class CompletionsSettings(Table):
    """What the chat function and the worker make of Bedrock's answers."""

    separate_reasoning: bool = True
    """Whether gpt-oss's `<reasoning>` becomes `reasoning_content`."""
