"""The shapes of a message's content blocks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from local.bedrock_standin.converse_requests.shape import OneOf, Shape

ToolName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$", min_length=1, max_length=64)]
ToolUseId = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.:-]+$", min_length=1, max_length=64)]
Base64 = Annotated[str, Field(min_length=1)]


class S3Location(Shape):
    uri: str
    bucket_owner: str | None = None


class ImageSource(OneOf):
    bytes_: Base64 | None = Field(None, alias="bytes")
    s3_location: S3Location | None = None


class Image(Shape):
    format: Literal["png", "jpeg", "gif", "webp"]
    source: ImageSource


class Text(Shape):
    text: str


class DocumentSource(OneOf):
    bytes_: Base64 | None = Field(None, alias="bytes")
    s3_location: S3Location | None = None
    text: str | None = None
    content: list[Text] | None = None


class Citations(Shape):
    enabled: bool


class Document(Shape):
    format: Literal["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"] | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)]
    source: DocumentSource
    context: str | None = None
    citations: Citations | None = None


class Media(Shape):
    """A video or a sound. Each model of the stand-in refuses them."""

    format: str
    source: ImageSource


class ToolUse(Shape):
    tool_use_id: ToolUseId
    name: ToolName
    input: Any = None  # checked later, because its refusal has a text of its own
    type: Literal["server_tool_use"] | None = None


class SearchResult(Shape):
    source: str
    title: str
    content: list[Text]
    citations: Citations | None = None


class ToolResultContent(OneOf):
    json_: Any = Field(None, alias="json")
    text: str | None = None
    image: Image | None = None
    document: Document | None = None
    video: Media | None = None
    search_result: SearchResult | None = None


class ToolResult(Shape):
    tool_use_id: ToolUseId
    content: list[ToolResultContent]
    status: Literal["success", "error"] | None = None
    type: str | None = None


class GuardedText(Shape):
    text: str
    qualifiers: list[Literal["grounding_source", "query", "guard_content"]] | None = None


class GuardedImageSource(OneOf):
    bytes_: Base64 = Field(alias="bytes")


class GuardedImage(Shape):
    format: Literal["png", "jpeg"]
    source: GuardedImageSource


class GuardContent(OneOf):
    text: GuardedText | None = None
    image: GuardedImage | None = None


class CachePoint(Shape):
    type: Literal["default"]
    ttl: Literal["5m", "1h"] | None = None


class ReasoningText(Shape):
    text: str
    signature: str | None = None


class Reasoning(OneOf):
    reasoning_text: ReasoningText | None = None
    redacted_content: str | None = None


class CitationsContent(Shape):
    content: list[Text] | None = None
    citations: list[dict[str, Any]] | None = None


class ToolChange(Shape):
    tool: dict[str, Any]


class ContentBlock(OneOf):
    """One content block of a message."""

    text: str | None = None
    image: Image | None = None
    document: Document | None = None
    video: Media | None = None
    audio: Media | None = None
    tool_use: ToolUse | None = None
    tool_result: ToolResult | None = None
    guard_content: GuardContent | None = None
    cache_point: CachePoint | None = None
    reasoning_content: Reasoning | None = None
    citations_content: CitationsContent | None = None
    search_result: SearchResult | None = None
    tool_addition: ToolChange | None = None
    tool_removal: ToolChange | None = None


class SystemBlock(OneOf):
    """One content block of the system prompt."""

    text: Annotated[str, Field(min_length=1)] | None = None
    guard_content: GuardContent | None = None
    cache_point: CachePoint | None = None
