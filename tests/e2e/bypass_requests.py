"""Ways around an enforced guardrail by headers, trailers, paths, encodings and ambiguous bodies."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator

from tests.e2e.conftest import MODEL
from tests.e2e.guardrail_bypasses import (
    BLOCKED,
    CHAT_PATH,
    CODING,
    CONFIG,
    IDENTIFIER,
    MALFORMED,
    OVERRIDE,
    QUESTION,
    TRACE,
    UNKNOWN_PATH,
    VERSION,
    Bypass,
    asking,
    body,
)


def bypasses() -> Iterator[Bypass]:
    """The bypasses that the emulator lets through. Each ends the same way streamed or not, so one try is enough."""
    yield from _refused_headers()
    yield from _harmless_headers()
    yield from _trailers()
    yield from _paths()
    yield from _unknown_paths()
    yield from _two_readings()
    yield from _two_numbers()
    yield from _two_shapes()


def encodings() -> Iterator[Bypass]:
    """Bodies that are not UTF-8. The emulator repairs such bytes before the function reads them; API Gateway does not."""
    content = body()
    for encoding in ("utf-16-le", "utf-16-be", "utf-32", "cp037"):
        yield Bypass(f"encoding {encoding}", MALFORMED, content.decode().encode(encoding))
    utf_7 = base64.b64encode(content.decode().encode("utf-16-be")).rstrip(b"=")
    yield Bypass("encoding utf-7", MALFORMED, b"+" + utf_7 + b"-")
    for name, spelled in {
        "an overlong k": b"\xc1\xab",
        "a longer k": b"\xe0\x81\xab",
        "an overlong null": b"\xc0\x80",
        "CESU-8": b"\xed\xa0\xbd\xed\xb8\x80",
        "a surrogate": b"\xed\xa0\x80",
        "a surrogate's escape": b"\\ud800",
        "five bytes": b"\xf8\x88\x80\x80\x80",
        "Latin-1": b"\xe9",
        "half a character": b"\xc3",
        "a null": b"\0",
    }.items():
        yield Bypass(f"word with {name}", MALFORMED, content.replace(b"kryp", b"kryp" + spelled))
    key = body(xuardrail=None).replace(b"xuard", b"\xc1\xa7uard")
    yield Bypass("key with an overlong letter", MALFORMED, key)
    coded = gzip.compress(content)
    yield Bypass("gzip", BLOCKED, coded, [("Content-Encoding", "gzip")])
    yield Bypass("gzip unsaid", MALFORMED, coded)
    yield Bypass("gzip said of plain text", MALFORMED, content, [("Content-Encoding", "gzip")])
    yield Bypass(
        "gzip of two members", MALFORMED, gzip.compress(b" ") + coded, [("Content-Encoding", "gzip")]
    )
    yield Bypass("gzip of gzip", MALFORMED, gzip.compress(coded), [("Content-Encoding", "gzip")])
    yield Bypass("gzip twice", CODING, gzip.compress(coded), [("Content-Encoding", "gzip, gzip")])
    yield Bypass("deflate", CODING, zlib.compress(content), [("Content-Encoding", "deflate")])


def _refused_headers() -> Iterator[Bypass]:
    for name, headers in {
        "a comma list": [(IDENTIFIER, "other, other2")],
        "quotes": [(IDENTIFIER, '"other"')],
        "underscores": [("X_Amzn_Bedrock_GuardrailIdentifier", "other")],
        "one underscore": [("X-Amzn-Bedrock_GuardrailIdentifier", "other")],
        "more hyphens": [("X-Amzn-Bedrock-Guardrail-Identifier", "other")],
        "API Gateway's remapping": [(f"X-Amzn-Remapped-{IDENTIFIER}", "other")],
        "leading zeros": [(VERSION, "01")],
        "a fraction": [(VERSION, "1.0")],
        "a hop-by-hop header": [(IDENTIFIER, "other"), ("Connection", IDENTIFIER)],
        "two hosts": [(IDENTIFIER, "other"), ("X-Forwarded-Host", "bedrock")],
        "the name alone": [("Guardrail", "off")],
        "the config": [("Amazon-Bedrock-GuardrailConfig", "{}")],
    }.items():
        yield Bypass(f"header with {name}", OVERRIDE, body(), headers)
    yield Bypass("header with gzip declared", MALFORMED, body(), [("Content-Encoding", "gzip")])


def _harmless_headers() -> Iterator[Bypass]:
    for name, headers in {
        "hop-by-hop names": [("Connection", f"close, {IDENTIFIER}, {VERSION}, {TRACE}")],
        "another trace": [("X_Amzn_Bedrock_Trace", "DISABLED")],
        "a folded value": [("X-A", f"x\r\n {IDENTIFIER}: other")],
        "a cookie": [("Cookie", f"{IDENTIFIER}=other; guardrail=off")],
        "another method": [("X-HTTP-Method-Override", "GET")],
        "another URL": [("X-Original-URL", "/model/x/invoke"), ("X-Rewrite-URL", "/model/x/invoke")],
        "another origin": [("X-Forwarded-Host", "bedrock"), ("Forwarded", "host=bedrock")],
        "a service tier": [("X-Amzn-Bedrock-Service-Tier", "flex"), ("X-Amz-Target", "x")],
        "events wanted": [("Accept", "text/event-stream")],
        "UTF-16 declared": [("Content-Type", "application/json; charset=utf-16")],
        "a form declared": [("Content-Type", "multipart/form-data; boundary=x")],
        "waiting": [("Expect", "100-continue")],
    }.items():
        yield Bypass(f"headers with {name}", BLOCKED, body(), headers)


def _trailers() -> Iterator[Bypass]:
    yield Bypass(
        "settings in trailers", BLOCKED, body(), trailers=[(IDENTIFIER, "other"), (TRACE, "DISABLED")]
    )
    announced = [("Trailer", IDENTIFIER), ("TE", "trailers")]
    yield Bypass("announced trailers", BLOCKED, body(), announced, trailers=[(IDENTIFIER, "other")])


def _paths() -> Iterator[Bypass]:
    for path in (
        f"{CHAT_PATH}?{IDENTIFIER}=other",
        f"{CHAT_PATH}?guardrailIdentifier=&guardrailVersion=",
        f"{CHAT_PATH}/",
        "/openai/v1//chat/completions",
        "//openai/v1/chat/completions",
        "/openai/v1/chat%2fcompletions",
        "/openai/v1/chat/%63ompletions",
    ):
        yield Bypass(f"path {path}", BLOCKED, body(), path=path)


def _unknown_paths() -> Iterator[Bypass]:
    for path in (
        f"{CHAT_PATH};a=b",
        f"{CHAT_PATH};/",
        f"{CHAT_PATH}%00",
        f"{CHAT_PATH}%20",
        f"{CHAT_PATH}%252f",
        f"{CHAT_PATH}#x",
        "/openai/v1/chat/./completions",
        "/openai/v1/x/../chat/completions",
        "/openai/v1/x/..%2fchat/completions",
        "/OpenAI/v1/Chat/Completions",
        "/openai/v2/chat/completions",
        "/openai/v1/completions",
        "/openai/v1/responses",
        "/v1/messages",
        f"/model/{MODEL}/invoke",
        f"/model/{MODEL}/converse-stream",
        "/guardrail/x/version/1/apply",
    ):
        yield Bypass(f"path {path}", UNKNOWN_PATH, body(), path=path)


def _two_readings() -> Iterator[Bypass]:
    content = body()
    for name, raw in {
        "a null before": b"\0" + content,
        "a null behind": content + b"\0",
        "two byte order marks": b"\xef\xbb\xbf" * 2 + content,
        "a record separator": b"\x1e" + content,
        "a prefix against scripts": b")]}',\n" + content,
        "no-break spaces": content.replace(b": ", b":\xc2\xa0"),
        "a form feed": content.replace(b": ", b":\x0c"),
        "a comment": content.replace(b"{", b"{/* */", 1),
        "a comment line": content + b"// x",
        "a trailing comma": content[:-1] + b",}",
        "single quotes": content.replace(b'"', b"'"),
        "bare keys": content.replace(b'"model"', b"model"),
    }.items():
        yield Bypass(name, MALFORMED, raw)


def _two_numbers() -> Iterator[Bypass]:
    content = body()
    for name, raw in {
        "a hexadecimal number": content[:-1] + b', "seed": 0x1}',
        "a leading zero": content[:-1] + b', "seed": 01}',
        "not a number": content[:-1] + b', "seed": NaN}',
        "a number beyond a double": content[:-1] + b', "seed": 1e400}',
        "a long fraction": content[:-1] + b', "seed": 0.' + b"1" * 400 + b"}",
    }.items():
        yield Bypass(name, MALFORMED, raw)


def _two_shapes() -> Iterator[Bypass]:
    content = body()
    for name, raw in {
        "a raw line break": content.replace(b"Where", b"Where\n"),
        "a list around": b"[" + content + b"]",
        "a string around": json.dumps(content.decode()).encode(),
        "101 levels": content[:-1] + b', "x": ' + b"[" * 100 + b"]" * 100 + b"}",
        "lines of documents": content + b"\n" + content,
        "content twice": content.replace(b'"content"', b'"content": "Hi", "content"'),
        "content twice, escaped": content.replace(b'"content"', b'"content": "Hi", "c\\u006fntent"'),
        "a role twice": content.replace(b'"role"', b'"role": "system", "role"'),
        "a suffix twice": content[:-1] + f', "{CONFIG}": {{"tagSuffix": "x", "tagSuffix": "y"}}}}'.encode(),
        "stream as text": content[:-1] + b', "stream": "true"}',
        "stream as a number": content[:-1] + b', "stream": 1}',
        "messages as an object": json.dumps(
            {"model": MODEL, "messages": {"0": asking(QUESTION)[0]}}
        ).encode(),
        "content as an object": body([{"role": "user", "content": {"text": QUESTION}}]),
        "a message as text": json.dumps({"model": MODEL, "messages": [QUESTION]}).encode(),
    }.items():
        yield Bypass(name, MALFORMED, raw)
