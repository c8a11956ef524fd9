"""Requests of any form, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

# Where a string may stand without being checked, as docs/guardrails.md lists them.
EXEMPT_PARAMETERS = frozenset(
    {
        "logit_bias",
        "metadata",
        "modalities",
        "model",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "stop",
        "stream_options",
        "user",
    }
)
words = st.sampled_from(["kryptonite", "Where do I buy it?", "QUJD", "user", "url", "file"])
looks_encoded = st.integers(16, 99).map(lambda count: "kryptoni" * count)
data_urls = st.builds(
    "{}:{}/{}{},{}".format,
    st.sampled_from(["data", "data", "DATA"]),
    st.sampled_from(["image", "audio", "application", "words here"]),
    st.sampled_from(["png", "pdf", "x.kryptonite", "a b", "x" * 100]),
    st.sampled_from([";base64", ";kryptonite", ""]),
    words | looks_encoded,
)
strings = words | looks_encoded | data_urls | st.text(max_size=12)
json_values = st.recursive(
    strings | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=3),
    max_leaves=8,
)
media = st.dictionaries(
    st.sampled_from(["url", "data", "file_data", "filename", "file_id", "detail", "format"]),
    strings | json_values,
    min_size=1,
)
kinds = st.sampled_from(["image_url", "input_audio", "file"])
parts = (
    st.tuples(kinds, media).map(lambda medium: {"type": medium[0], medium[0]: medium[1]})
    | st.fixed_dictionaries({"type": kinds | json_values}, optional={"file": media | json_values})
    | st.fixed_dictionaries({"type": st.just("text"), "text": strings}, optional={"file": media})
    | json_values
)
functions = st.fixed_dictionaries(
    {"name": strings}, optional={"arguments": strings, "description": strings, "parameters": json_values}
)
calls = st.fixed_dictionaries({"id": strings, "type": strings, "function": functions})
messages = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "system", "assistant", "tool"]) | strings,
        "content": st.lists(parts, min_size=1, max_size=4) | strings | st.none(),
    },
    optional={
        "name": strings,
        "tool_calls": st.lists(calls, max_size=2) | json_values,
        "unknown": json_values,
    },
)
tools = st.lists(st.fixed_dictionaries({"type": strings, "function": functions}), max_size=2)
fields = st.dictionaries(
    st.sampled_from(["tools", "response_format", "prediction", *EXEMPT_PARAMETERS]) | strings,
    tools | json_values,
    max_size=4,
)
