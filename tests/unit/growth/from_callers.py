"""Hostile input for the pure functions that read callers' requests."""

from __future__ import annotations

import base64
import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from batch_steps import line_check
from batch_steps import validation as batch_input
from batch_steps.validation import InputLimits
from chat_gateway.client_policies import limits
from chat_gateway.completions import reasoning
from chat_gateway.completions import request as chat_request
from chat_gateway.completions import routes as model_routes
from chat_gateway.completions.allowed_models import AllowedModels
from chat_gateway.completions.request import ChatRequest
from chat_gateway.completions.stream_usage import StreamUsage
from chat_gateway.core import strict_json
from chat_gateway.core.errors import ClientPolicyError, ModelNotAllowedError
from chat_gateway.guardrail import overrides as guardrail_overrides
from chat_gateway.guardrail import rule
from chat_gateway.guardrail.settings import Guardrail, Tagging
from chat_gateway.http_api import http_request, path_spellings, routes
from chat_gateway.http_api import settings as http_settings
from chat_gateway.http_api.custom_domain import CustomDomain
from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs import queue_record
from chat_gateway.jobs.lines import BATCH_LINE_ATTRIBUTE
from chat_gateway.jobs.vetting import rehearsal as job_rehearsal
from client_keys import key as client_key
from client_keys import policy as client_policy
from client_keys.policy import Policy, UnknownPolicyError
from openai_resources import multipart_form, paths
from openai_resources.models.served import is_served
from openai_resources.settings import MAX_BODY_BYTES
from tests.unit.growth.hostile import JSON, REQUESTS, TEXTS, Document, changed, in_pieces_of, repeated, some
from tests.unit.growth.measure import HEAD_BYTES, REQUEST_BYTES, Case, cases

_BATCH_BYTES, _PIECE_BYTES = 200 * 2**20, 2**16
_FORM_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"'
_FORM = _FORM_HEAD + b"\r\n\r\n"
_NAMED_GZIP = b"\x1f\x8b\x08\x08" + bytes(6)  # a head that says that a file's name follows
_TAG = "<amazon-bedrock-guardrails-guardContent_a>"


def all_cases() -> Iterator[Case]:
    """All cases with input from callers."""
    yield from _bodies()
    yield from _guardrails()
    yield from _headers()
    yield from _jobs()
    yield from _clients()
    yield from _forms()
    yield from _batches()


def _bodies() -> Iterator[Case]:
    yield from cases("loads_object", REQUEST_BYTES, JSON, strict_json.loads_object)
    requests = changed(some(REQUESTS, "combining marks", "messages"), strict_json.dumps)
    yield from cases("chat_request.parse", REQUEST_BYTES, requests, _read_request)
    constants = repeated(constants=b'{"a":NaN,')
    yield from cases("loads_object", HEAD_BYTES, constants, strict_json.loads_object)
    halves = changed(some(TEXTS, "combining marks"), lambda text: {"a": text, "b": "\ud800"})
    yield from cases("dumps, half a surrogate", REQUEST_BYTES, halves, strict_json.dumps)
    yield from cases("models", REQUEST_BYTES, some(TEXTS, "combining marks"), _read_model)
    texts = some(TEXTS, "combining marks", "half surrogates", "base64", "blanks")
    yield from cases("body", 2 * REQUEST_BYTES, changed(texts, _event), _read_body)
    encoded = changed(JSON, lambda raw: _event(base64.b64encode(raw).decode(), encoded=True))
    yield from cases("body, base64", REQUEST_BYTES, some(encoded, "one string"), _read_body)
    wrong = repeated(padding=b"=", blanks=b" ", letters=b"A", stars=b"A*")
    events = changed(wrong, lambda content: _event(content.decode(), encoded=True))
    yield from cases("body, bad base64", 2 * REQUEST_BYTES, events, _read_body)
    yield from _encoded_bodies()


def _encoded_bodies() -> Iterator[Case]:
    zeros = repeated(zeros=b"\0")
    cut = repeated(zeros=b"\0", heads=b"\x1f\x8b\x08\0")
    for name, contents in {
        "gzip": changed(zeros, gzip.compress),
        "gzip, stored": changed(zeros, lambda raw: gzip.compress(raw, 0)[: REQUEST_BYTES // 2]),
        "gzip, too large": changed(zeros, lambda raw: gzip.compress(raw * 64)),
        "gzip, cut": changed(zeros, lambda raw: gzip.compress(raw)[:-1]),
        "gzip, more behind": changed(cut, lambda raw: gzip.compress(b"{}") + raw),
        "gzip, a long name": changed(repeated(letters=b"a"), lambda raw: _NAMED_GZIP + raw),
        "not gzip": changed(cut, zlib.compress),
    }.items():
        events = changed(contents, lambda raw: _encoded_event(raw, "gzip"))
        yield from cases(f"body, {name}", REQUEST_BYTES // 2, events, _read_body)
    codings = changed(
        repeated(commas=b",", names=b"gzip,", letters=b"a"), lambda raw: _encoded_event(b"a", raw.decode())
    )
    yield from cases("content-encoding", HEAD_BYTES, codings, _read_body)


def _encoded_event(raw: bytes, coding: str) -> dict[str, Any]:
    event = _event(base64.b64encode(raw).decode(), encoded=True)
    return {**event, "multiValueHeaders": {"content-encoding": [coding]}}


def _forms() -> Iterator[Case]:
    pieces = repeated(
        returns=b"\r", ends=b"\r\n", starts=b"\r\n--", near=b"\r\n--b-", parts=b"\r\n--b\r\n\r\n"
    )
    yield from cases("form", MAX_BODY_BYTES, changed(pieces, lambda content: _FORM + content), _read_form)
    yield from cases("form, preamble", MAX_BODY_BYTES, pieces, _read_form)
    heads = repeated(lines=b"\r\na: b", continued=b"\r\n a", options=b";a=b", quotes=b';a="', escapes=b'\\"')
    yield from cases("form, head", MAX_BODY_BYTES, changed(heads, lambda head: _FORM_HEAD + head), _read_form)
    types = changed(heads, lambda head: "multipart/form-data" + head.decode())
    yield from cases("form, content type", HEAD_BYTES, types, lambda type_: _read_form(b"", type_))


def _read_form(body: bytes, content_type: str = "multipart/form-data; boundary=b") -> None:
    multipart_form.read(content_type, body, file_field="file")


def _batches() -> Iterator[Case]:
    kinds = repeated(
        breaks=b"\n", blank_lines=b" \n", numbers=b"1\n", objects=b"{}\n", one_line=b"a", ends=b"\r\n1"
    )
    pieces = changed(kinds, in_pieces_of(_PIECE_BYTES))
    yield from cases("batch input", _BATCH_BYTES, pieces, _check_batch)
    lines = changed(some(JSON, "open lists", "numbers", "one string", "escapes"), bytes)
    yield from cases("batch line", REQUEST_BYTES, lines, line_check.custom_id_of)


def _check_batch(pieces: list[bytes]) -> None:
    limits = InputLimits(max_lines=sys.maxsize, max_bytes=sys.maxsize, max_line_bytes=REQUEST_BYTES)
    batch_input.check(pieces, 0, limits, endpoint="/v1/chat/completions")


def _read_request(raw: bytes) -> None:
    chat = chat_request.parse(raw, deployment=None if len(raw) % 2 else "a")
    StreamUsage().asked_for(chat, (chat.model,))


def _read_model(model: str) -> None:
    reasoning.is_in_content(model)
    StreamUsage().remember(model)
    AllowedModels([model]).check(model)
    model_routes.route_of(model, {})
    model_routes.route_of(f"arn:{model}", {})
    is_served(f"arn:{model}", {})


def _event(text: str, *, encoded: bool = False) -> dict[str, Any]:
    return {"body": text, "isBase64Encoded": encoded}


def _read_body(event: dict[str, Any]) -> bytes:
    return http_request.read(event).body(max_bytes=REQUEST_BYTES)


def _guardrails() -> Iterator[Case]:
    yield from cases("all_text", REQUEST_BYTES, REQUESTS, _guarding(Tagging.ALL_TEXT))
    for tagging, kinds in {
        Tagging.OFF: ("combining marks", "escapes", "messages"),
        Tagging.USER_TURNS: ("escapes", "parts"),
        Tagging.LATEST_USER_TURN: ("escapes", "turns"),
    }.items():
        yield from cases(tagging, REQUEST_BYTES, some(REQUESTS, *kinds), _guarding(tagging))
    overriding = some(REQUESTS, "escapes", "one long key")
    for name, hide in {"a tag": _with_tag, "a tag in halves": _with_halves_of_tag}.items():
        tagged = changed(some(REQUESTS, "messages", "combining marks"), hide)
        yield from cases(name, REQUEST_BYTES, tagged, _guarding(Tagging.OFF))
    yield from cases("overridable", REQUEST_BYTES, overriding, _guarding(Tagging.ALL_TEXT, overridable=True))


def _guarding(tagging: Tagging, *, overridable: bool = False) -> Callable[[Document], object]:
    guardrail = Guardrail(identifier="a", version="1", tagging=tagging, callers_may_override=overridable)
    return lambda document: rule.apply(guardrail, document, {"accept": ["*/*"]}).guardrail


def _with_tag(document: Document) -> Document:
    return {**document, "user": _TAG}


def _with_halves_of_tag(document: Document) -> Document:
    parts = [{"type": "text", "text": half} for half in (_TAG[:20], _TAG[20:])]
    return {**document, "messages": [*document["messages"], {"role": "user", "content": parts}]}


def _headers() -> Iterator[Case]:
    own = changed(TEXTS, lambda text: {guardrail_overrides.IDENTIFIER_HEADER: [text]})
    yield from cases("own_headers", HEAD_BYTES, own, guardrail_overrides.own_headers)
    trace = f"01-{'1' * 32}-{'1' * 16}-00-"
    longer = changed(
        repeated(zeros=b"0", dashes=b"-"), lambda raw: _event_with("traceparent")(trace + raw.decode())
    )
    yield from cases("traceparent", HEAD_BYTES, longer, _read_headers)
    for name in ("x-client-request-id", "x-stainless-retry-count", "traceparent"):
        yield from cases(name, HEAD_BYTES, changed(TEXTS, _event_with(name)), _read_headers)
    many = {
        "names": lambda size: {"multiValueHeaders": {f"X-{number}": ["a"] for number in range(size // 8)}},
        "values": lambda size: {"multiValueHeaders": {"x-client-request-id": ["a"] * size}},
    }
    yield from cases("headers", HEAD_BYTES, many, _read_headers)
    for origins in ("https://a", "https://a,https://b"):
        cors = http_settings.cors({http_settings.CORS_ORIGINS: origins})
        assert cors is not None
        own = changed(TEXTS, lambda text: {"origin": [text]})
        yield from cases(f"origins {origins}", HEAD_BYTES, own, cors.headers)
    deployments = repeated(deployments=b"/openai/deployments/a", ends=b"/chat/completions")
    texts = {
        **TEXTS,
        **changed({**repeated(slashes=b"/", keys=b"sk-"), **deployments}, lambda path: f"/{path.decode()}"),
    }
    yield from cases("paths", HEAD_BYTES, changed(texts, _event_at), _read_path)


_DOMAIN = CustomDomain("https://llm.example.com/team/openai/v1")


def _event_with(header: str) -> Callable[[str], dict[str, Any]]:
    return lambda text: {"multiValueHeaders": {header: [text]}, "requestContext": {"requestId": text}}


def _event_at(path: str) -> dict[str, Any]:
    return {"path": path, "requestContext": {"domainName": "a", "path": f"/dev{path}"}}


def _read_path(event: dict[str, Any]) -> None:
    parameters = {"proxy": event["path"]}
    request = http_request.read({**event, "resource": "/{proxy+}", "pathParameters": parameters})
    routes.described(request.method, request.path)
    assert not request.is_chat_completion
    assert path_spellings.recognised(request, has_deployments=lambda: True).path == request.path
    path_spellings.resource(request)
    _DOMAIN.below_base_path(request.path)
    paths.below_version({"resource": paths.ROUTES[-1], "pathParameters": {"proxy": request.path}})
    for route in ("/{proxy+}", *chat_request.PATHS):
        routes.refusal(request.method, route, request.path, base_url=request.base_url).headers()


def _read_headers(event: dict[str, Any]) -> None:
    request = http_request.read(event)
    request.check()
    assert request.sends_client_request_id in (True, False)
    assert request.trace_id is None or len(request.trace_id) == 32
    assert request.client_request_id is None or request.sends_client_request_id


def _jobs() -> Iterator[Case]:
    kinds = some(JSON, "open lists", "numbers", "one string", "escapes", "one integer")
    lines = changed(kinds, lambda raw: f'{{"custom_id":"a","body":{raw.decode()}}}')
    yield from cases("jobs.parse", REQUEST_BYTES, lines, partial(job_lines.parse, max_bytes=sys.maxsize))
    yield from cases("job_rehearsal.framed", REQUEST_BYTES, lines, job_rehearsal.framed)
    yield from cases("queue_record.read", REQUEST_BYTES, changed(TEXTS, _record), queue_record.read)
    yield from cases(
        "queue_record.read of a line", REQUEST_BYTES, changed(TEXTS, _record_of_line), queue_record.read
    )
    refused = some(lines, "open lists", "escapes", "one integer")
    yield from cases("readable_custom_id", REQUEST_BYTES, refused, job_lines.readable_custom_id)


def _record_of_line(text: str) -> dict[str, Any]:
    record = _record(text)
    return {**record, "messageAttributes": {BATCH_LINE_ATTRIBUTE: {"stringValue": "1"}}}


def _record(text: str) -> dict[str, Any]:
    return {
        "messageId": "message-1",
        "receiptHandle": "handle",
        "body": text,
        "messageAttributes": {"idempotency_key": {"stringValue": text}, "client": {"stringValue": text}},
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0", "SenderId": text},
    }


def _clients() -> Iterator[Case]:
    models = {**some(TEXTS, "combining marks"), **changed(repeated(letters=b"a"), bytes.decode)}
    yield from cases("client_policies.limited", REQUEST_BYTES, models, _limit)
    yield from cases("policy.from_text", HEAD_BYTES, TEXTS, _read_policy)
    keys = {**TEXTS, **changed(repeated(letters=b"a"), lambda raw: client_key.PREFIX + raw.decode())}
    yield from cases("key.is_well_formed", HEAD_BYTES, keys, client_key.is_well_formed)


def _limit(model: str) -> None:
    chat = ChatRequest(model, {"max_tokens": 5})
    limits.limited(chat, Policy(models=("*",), max_completion_tokens=5))
    with suppress(ModelNotAllowedError):
        limits.limited(chat, Policy(models=("*a*a*a*a*b", "?*?*?*b")))
    with suppress(ClientPolicyError):
        limits.limited(chat._replace(streams=True), Policy(may_stream=False))


def _read_policy(text: str) -> None:
    with suppress(UnknownPolicyError):
        client_policy.from_text(text)
