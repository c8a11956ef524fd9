"""Ways around an enforced guardrail that only a job has: other fields of its line, and attributes of its message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.conftest import MODEL
from tests.e2e.guardrail_bypasses import BLOCKED, IDENTIFIER, QUESTION, TRACE, VERSION, asking

REFUSED = "invalid_request_error"
_CHAT = "/v1/chat/completions"


@dataclass(frozen=True)
class JobBypass:
    """A message for the jobs queue, and the expected result: BLOCKED, or the code of an error.

    The `name` is also the `custom_id` of the result.
    """

    name: str
    gets: str
    line: str
    attributes: dict[str, str] = field(default_factory=dict)


def bypasses() -> Iterator[JobBypass]:
    """All bypasses that only jobs have."""
    yield from _outer_fields()
    yield from _lines()
    yield from _attributes()


def _line(name: str, **fields: Any) -> str:
    body = {"model": MODEL, "messages": asking(QUESTION)}
    return json.dumps({"custom_id": name, "method": "POST", "url": _CHAT, "body": body, **fields})


def _outer_fields() -> Iterator[JobBypass]:
    for name, value in {
        "headers": {IDENTIFIER: "other", VERSION: "1", TRACE: "DISABLED"},
        "guardrail": None,
        "guardrailConfig": {"guardrailIdentifier": "other"},
        "amazon-bedrock-guardrailConfig": {"tagSuffix": "xyz"},
        "extra_headers": {IDENTIFIER: ""},
        "query": f"{IDENTIFIER}=other",
        "params": {"guardrail": "off"},
        "Body": {"model": MODEL, "messages": asking("Hi")},
        "stream": True,
        "endpoint": f"/model/{MODEL}/invoke",
    }.items():
        yield JobBypass(f"field {name}", BLOCKED, _line(f"field {name}", **{name: value}))


def _lines() -> Iterator[JobBypass]:
    for url in (
        f"https://bedrock-runtime.us-east-1.amazonaws.com{_CHAT}",
        f"{_CHAT}?{IDENTIFIER}=other",
        f"{_CHAT}/",
        "/v1/responses",
        f"/model/{MODEL}/invoke",
        "/V1/Chat/Completions",
        "",
    ):
        yield JobBypass(f"url {url}", REFUSED, _line(f"url {url}", url=url))
    for method in ("GET", "POST ", None):
        yield JobBypass(f"method {method}", REFUSED, _line(f"method {method}", method=method))
    for name, body in {
        "as text": json.dumps({"model": MODEL, "messages": asking(QUESTION)}),
        "in a list": [{"model": MODEL, "messages": asking(QUESTION)}],
        "without messages": {"model": MODEL, "prompt": QUESTION},
    }.items():
        gets = "missing_required_parameter" if name == "without messages" else REFUSED
        yield JobBypass(f"body {name}", gets, _line(f"body {name}", body=body))
    streaming = {"model": MODEL, "messages": asking(QUESTION), "stream": True}
    yield JobBypass("body that streams", "unsupported_value", _line("body that streams", body=streaming))
    twice = _line("body twice").replace('"body"', '"body": {}, "body"')
    yield JobBypass("body twice", REFUSED, twice)


def _attributes() -> Iterator[JobBypass]:
    for attributes in (
        {IDENTIFIER: "other", VERSION: "1"},
        {TRACE: "DISABLED"},
        {"guardrail": "off"},
        {"amazon-bedrock-guardrailConfig": '{"tagSuffix": "xyz"}'},
        {"idempotency_key": "guardrail-off"},
        {"idempotency_key": f"x {IDENTIFIER}: other"},
        {"body": json.dumps({"model": MODEL, "messages": asking("Hi")})},
        {"Content-Type": "application/json; charset=utf-16"},
    ):
        name = f"attributes {json.dumps(attributes)[:60]}"
        yield JobBypass(name, BLOCKED, _line(name), attributes)
