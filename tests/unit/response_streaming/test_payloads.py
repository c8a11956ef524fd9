"""Payloads are the same as those of awslambdaric's own marshaller."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from awslambdaric.lambda_runtime_exception import FaultException  # type: ignore[import-untyped]
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from response_streaming.failures import FaultError
from response_streaming.payloads import decode_event, encode_result

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | TEXTS | TEXTS.map(str.encode),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(TEXTS | st.integers() | st.none(), inner)
    ),
)


def reference(call: Callable[[LambdaMarshaller], Any]) -> Any:
    try:
        return call(LambdaMarshaller())
    except FaultException as error:
        return error.exception_type, error.msg


def ours(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except FaultError as error:
        return error.error_type, str(error)


@pytest.mark.parametrize("runtime", ["", "AWS_Lambda_python3.13"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(result=VALUES)
def test_results_are_encoded_as_awslambdaric_encodes_them(
    monkeypatch: pytest.MonkeyPatch, runtime: str, result: Any
) -> None:
    monkeypatch.setenv("AWS_EXECUTION_ENV", runtime)
    body, content_type = reference(lambda marshaller: marshaller.marshal_response(result))
    assert encode_result(result) == (body if isinstance(body, bytes) else body.encode(), content_type)


@pytest.mark.parametrize("runtime", [f"AWS_Lambda_python3.{minor}" for minor in range(8, 16)])
def test_the_same_runtimes_escape_what_is_not_ascii(monkeypatch: pytest.MonkeyPatch, runtime: str) -> None:
    monkeypatch.setenv("AWS_EXECUTION_ENV", runtime)
    body, _ = reference(lambda marshaller: marshaller.marshal_response("grün"))
    assert encode_result("grün")[0] == body.encode()


CIRCULAR: list[Any] = []
CIRCULAR.append(CIRCULAR)


@pytest.mark.parametrize(
    "result",
    [{1}, object(), {(1,): 2}, [b"\xff"], CIRCULAR, lambda: 1],
    ids=["set", "object", "key of another type", "bytes", "circular", "function"],
)
def test_what_awslambdaric_refuses_to_encode_is_refused_in_the_same_words(result: Any) -> None:
    expected = reference(lambda marshaller: marshaller.marshal_response(result))
    assert ours(lambda: encode_result(result)) == expected


def test_half_a_surrogate_pair_fails_the_invocation_and_not_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.13")
    with pytest.raises(FaultError, match="surrogates not allowed"):
        encode_result("\ud800")


def test_a_decimal_loses_its_quotes_and_nothing_else_does() -> None:
    body, _ = encode_result({"a": Decimal("1.10"), "b": "1.10", "c": [Decimal(-3)]})
    assert body == b'{"a": 1.10, "b": "1.10", "c": [-3]}'


@pytest.mark.parametrize("event", [b'{"a": "gr\xc3\xbcn"}', b"[1, 2.5, null]", b'"x"', b" {} "])
def test_events_are_parsed_as_awslambdaric_parses_them(event: bytes) -> None:
    expected = reference(lambda marshaller: marshaller.unmarshal_request(event))
    assert decode_event(event, "application/json") == expected == json.loads(event)


@pytest.mark.parametrize("event", [b'{"a":', b"", b"\xff", b"[" * 100_000])
def test_an_event_that_is_not_json_is_a_fault(event: bytes) -> None:
    with pytest.raises(FaultError) as caught:
        decode_event(event, "application/json")
    assert caught.value.error_type == "Runtime.UnmarshalError"


def test_an_event_declared_as_something_else_is_handed_over_as_it_came() -> None:
    assert decode_event(b"raw", "text/plain") == b"raw"


def test_an_event_declared_as_nothing_is_json() -> None:
    assert decode_event(b"{}", None) == {}
