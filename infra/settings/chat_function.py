"""The settings of the chat function, and of how Bedrock's answers are changed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.settings import memory_sizes
from infra.settings.table import Table


class ChatFunctionSettings(Table):
    """The function that answers HTTP requests: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html"""

    memory_size_mib: Annotated[int, Field(ge=128, le=10_240)] = memory_sizes.CHAT_MIB
    """The memory of the chat function, which also decides its share of a processor (performance.md, At each memory size)."""
    reserved_concurrent_executions: Annotated[int, Field(ge=1)] | None = None
    """How many instances may run at once. By default, as many as the account has left."""
    count_stream_tokens: bool = True
    """Request the usage chunk of every stream, to log the tokens. If a model refuses this, the gateway does not ask it again."""


class CompletionsSettings(Table):
    """How the chat function and the worker change Bedrock's answers."""

    separate_reasoning: bool = True
    """Move the `<reasoning>` text of gpt-oss into `reasoning_content`."""
    show_target_model: bool = False
    """Say in the header `x-gateway-model` which model answered."""
