"""The shape of the body of a Converse or ConverseStream request."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from local.bedrock_standin.converse_requests.blocks import CachePoint, ContentBlock, SystemBlock, ToolName
from local.bedrock_standin.converse_requests.shape import OneOf, Shape

Share = Annotated[float, Field(ge=0, le=1)]
NonEmpty = Annotated[str, Field(min_length=1)]
MetadataKey = Annotated[str, Field(pattern=r"^[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}$")]
MetadataValue = Annotated[str, Field(pattern=r"^[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}$")]
# AWS's ids have no hyphen, but those of the emulator have one.
GuardrailIdentifier = Annotated[
    str,
    Field(pattern=r"^(|[a-z0-9-]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9-]+)$"),
]
Pointer = Annotated[str, Field(pattern=r"^/", min_length=1, max_length=256)]


class Message(Shape):
    role: Literal["user", "assistant", "system"]
    content: list[ContentBlock]


class InferenceConfig(Shape):
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Share | None = None
    top_p: Share | None = None
    stop_sequences: Annotated[list[NonEmpty], Field(max_length=2500)] | None = None


class InputSchema(OneOf):
    json_: Any = Field(alias="json")


class ToolSpec(Shape):
    name: ToolName
    description: NonEmpty | None = None
    input_schema: InputSchema
    strict: bool | None = None


class SystemTool(Shape):
    name: ToolName


class Tool(OneOf):
    tool_spec: ToolSpec | None = None
    system_tool: SystemTool | None = None
    cache_point: CachePoint | None = None


class NoMembers(Shape):
    """An empty object."""


class NamedTool(Shape):
    name: ToolName


class ToolChoice(OneOf):
    auto: NoMembers | None = None
    any_: NoMembers | None = Field(None, alias="any")
    tool: NamedTool | None = None


class ToolConfig(Shape):
    tools: Annotated[list[Tool], Field(min_length=1)]
    tool_choice: ToolChoice | None = None

    def specs(self) -> list[ToolSpec]:
        """The definitions of functions."""
        return [tool.tool_spec for tool in self.tools if tool.tool_spec is not None]


class GuardrailConfig(Shape):
    guardrail_identifier: GuardrailIdentifier
    guardrail_version: Annotated[str, Field(pattern=r"^(|[1-9][0-9]{0,7}|DRAFT)$")]
    trace: Literal["enabled", "disabled", "enabled_full"] = "disabled"


class StreamGuardrailConfig(GuardrailConfig):
    stream_processing_mode: Literal["sync", "async"] = "sync"


class JsonSchema(Shape):
    schema_: str = Field(alias="schema")  # a string of JSON
    name: str | None = None
    description: str | None = None


class Structure(OneOf):
    json_schema: JsonSchema


class TextFormat(Shape):
    type: Literal["json_schema"]
    structure: Structure


class OutputConfig(Shape):
    text_format: TextFormat | None = None
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None


class Latency(Shape):
    latency: Literal["standard", "optimized"] | None = None


class ServiceTier(Shape):
    type: Literal["priority", "default", "flex", "reserved"]


class ConverseBody(Shape):
    """The body of a Converse request."""

    messages: list[Message] = Field(default_factory=list)
    system: list[SystemBlock] = Field(default_factory=list)
    inference_config: InferenceConfig = InferenceConfig()
    tool_config: ToolConfig | None = None
    guardrail_config: GuardrailConfig | None = None
    additional_model_request_fields: dict[str, Any] = Field(default_factory=dict)
    additional_model_response_field_paths: list[Pointer] = Field(default_factory=list, max_length=10)
    prompt_variables: dict[str, Any] | None = None
    request_metadata: (
        Annotated[dict[MetadataKey, MetadataValue], Field(min_length=1, max_length=16)] | None
    ) = None
    performance_config: Latency | None = None
    service_tier: ServiceTier | None = None
    output_config: OutputConfig = OutputConfig()

    def specs(self) -> list[ToolSpec]:
        """The definitions of the functions that the model may call."""
        return self.tool_config.specs() if self.tool_config else []


class ConverseStreamBody(ConverseBody):
    """The body of a ConverseStream request."""

    guardrail_config: StreamGuardrailConfig | None = None
