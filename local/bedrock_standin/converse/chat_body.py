"""Translates a Converse request to the chat body that the generators take, without I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.bedrock_standin.converse_requests.blocks import ContentBlock, SystemBlock, ToolResult
    from local.bedrock_standin.converse_requests.body import ConverseBody, Message, ToolSpec
    from local.bedrock_standin.converse_requests.request import ConverseRequest

JsonObject = dict[str, Any]


def chat_body(request: ConverseRequest) -> JsonObject:
    """The chat body in OpenAI's form, without reasoning. Its stream has the usage at the end."""
    body, config = request.body, request.body.inference_config
    parameters = {
        "max_tokens": config.max_tokens,
        "temperature": config.temperature,
        "top_p": config.top_p,
        "stop": config.stop_sequences or None,
        "tools": [_tool(spec) for spec in body.specs()] or None,
        **_tool_choice(body),
        "response_format": _response_format(body),
        "stream": request.stream or None,
        "stream_options": {"include_usage": True} if request.stream else None,
    }
    given = {name: value for name, value in parameters.items() if value is not None}
    return {"model": request.model.id, "messages": list(_messages(body)), **given}


def block_text(block: ContentBlock | SystemBlock) -> str | None:
    """The text of a block that the model reads; None if it has none.

    The small model sees no images, and the stand-in reads no documents. A line of text takes their place.
    """
    if block.text is not None:
        return block.text
    if block.guard_content is not None:
        guarded = block.guard_content
        return guarded.text.text if guarded.text is not None else "(An image.)"
    image, document = getattr(block, "image", None), getattr(block, "document", None)
    if image is not None:
        return f"(An image: {image.format}.)"
    return f"(A document: {document.name}.)" if document is not None else None


def _messages(body: ConverseBody) -> Iterator[JsonObject]:
    system = _joined(body.system)
    if system:
        yield {"role": "system", "content": system}
    for message in body.messages:
        yield from _turn(message)


def _turn(message: Message) -> Iterator[JsonObject]:
    for block in message.content:
        if block.tool_result is not None:
            result = block.tool_result
            yield {"role": "tool", "tool_call_id": result.tool_use_id, "content": _result_text(result)}
    text, calls = _joined(message.content), list(_calls(message))
    if text or calls:
        called = {"tool_calls": calls} if calls else {}
        yield {"role": message.role, "content": text or None, **called}


def _calls(message: Message) -> Iterator[JsonObject]:
    for block in message.content:
        if block.tool_use is not None:
            use = block.tool_use
            function = {"name": use.name, "arguments": json.dumps(use.input, ensure_ascii=False)}
            yield {"id": use.tool_use_id, "type": "function", "function": function}


def _joined(blocks: list[ContentBlock] | list[SystemBlock]) -> str:
    return "\n".join(text for block in blocks if (text := block_text(block)) is not None)


def _result_text(result: ToolResult) -> str:
    texts = (
        content.text if content.text is not None else json.dumps(content.json_, ensure_ascii=False)
        for content in result.content
        if content.text is not None or content.json_ is not None
    )
    return "\n".join(texts)


def _tool(spec: ToolSpec) -> JsonObject:
    described = {"description": spec.description} if spec.description is not None else {}
    return {
        "type": "function",
        "function": {"name": spec.name, **described, "parameters": spec.input_schema.json_},
    }


def _tool_choice(body: ConverseBody) -> JsonObject:
    """The choice of a tool: Claude's own, or else Converse's."""
    if body.tool_config is None:
        return {}
    own = body.additional_model_request_fields.get("tool_choice")
    if isinstance(own, dict):
        single = {"parallel_tool_calls": False} if own.get("disable_parallel_tool_use") is True else {}
        return {"tool_choice": _choice(own.get("type"), own.get("name")), **single}
    choice = body.tool_config.tool_choice
    if choice is None:
        return {"tool_choice": "auto"}
    return {"tool_choice": _choice(choice.kind(), choice.tool.name if choice.tool else None)}


def _choice(kind: object, name: object) -> str | JsonObject:
    if kind == "tool":
        return {"type": "function", "function": {"name": name}}
    return "required" if kind == "any" else "auto"


def _response_format(body: ConverseBody) -> JsonObject | None:
    wanted = body.output_config.text_format
    if wanted is None:
        return None
    schema = wanted.structure.json_schema
    named = {"name": schema.name or "answer", "schema": json.loads(schema.schema_)}
    return {"type": "json_schema", "json_schema": named}
