"""The reasoning of models that reason: always the same sentence, or what a script says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock_standin.converse_requests.signed_reasoning import signature_of

if TYPE_CHECKING:
    from local.bedrock_standin.converse_requests.request import ConverseRequest
    from local.bedrock_standin.generators.completion import Completion

JsonObject = dict[str, Any]

REASONING = "The user wants an answer. 1 < 2, so I give one."


def reasoning_block(request: ConverseRequest, completion: Completion) -> JsonObject | None:
    """The reasoning block before the answer; None if the model does not reason."""
    scripted = completion.choices[0]["message"].get("reasoning_content")
    if scripted is None and not request.reasons():
        return None
    text = scripted or REASONING
    signed = {"signature": signature_of(text)} if request.model.family.signed_reasoning else {}
    return {"reasoningContent": {"reasoningText": {"text": text, **signed}}}


def reasoning_words(block: JsonObject | None) -> int:
    """The number of words in the reasoning block, which count as tokens."""
    return len(block["reasoningContent"]["reasoningText"]["text"].split()) if block else 0
