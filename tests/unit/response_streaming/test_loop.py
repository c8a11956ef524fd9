"""The loop serves one event after the other, in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from response_streaming import StreamError, StreamingResponse
from response_streaming.failures import FaultError
from response_streaming.loop import load_handler
from tests.runtime_api import RuntimeApiServer
from tests.unit.response_streaming.conftest import Serve


def body(error: BaseException, *items: bytes) -> Iterator[bytes]:
    yield from items
    raise error


def response(items: Iterator[bytes]) -> StreamingResponse:
    return StreamingResponse(status_code=200, headers={}, body=items, hold_s=5)


def raise_in_handler(event: Any, context: Any) -> Any:
    raise ValueError("the caller's words")


def result_json_cannot_hold(event: Any, context: Any) -> Any:
    return {1}


def raise_before_the_head(event: Any, context: Any) -> Any:
    return response(body(ValueError("x")))


def raise_after_the_head(event: Any, context: Any) -> Any:
    return response(body(ValueError("x"), b"one"))


def stream_error_after_the_head(event: Any, context: Any) -> Any:
    return response(body(StreamError("X", response=response(iter(())), last_chunk=b""), b"one"))


def head_too_large(event: Any, context: Any) -> Any:
    return StreamingResponse(status_code=200, headers={"a": "b" * 20_000}, body=iter(()))


@pytest.mark.parametrize(
    ("handler", "error_type"),
    [
        (raise_in_handler, "ValueError"),
        (result_json_cannot_hold, "Runtime.MarshalError"),
        (raise_before_the_head, "ValueError"),
        (raise_after_the_head, "ValueError"),
        (stream_error_after_the_head, "X"),
        (head_too_large, "Runtime.ResponseHeadTooLarge"),
    ],
)
def test_a_failure_at_any_stage_is_reported_and_the_next_event_is_served(
    api: RuntimeApiServer, serve: Serve, handler: Any, error_type: str
) -> None:
    failing, following = api.invoke(), api.invoke("next")
    serve(handler)
    serve(lambda event, context: event)
    assert failing.answer().header("Lambda-Runtime-Function-Error-Type") == error_type
    assert following.answer().content == b'"next"'


def test_the_log_names_the_class_and_the_places_but_not_the_message(
    api: RuntimeApiServer, serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    def handler(event: Any, context: Any) -> Any:
        try:
            return raise_in_handler(event, context)
        except ValueError as error:
            raise LookupError("more\nwords") from error

    invocation = api.invoke()
    serve(handler)
    logged = capfd.readouterr().err
    assert logged.startswith("[ERROR] request-1 LookupError < ")
    assert f", caused by ValueError < {__file__}:" in logged
    assert logged.endswith("handler\n")
    assert logged.count("\n") == 1
    assert "words" not in logged
    assert json.loads(invocation.answer().content)["errorMessage"] == "more\nwords"


def test_an_event_that_is_not_json_fails_its_invocation_only(api: RuntimeApiServer, serve: Serve) -> None:
    failing, following = api.invoke(body=b'{"a":'), api.invoke("next")
    serve(lambda event, context: pytest.fail("the handler was called"))
    serve(lambda event, context: event)
    assert json.loads(failing.answer().content)["errorType"] == "Runtime.UnmarshalError"
    assert following.answer().content == b'"next"'


@pytest.mark.parametrize("name", ["Client-Context", "Cognito-Identity"])
def test_a_context_header_that_is_not_json_fails_the_invocation(
    api: RuntimeApiServer, serve: Serve, name: str
) -> None:
    invocation = api.invoke(headers={f"Lambda-Runtime-{name}": "{"})
    serve(lambda event, context: None)
    document = json.loads(invocation.answer().content)
    assert document["errorType"] == "Runtime.LambdaContextUnmarshalError"


def test_the_trace_id_is_set_for_its_invocation_only(api: RuntimeApiServer, serve: Serve) -> None:
    seen = []

    def handler(event: Any, context: Any) -> None:
        seen.append(os.environ.get("_X_AMZN_TRACE_ID"))

    api.invoke(headers={"Lambda-Runtime-Trace-Id": "Root=1-a"})
    api.invoke()
    serve(handler)
    serve(handler)
    assert seen == ["Root=1-a", None]


def test_the_remaining_time_counts_down_to_the_deadline_and_not_below(
    api: RuntimeApiServer, serve: Serve
) -> None:
    seen = []
    for remaining_s in (60, -1):
        api.invoke(remaining_s=remaining_s)
        serve(lambda event, context: seen.append(context.get_remaining_time_in_millis()))
    assert 55_000 < seen[0] <= 60_000
    assert seen[1] == 0


def test_refused_answer_is_logged(
    api: RuntimeApiServer, serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    """An answer that Lambda refuses is logged, and the next event is served."""
    api.invoke(answer_status=413)
    following = api.invoke("next")
    serve(lambda event, context: "too large")
    serve(lambda event, context: event)
    assert following.answer().content == b'"next"'
    assert "request-1 the Runtime API refused the answer: HTTP status 413" in capfd.readouterr().err


def test_an_exception_that_cannot_be_shown_is_reported_all_the_same(
    api: RuntimeApiServer, serve: Serve
) -> None:
    class Mute(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError

    def handler(event: Any, context: Any) -> Any:
        raise Mute

    invocation = api.invoke()
    serve(handler)
    document = json.loads(invocation.answer().content)
    assert (document["errorType"], document["errorMessage"]) == ("Mute", "")


def test_a_handler_that_exits_ends_the_process_as_under_awslambdaric(
    api: RuntimeApiServer, serve: Serve
) -> None:
    def handler(event: Any, context: Any) -> Any:
        raise SystemExit(3)

    api.invoke()
    with pytest.raises(SystemExit):
        serve(handler)


@pytest.mark.parametrize(
    ("name", "error_type"),
    [
        ("nodot", "Runtime.MalformedHandlerName"),
        ("sys.exit", "Runtime.BuiltInModuleConflict"),
        ("missing_module.handler", "Runtime.ImportModuleError"),
        ("broken_syntax.handler", "Runtime.UserCodeSyntaxError"),
        ("folder/fine.missing", "Runtime.HandlerNotFound"),
        ("folder/fine.NUMBER", "Runtime.HandlerNotFound"),
    ],
)
def test_a_handler_that_cannot_be_loaded_has_lambdas_name_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, error_type: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "broken_syntax.py").write_text("def")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "fine.py").write_text("NUMBER = 1")
    with pytest.raises(FaultError) as caught:
        load_handler(name)
    assert caught.value.error_type == error_type
