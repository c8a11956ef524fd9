from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from response_streaming import StreamError, StreamingResponse, buffered_elsewhere
from response_streaming.context import LambdaContext


def response(body: Iterator[bytes], status: int = 200, **options: Any) -> StreamingResponse:
    return StreamingResponse(status_code=status, headers={"a": "b"}, body=body, **options)


def invoked_elsewhere(result: object) -> Any:
    return buffered_elsewhere(lambda event, context: result)({}, object())


def failing(*items: bytes) -> Iterator[bytes]:
    yield from items
    raise StreamError("Function.Cut", response=response(iter([b"no"]), 503), last_chunk=b"sorry")


def test_under_our_loop_the_result_is_left_alone() -> None:
    result = response(iter([b"x"]))
    context = LambdaContext(request_id="1", deadline_ms=0, stream_response=lambda _: pytest.fail("streamed"))
    assert buffered_elsewhere(lambda event, context: result)({}, context) is result


def test_a_streaming_response_becomes_a_proxy_object() -> None:
    body = (item for item in ("grün".encode()[:3], "grün".encode()[3:], b"!"))
    assert invoked_elsewhere(response(body, 201, hold_s=60, heartbeat=b"x")) == {
        "statusCode": 201,
        "headers": {"a": "b"},
        "body": "grün!",
        "isBase64Encoded": False,
    }


def test_what_is_not_utf8_goes_out_in_base64() -> None:
    answer = invoked_elsewhere(response(iter([b"\xff\x00"])))
    assert (base64.b64decode(answer["body"]), answer["isBase64Encoded"]) == (b"\xff\x00", True)


def test_cookies_and_repeated_headers_are_kept() -> None:
    answer = invoked_elsewhere(response(iter(()), multi_value_headers={"c": ["d"]}, cookies=["e=f"]))
    assert (answer["multiValueHeaders"], answer["cookies"]) == ({"c": ["d"]}, ["e=f"])


def test_a_stream_error_before_the_first_item_replaces_the_response() -> None:
    answer = invoked_elsewhere(response(failing()))
    assert (answer["statusCode"], answer["body"]) == (503, "no")


def test_a_stream_error_after_an_item_ends_with_its_last_chunk() -> None:
    answer = invoked_elsewhere(response(failing(b"one ")))
    assert (answer["statusCode"], answer["body"]) == (200, "one sorry")


def test_other_errors_are_raised_and_the_body_is_closed() -> None:
    closed = []

    def body() -> Iterator[bytes]:
        try:
            yield b"x"
            raise ValueError("no")
        finally:
            closed.append(True)

    with pytest.raises(ValueError, match="no"):
        invoked_elsewhere(response(body()))
    assert closed == [True]


@pytest.mark.parametrize("result", [None, {"statusCode": 200}, "text"])
def test_ordinary_results_are_left_alone(result: object) -> None:
    assert invoked_elsewhere(result) is result
