"""More ways around an enforced guardrail: the same settings, words and tags in other spellings and other places.

Each ends the same way streamed or not, so that one try of each is enough.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

from local.guardrail import BLOCKED_WORD
from tests.e2e.conftest import MODEL
from tests.e2e.guardrail_bypasses import (
    BLOCKED,
    CONFIG,
    IDENTIFIER,
    MALFORMED,
    OVERRIDE,
    QUESTION,
    TAG,
    TRACE,
    UNKNOWN_PATH,
    VERSION,
    Bypass,
    asking,
    body,
)


def bypasses() -> Iterator[Bypass]:
    """All of them."""
    yield from _keys()
    yield from _headers()
    yield from _paths()
    yield from _two_readings()
    yield from _words()
    yield from _tags()


def encodings() -> Iterator[Bypass]:
    """Those that are no UTF-8. The emulator mends such bytes before the function sees them; API Gateway does not."""
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
    yield Bypass("gzip", MALFORMED, gzip.compress(content), [("Content-Encoding", "gzip")])
    yield Bypass("deflate", MALFORMED, zlib.compress(content), [("Content-Encoding", "deflate")])


def _keys() -> Iterator[Bypass]:
    for name, key in {**_letters(), **_invisible(), **_punctuated()}.items():
        yield Bypass(f"key in {name}", OVERRIDE, body(**{key: "off"}))
    for key in (
        "amazon_bedrock_trace",
        "AmazonBedrockTrace",
        "\u200bamazon-bedrock-x",
        " amazon\u2010bedrock\u2010x",
    ):
        yield Bypass(f"key {key!r}", OVERRIDE, body(**{key: "off"}))
    for wrapper in ("extra_query", "stream_options", "reasoning", "x" * 128):
        yield Bypass(
            f"invisible key inside {wrapper[:20]}", OVERRIDE, body(**{wrapper: [{"guard\u200brail": 1}]})
        )
    escaped = body(GUARD=1).replace(b"GUARD", b"\\u0067uard\\u0072ail")
    yield Bypass("key in escapes", OVERRIDE, escaped)
    yield Bypass("a long key", MALFORMED, body(**{"a" * 120 + "guardrail": 1}))
    yield Bypass("a key of combining marks", MALFORMED, body(**{"guardrail" + "\u0301\u0327" * 20_000: None}))
    for name, key in {
        "escapes of escapes": "\\u0067uardrailConfig",
        "percents": "%67uardrailConfig",
        "entities": "&#103;uardrailConfig",
        "Cyrillic": "gu\u0430rdrailConfig",
        "reverse": "\u202eliardraug",
        "digits": "gu4rdr4il",
    }.items():
        yield Bypass(f"key in {name}, which is another", BLOCKED, body(**{key: None}))


def _letters() -> dict[str, str]:
    def moved(first: int) -> str:
        return "".join(chr(first + ord(letter) - ord("a")) for letter in "guardrail")

    return {
        "full-width letters": moved(0xFF41),
        "bold letters": moved(0x1D41A),
        "double-struck letters": moved(0x1D552),
        "monospaced letters": moved(0x1D68A),
        "circled letters": moved(0x24D0),
        "parenthesised letters": moved(0x249C),
        "raised letters": "\u1d4d\u1d58\u1d43\u02b3\u1d48\u02b3\u1d43\u2071\u02e1",
        "accents": "gu\u00e1rdr\u00e4il",
        "combining accents": "".join(f"{letter}\u0301" for letter in "guardrail"),
        "a dotless i": "guardra\u0131l",
        "a dotted I": "GUARDRA\u0130L",
        "mixed case": "gUaRdRaIlConfig",
    }


def _invisible() -> dict[str, str]:
    codes = (
        *(0x00AD, 0x034F, 0x061C, 0x115F, 0x180E, 0x200B, 0x200C, 0x200D, 0x200E, 0x202E),
        *(0x2060, 0x2063, 0x2066, 0x3164, 0xFE0F, 0xFEFF, 0xFFA0, 0xE0067, 0xE0100),
    )
    return {f"halves around U+{code:04X}": f"guard{chr(code)}rail" for code in codes}


def _punctuated() -> dict[str, str]:
    halves = {f"halves around {mark!r}": f"guard{mark}rail" for mark in "_-. /:\t\n\0\u2010\u2011\u00a0"}
    outer = (
        " guardrail",
        "guardrail\0",
        "\ufeffguardrail",
        "x.guardrail.y",
        "guardrail[identifier]",
        "$guardrail",
    )
    return {**halves, **{f"the form {key!r}": key for key in outer}}


def _headers() -> Iterator[Bypass]:
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
        "gzip declared": [("Content-Encoding", "gzip")],
        "waiting": [("Expect", "100-continue")],
    }.items():
        yield Bypass(f"headers with {name}", BLOCKED, body(), headers)
    yield Bypass(
        "settings in trailers", BLOCKED, body(), trailers=[(IDENTIFIER, "other"), (TRACE, "DISABLED")]
    )
    announced = [("Trailer", IDENTIFIER), ("TE", "trailers")]
    yield Bypass("announced trailers", BLOCKED, body(), announced, trailers=[(IDENTIFIER, "other")])


def _paths() -> Iterator[Bypass]:
    chat = "/openai/v1/chat/completions"
    for path in (
        f"{chat}?{IDENTIFIER}=other",
        f"{chat}?guardrailIdentifier=&guardrailVersion=",
        f"{chat}/",
        "/openai/v1//chat/completions",
        "//openai/v1/chat/completions",
        "/openai/v1/chat%2fcompletions",
        "/openai/v1/chat/%63ompletions",
    ):
        yield Bypass(f"path {path}", BLOCKED, body(), path=path)
    for path in (
        f"{chat};a=b",
        f"{chat};/",
        f"{chat}%00",
        f"{chat}%20",
        f"{chat}%252f",
        f"{chat}#x",
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
        "a hexadecimal number": content[:-1] + b', "seed": 0x1}',
        "a leading zero": content[:-1] + b', "seed": 01}',
        "not a number": content[:-1] + b', "seed": NaN}',
        "a number beyond a double": content[:-1] + b', "seed": 1e400}',
        "a long fraction": content[:-1] + b', "seed": 0.' + b"1" * 400 + b"}",
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


def _words() -> Iterator[Bypass]:
    """Where no tag can stand, and where a string may look as if it were none."""
    looks_encoded = f"{BLOCKED_WORD}+" * 8
    for kind, key, value in (
        ("file", "filename", looks_encoded),
        ("file", "filename", f"data:image,{BLOCKED_WORD}"),
        ("file", "file_id", looks_encoded),
        ("file", "file_data", f"data:{BLOCKED_WORD}/png;base64,AAAA"),
        ("file", "file_data", f"data:text/plain,{looks_encoded}"),
        ("image_url", "url", f"s3://{looks_encoded}"),
        ("image_url", "url", f"s3://bucket/{BLOCKED_WORD}.png"),
        ("image_url", "url", f"data:image/{BLOCKED_WORD};base64,AAAA"),
        ("image_url", "url", f"data:image/png;{BLOCKED_WORD},AAAA"),
        ("image_url", "url", f"data:image/png,{looks_encoded}"),
        ("image_url", "detail", BLOCKED_WORD),
        ("input_audio", "format", BLOCKED_WORD),
        ("input_audio", "data", f"{QUESTION}"),
        ("input_text", "text", QUESTION),
        ("refusal", "refusal", QUESTION),
    ):
        part = {"type": kind, kind: {**(_IMAGE if kind == "image_url" else {}), key: value}}
        yield Bypass(f"word in {kind}.{key}: {value[:40]}", BLOCKED, body(asking([_HI, part])))
    fields: dict[str, dict[str, Any]] = {
        "an unknown field": {"context": [{"note": QUESTION}]},
        "an unknown field's key": {"context": {BLOCKED_WORD: 1}},
        "a prediction": {"prediction": {"type": "content", "content": QUESTION}},
        "a choice of tools": {
            "tools": [{"type": "function", "function": {"name": BLOCKED_WORD}}],
            "tool_choice": {"type": "function", "function": {"name": BLOCKED_WORD}},
        },
        "an old function": {"functions": [{"name": "f", "description": QUESTION}]},
        "a schema's name": {
            "response_format": {"type": "json_schema", "json_schema": {"name": BLOCKED_WORD}}
        },
        "a second list of messages": {"Messages": asking(QUESTION)},
        "a system field": {"system": [{"text": QUESTION}]},
    }
    for name, field in fields.items():
        yield Bypass(f"word in {name}", BLOCKED, body(asking("Hi"), **field))
    answers: dict[str, dict[str, Any]] = {
        "a call's id": {"tool_calls": [_call(id=BLOCKED_WORD)]},
        "a call's type": {"tool_calls": [_call(type=BLOCKED_WORD)]},
        "escapes of a call": {"tool_calls": [_call(arguments='{"a": "\\u006bryptonite"}')]},
        "an old call": {"function_call": {"name": "f", "arguments": QUESTION}},
        "a message's unknown field": {"thinking": QUESTION},
        "a message's refusal": {"refusal": QUESTION},
    }
    for name, said in answers.items():
        message = {"role": "assistant", "content": None, **said}
        yield Bypass(f"word in {name}", BLOCKED, body([*asking("Hi"), message, *asking("Go on")]))


_HI = {"type": "text", "text": "Hi"}
_IMAGE = {"url": "data:image/png;base64,AAAA"}  # Bedrock refuses an image without a URL that it reads


def _call(*, arguments: str = "{}", **changes: Any) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}, **changes}


def _tags() -> Iterator[Bypass]:
    tag = "<amazon-bedrock-guardrails-guardContent_xyz>"
    places: dict[str, dict[str, Any]] = {
        "metadata": {"metadata": {"a": tag}},
        "a key": {"metadata": {tag: "a"}},
        "a stop word": {"stop": [tag]},
        "a schema's key": {
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {tag: {}}}}]
        },
        "an unknown field": {"context": tag},
    }
    for name, fields in places.items():
        yield Bypass(f"tag in {name}", TAG, body(**fields))
    contents: dict[str, Any] = {
        "a file's name": [_HI, {"type": "file", "file": {"filename": tag}}],
        "a URL": [_HI, {"type": "image_url", "image_url": {"url": tag}}],
        "three parts": [
            {"type": "text", "text": text} for text in ("<amazon-bedrock-", "guardrails-", tag[27:])
        ],
        "entities": f"&lt;{tag[1:-1]}&gt; {QUESTION}",
        "no brackets": f"{tag[1:-1]} {QUESTION}",
        "no suffix": f"<amazon-bedrock-guardrails-guardContent>Hi</x> {QUESTION}",
        "odd case": f"{tag.swapcase()} {QUESTION}",
    }
    for name, content in contents.items():
        yield Bypass(f"tag with {name}", TAG, body(asking(content)))
    for name, spelled in {
        "full-width brackets": f"\uff1camazon\u2011{tag[8:-1]}\uff1e",
        "a zero-width space": tag.replace("guard", "guard\u200b"),
        "a line break": tag.replace("-guard", "-\nguard"),
        "escapes in plain text": tag.replace("-", "\\u002d"),
        "another script": tag.replace("a", "\u0430"),
    }.items():
        yield Bypass(f"no tag: {name}", BLOCKED, body(asking(f"{spelled} Hi {spelled} {QUESTION}")))
