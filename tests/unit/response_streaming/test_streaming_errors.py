"""Responses that fail before or after their head, or are invalid: the Runtime API's view."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from response_streaming import StreamError, StreamingResponse
from tests.runtime_api import RuntimeApiServer
from tests.unit.response_streaming.bodies import Body, raising, response, returning, stream_error
from tests.unit.response_streaming.conftest import Serve


def test_a_stream_error_before_the_head_sends_its_response_with_its_status(
    api: RuntimeApiServer, serve: Serve
) -> None:
    invocation = api.invoke()
    replacement = Body(iter([b"slow down"]))
    replaced = Body(raising(stream_error(replacement)))
    serve(returning(response(replaced, hold_s=5)))
    request = invocation.answer()
    prelude, _, body = request.body.partition(bytes(8))
    assert (json.loads(prelude)["statusCode"], body, request.trailers) == (429, b"slow down", [])
    assert (replaced.closed, replacement.closed) == (1, 1)


def test_stream_error_after_the_head(api: RuntimeApiServer, serve: Serve) -> None:
    """After the head, a stream error ends the response with its last chunk and its trailers."""
    invocation, replacement = api.invoke(), Body(iter([b"never sent"]))
    serve(returning(response(raising(stream_error(replacement), b"one"), hold_s=5)))
    request = invocation.answer()
    document = b'{"errorMessage": "Function.Cut", "errorType": "Function.Cut", "stackTrace": []}'
    end = (
        b"3\r\none\r\n5\r\nsorry\r\n0\r\n"
        b"Lambda-Runtime-Function-Error-Type: Function.Cut\r\n"
        b"Lambda-Runtime-Function-Error-Body: %b\r\n\r\n"
    ) % base64.b64encode(document)
    assert bytes(request.raw).endswith(end)
    assert request.complete
    assert replacement.closed == 1


def test_a_stream_error_of_the_replacement_is_followed_as_well(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()
    inner = StreamError("B", response=response(iter([b"at last"]), 503), last_chunk=b"")
    outer = StreamError("A", response=response(raising(inner), 500, hold_s=5), last_chunk=b"")
    serve(returning(response(raising(outer), hold_s=5)))
    prelude, _, body = invocation.answer().body.partition(bytes(8))
    assert (json.loads(prelude)["statusCode"], body) == (503, b"at last")


def test_any_other_error_before_the_head_fails_the_invocation(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()
    body = Body(raising(ValueError("no")))
    serve(returning(response(body, hold_s=5)))
    request = invocation.answer()
    assert request.path.endswith("/error")
    assert json.loads(request.content)["errorType"] == "ValueError"
    assert body.closed == 1


def test_any_other_error_after_the_head_ends_with_trailers(
    api: RuntimeApiServer, serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    invocation = api.invoke()
    serve(returning(response(raising(ValueError("secret"), b"one"))))
    request = invocation.answer()
    assert request.header("Lambda-Runtime-Function-Error-Type") == "ValueError"
    document = json.loads(base64.b64decode(request.header("Lambda-Runtime-Function-Error-Body") or ""))
    assert (document["errorMessage"], document["errorType"]) == ("secret", "ValueError")
    assert "raise error" in document["stackTrace"][-1]
    logged = capfd.readouterr().err
    assert "secret" not in logged
    assert logged.count("\n") == 1


def test_trailers_fit_into_the_four_kilobytes_that_are_read(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()

    def deep(levels: int) -> None:
        if levels == 0:
            raise ValueError("ü" * 100_000)
        deeper(levels - 1)

    def deeper(levels: int) -> None:  # a second function, or the stack would be shortened as a repetition
        deep(levels)

    def body() -> Iterator[bytes]:
        yield b"one"
        deep(200)

    serve(returning(response(body())))
    request = invocation.answer()
    assert 1000 < sum(len(name) + len(value) + 4 for name, value in request.trailers) < 4000
    document = json.loads(base64.b64decode(request.header("Lambda-Runtime-Function-Error-Body") or ""))
    assert "raise ValueError" in document["stackTrace"][-1]


def test_an_error_type_cannot_add_lines_to_the_trailers(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()
    error = StreamError("A\r\nB: ü", response=response(iter(())), last_chunk=b"")
    serve(returning(response(raising(error, b"one"))))
    assert invocation.answer().header("Lambda-Runtime-Function-Error-Type") == "A??B: ?"


def test_an_item_that_is_not_bytes_fails_the_invocation(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()
    serve(returning(response(iter(["text"]), hold_s=5)))  # type: ignore[list-item]
    assert json.loads(invocation.answer().content)["errorType"] == "TypeError"


@pytest.mark.parametrize("size", [16 * 1024, 100_000])
def test_a_head_beyond_16_kilobytes_fails_the_invocation(
    api: RuntimeApiServer, serve: Serve, size: int
) -> None:
    invocation, body = api.invoke(), Body(iter([b"x"]))
    serve(returning(StreamingResponse(status_code=200, headers={"a": "b" * size}, body=body)))
    assert json.loads(invocation.answer().content)["errorType"] == "Runtime.ResponseHeadTooLarge"
    assert body.closed == 1


def test_a_head_and_delimiter_of_16_kilobytes_just_fit(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()
    metadata = len('{"statusCode": 200, "headers": {"a": ""}}')
    headers = {"a": "b" * (16 * 1024 - 8 - metadata)}
    serve(returning(StreamingResponse(status_code=200, headers=headers, body=iter(()))))
    assert len(invocation.answer().body) == 16 * 1024


def test_headers_that_json_cannot_hold_fail_the_invocation(api: RuntimeApiServer, serve: Serve) -> None:
    invocation, body = api.invoke(), Body(iter([b"x"]))
    serve(returning(StreamingResponse(status_code=200, headers={"a": {1}}, body=body)))  # type: ignore[dict-item]
    assert json.loads(invocation.answer().content)["errorType"] == "Runtime.MarshalError"
    assert body.closed == 1
