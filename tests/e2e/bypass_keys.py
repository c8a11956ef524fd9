"""Ways around an enforced guardrail by keys of the body: the same settings in other spellings."""

from __future__ import annotations

from collections.abc import Iterator

from tests.e2e.guardrail_bypasses import (
    BLOCKED,
    MALFORMED,
    OVERRIDE,
    Bypass,
    body,
)


def bypasses() -> Iterator[Bypass]:
    """All bypasses of this kind. Each ends the same way streamed or not, so one try of each is enough."""
    yield from _spellings()
    yield from _long_keys()
    yield from _other_keys()


def _spellings() -> Iterator[Bypass]:
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


def _long_keys() -> Iterator[Bypass]:
    yield Bypass("a long key", MALFORMED, body(**{"a" * 120 + "guardrail": 1}))
    yield Bypass("a key of combining marks", MALFORMED, body(**{"guardrail" + "\u0301\u0327" * 20_000: None}))


def _other_keys() -> Iterator[Bypass]:
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
