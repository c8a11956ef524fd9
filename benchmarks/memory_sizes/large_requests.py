"""The largest requests: chat completions of each kind of JSON, on both routes."""

from __future__ import annotations

import base64
import json

from benchmarks.memory_sizes import large_answers, large_json
from benchmarks.memory_sizes.large_json import IMAGE
from benchmarks.shapes import CONVERSE_FAMILY
from infra.platform import Platform
from infra.settings.api import Api

# The defaults: `api.max_request_bytes`, and the largest answer in one piece.
REQUEST_BYTES, ANSWER_BYTES = Api().max_request_bytes, Platform().max_response_bytes
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGE_BYTES = 1024 * 1024
NATIVE, CONVERSE = "native", "Converse"
_AROUND_BYTES = 1000
_IMAGE_BYTES = 3_000_000  # that a request can hold as base64


def body(
    kind: str, size_bytes: int, *, answer: str, answer_bytes: int, route: str = NATIVE, streams: bool = False
) -> bytes:
    """A request with `kind` of JSON, which asks the upstream for `answer` of at most `answer_bytes`."""
    family = CONVERSE_FAMILY.decode() if route == CONVERSE else ""
    model = family + large_answers.model(answer, answer_bytes)
    head = f'"model":"{model}","stream":{json.dumps(streams)}'
    return f"{{{head},{_rest(kind, size_bytes - _AROUND_BYTES)}}}".encode()


def _rest(kind: str, size_bytes: int) -> str:
    if kind == IMAGE:
        return f'"messages":[{{"role":"user","content":[{_image()}]}}]'
    value = large_json.BY_KIND[kind](size_bytes)
    if kind in large_json.STRINGS:
        return f'"messages":[{{"role":"user","content":{value}}}]'
    parameters = f'{{"type":"object","properties":{{"a":{{"enum":{value}}}}}}}'
    tool = f'{{"type":"function","function":{{"name":"f","parameters":{parameters}}}}}'
    return f'"messages":[{{"role":"user","content":"Hello"}}],"tools":[{tool}]'


def _image() -> str:
    content = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(_IMAGE_BYTES)).decode()
    return f'{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{content}"}}}}'
