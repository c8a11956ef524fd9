"""The whole loop in a thread of this process, against the Runtime API: answers, init errors, SnapStart, its end."""

from __future__ import annotations

import base64
import gc
import json
import os
import runpy
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
import snapshot_restore_py  # type: ignore[import-untyped]

from response_streaming import loop
from response_streaming.runtime_api import RuntimeApi
from tests.runtime_api import RuntimeApiServer
from tests.unit.response_streaming import bodies
from tests.unit.response_streaming.connections import answering
from tests.unit.response_streaming.failing_modules import FAILING_MODULES

WITHIN_S = 10.0
SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


def echo(event: Any, context: Any) -> Any:
    return event


def stream(event: Any, context: Any) -> Any:
    return bodies.response(iter([b"one", b"two"]), 201)


def stream_half(event: Any, context: Any) -> Any:
    return bodies.response(bodies.raising(ValueError("in the body"), b"one"))


def fail(event: Any, context: Any) -> Any:
    raise LookupError(event)


def end(event: Any, context: Any) -> Any:
    raise SystemExit(3)


def trace_id(event: Any, context: Any) -> Any:
    return os.environ.get("_X_AMZN_TRACE_ID")


def collections(event: Any, context: Any) -> Any:
    return {"are_on": gc.isenabled() and gc.get_threshold()[0] > 0, "skip": gc.get_freeze_count()}


def say(event: Any, context: Any) -> Any:
    print(event, end="")
    print(" and more")
    return "_LAMBDA_TELEMETRY_LOG_FD" in os.environ


class Loop:
    """Runs `loop.run()` in this process: `stdout` and `stderr` are what it and its handlers have written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, address: str, threads: ThreadPoolExecutor) -> None:
        self._monkeypatch, self._address, self._threads = monkeypatch, address, threads
        self._stdout, self._stderr = BytesIO(), StringIO()

    @property
    def stdout(self) -> str:
        return self._stdout.getvalue().decode()

    @property
    def stderr(self) -> str:
        return self._stderr.getvalue()

    def prepare(self, handler: str, **env: str) -> None:
        """Sets what Lambda sets. `handler` may be a function of this module."""
        name = handler if "." in handler else f"{__name__}.{handler}"
        for key, value in {"AWS_LAMBDA_RUNTIME_API": self._address, "_HANDLER": name, **env}.items():
            self._monkeypatch.setenv(key, value)
        self._monkeypatch.setenv("_X_AMZN_TRACE_ID", "of nobody")  # so that its end is undone
        self._monkeypatch.setattr(sys, "stdout", TextIOWrapper(self._stdout, encoding="utf-8"))
        self._monkeypatch.setattr(sys, "stderr", self._stderr)

    def start(self, handler: str, **env: str) -> Future[int]:
        """The exit status of the loop, once it ends."""
        self.prepare(handler, **env)
        return self._threads.submit(loop.run)

    def status(self, handler: str, **env: str) -> int:
        return self.start(handler, **env).result(WITHIN_S)


@pytest.fixture
def running(api: RuntimeApiServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    clients: list[RuntimeApi] = []

    def client(address: str) -> RuntimeApi:
        clients.append(RuntimeApi(address))
        return clients[-1]

    monkeypatch.setattr(loop, "RuntimeApi", client)  # to close what the end of a process closes
    with ThreadPoolExecutor(1) as threads:
        yield Loop(monkeypatch, api.address, threads)
        api.close()
    for made in clients:
        made.close()
    gc.unfreeze()


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a module `function`, to be written by the test."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "function.py"
    sys.modules.pop("function", None)


@pytest.fixture
def collector() -> Iterator[None]:
    """Python's garbage collector, which is set back after the test."""
    threshold = gc.get_threshold()
    gc.set_threshold(6, 5, 4)
    yield
    gc.enable()
    gc.set_threshold(*threshold)


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Registers two hooks before the snapshot and two after the restore; names those that have run."""
    monkeypatch.setattr(snapshot_restore_py, "_before_snapshot_registry", [])
    monkeypatch.setattr(snapshot_restore_py, "_after_restore_registry", [])
    ran: list[str] = []
    for name in ("one", "two"):
        snapshot_restore_py.register_before_snapshot(ran.append, f"before {name}")
        snapshot_restore_py.register_after_restore(ran.append, f"after {name}")
    return ran


def fail_in_hook() -> None:
    raise SystemExit("from a hook")


def test_results(api: RuntimeApiServer, running: Loop) -> None:
    """The caller of each event gets what the handler returns for that event."""
    running.start("echo")
    invocations = [api.invoke(event) for event in ({"a": "grün"}, None, [1.5])]
    answers = [invocation.answer() for invocation in invocations]
    assert [json.loads(answer.content) for answer in answers] == [{"a": "grün"}, None, [1.5]]
    assert {answer.header("content-type") for answer in answers} == {"application/json"}


def test_collections_skip_what_was_imported(api: RuntimeApiServer, running: Loop) -> None:
    """Objects from the import are out of the collector's sight, and it collects those of events."""
    running.start("collections")
    told = json.loads(api.invoke().answer().content)
    assert told["are_on"]
    assert told["skip"] > len(sys.modules)


@pytest.mark.parametrize(
    ("statement", "is_enabled", "threshold"),
    [("gc.disable()", False, (6, 5, 4)), ("gc.set_threshold(9, 8, 7)", True, (9, 8, 7))],
)
def test_the_handlers_module_decides_about_collections(
    api: RuntimeApiServer,
    running: Loop,
    function: Path,
    collector: None,
    statement: str,
    is_enabled: bool,
    threshold: tuple[int, int, int],
) -> None:
    """What a module says to the collector while it is imported still holds when events come."""
    function.write_text(
        f"import gc\n{statement}\ndef handle(event, context):\n    return [gc.isenabled(), gc.get_threshold()]"
    )
    running.start("function.handle")
    assert json.loads(api.invoke().answer().content) == [is_enabled, list(threshold)]


def test_streamed_results(api: RuntimeApiServer, running: Loop) -> None:
    """A StreamingResponse is streamed: its prelude, eight zero bytes, then its items, event after event."""
    running.start("stream")
    for invocation in [api.invoke(), api.invoke()]:
        answer = invocation.answer()
        prelude, _, body = answer.body.partition(bytes(8))
        assert json.loads(prelude)["statusCode"] == 201
        assert body == b"onetwo"
        assert answer.header("lambda-runtime-function-response-mode") == "streaming"
        assert (answer.complete, answer.trailers) == (True, [])


def test_an_error_of_the_handler(api: RuntimeApiServer, running: Loop) -> None:
    """The caller gets the exception, the log its class and place, and the loop goes on."""
    running.start("fail")
    failed = [api.invoke("first").answer(), api.invoke("second").answer()]
    assert [request.path.rpartition("/")[2] for request in failed] == ["error", "error"]
    documents = [json.loads(request.content) for request in failed]
    assert [document["errorMessage"] for document in documents] == ["first", "second"]
    assert {document["errorType"] for document in documents} == {"LookupError"}
    assert [document["requestId"] for document in documents] == ["request-1", "request-2"]
    assert __file__ in documents[0]["stackTrace"][0]
    assert running.stderr.count(f" LookupError < {__file__}:") == running.stderr.count("\n") == 2


def test_an_error_in_a_stream(api: RuntimeApiServer, running: Loop) -> None:
    """A body that fails after its first item ends the response with trailers that hold the exception."""
    running.start("stream_half")
    answer = api.invoke().answer()
    assert answer.body.endswith(b"one")
    assert answer.header("lambda-runtime-function-error-type") == "ValueError"
    document = json.loads(base64.b64decode(answer.header("lambda-runtime-function-error-body") or ""))
    assert document["errorMessage"] == "in the body"


def test_trace_id(api: RuntimeApiServer, running: Loop) -> None:
    """The handler finds the trace id of its own event in the environment, and none where the event has none."""
    running.start("trace_id")
    headers = [{"Lambda-Runtime-Trace-Id": "Root=1-a"}, {}, {"Lambda-Runtime-Trace-Id": "Root=1-b"}]
    answers = [api.invoke(headers=own).answer().content for own in headers]
    assert answers == [b'"Root=1-a"', b"null", b'"Root=1-b"']


def test_printed_lines(api: RuntimeApiServer, running: Loop) -> None:
    """A printed line is written before the answer; no library of the handler finds Lambda's log descriptor."""
    running.start("say", _LAMBDA_TELEMETRY_LOG_FD="62")
    assert api.invoke("words").answer().content == b"false"
    assert running.stdout == "words and more\n"


def test_an_exit_in_the_handler(api: RuntimeApiServer, running: Loop) -> None:
    """A handler's sys.exit() ends the process with the handler's status, and nothing is answered."""
    ended = running.start("end")
    api.invoke()
    error = ended.exception(WITHIN_S)
    assert isinstance(error, SystemExit)
    assert error.code == 3
    assert api.lines() == ["GET /invocation/next"]


def test_the_api_goes_away(api: RuntimeApiServer, running: Loop) -> None:
    """Without the Runtime API the loop logs one line and ends with status 1."""
    ended = running.start("echo")
    api.invoke().answer()
    api.close()
    assert ended.result(WITHIN_S) == 1
    assert running.stderr.startswith("[ERROR] init the Runtime API failed: GET /invocation/next: ")
    assert running.stderr.count("\n") == 1


@pytest.mark.parametrize("handler", ["echo", "stream", "fail"])
def test_a_broken_container(api: RuntimeApiServer, running: Loop, handler: str) -> None:
    """Status 500 from the Runtime API ends the loop with status 1, whatever it was the answer to."""
    api.invoke(answer_status=500)
    assert running.status(handler) == 1
    assert running.stderr.endswith("[ERROR] init the Runtime API failed: HTTP status 500\n")


@pytest.mark.parametrize("source", FAILING_MODULES)
def test_init_errors(api: RuntimeApiServer, running: Loop, function: Path, source: str) -> None:
    """A handler that cannot be loaded is reported and logged, and ends the loop with status 1."""
    error_type, message = FAILING_MODULES[source]
    function.write_text(source)
    assert running.status("function.handler") == 1
    (report,) = api.requests
    assert api.lines() == ["POST /init/error"]
    document = json.loads(report.content)
    assert report.header("lambda-runtime-function-error-type") == document["errorType"] == error_type
    assert message in document["errorMessage"]
    assert running.stderr.startswith(f"[ERROR] init {error_type}")
    assert message in running.stderr
    assert running.stderr.count("\n") == 1


def test_an_init_errors_line(running: Loop, function: Path) -> None:
    """The log has an init error in one line, since each line is a log event."""
    function.write_text("raise ValueError('one\\ntwo')")
    assert running.status("function.handler") == 1
    assert running.stderr.endswith(": one two\n")
    assert running.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "error_type"),
    [("no/dot", "Runtime.MalformedHandlerName"), ("sys.exit", "Runtime.BuiltInModuleConflict")],
)
def test_bad_handler_names(api: RuntimeApiServer, running: Loop, name: str, error_type: str) -> None:
    """A name that cannot be a function's is an init error with awslambdaric's type."""
    assert running.status("echo", _HANDLER=name) == 1
    report = api.wait_for("POST /init/error")
    assert report.header("lambda-runtime-function-error-type") == error_type
    assert json.loads(report.content)["errorType"] == error_type


def test_a_refused_report(running: Loop) -> None:
    """Where the Runtime API refuses the report of an init error, the log says so, and the status is 1."""
    with answering(FORBIDDEN) as address:
        assert running.status("no_such_function", AWS_LAMBDA_RUNTIME_API=address) == 1
    first, second = running.stderr.splitlines()
    assert first.startswith("[ERROR] init Runtime.HandlerNotFound")
    assert second == "[ERROR] init the Runtime API failed: HTTP status 403"


@pytest.mark.parametrize("name", ["AWS_LAMBDA_RUNTIME_API", "_HANDLER"])
def test_a_missing_variable(running: Loop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Outside Lambda the loop does not start, and the error names the variable."""
    running.prepare("echo")
    monkeypatch.delenv(name)
    with pytest.raises(KeyError, match=name):
        loop.run()


def test_hooks(running: Loop, hooks: list[str]) -> None:
    """Hooks run before the snapshot, the last one first, and after the restore in their order."""
    with RuntimeApiServer(hold_restore=True) as api:
        ended = running.start("echo", AWS_LAMBDA_RUNTIME_API=api.address, **SNAP_START)
        invocation = api.invoke("x")
        api.wait_for("GET /restore/next")
        assert hooks == ["before two", "before one"]
        api.restore()
        assert invocation.answer().content == b'"x"'
        assert hooks == ["before two", "before one", "after one", "after two"]
        assert api.lines()[:2] == ["GET /restore/next", "GET /invocation/next"]
    assert ended.result(WITHIN_S) == 1


def test_hooks_without_snap_start(api: RuntimeApiServer, running: Loop, hooks: list[str]) -> None:
    """Where there is no snapshot, no hook runs and no restore is waited for."""
    running.start("echo", AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")
    assert api.invoke("x").answer().content == b'"x"'
    assert (hooks, api.lines()[0]) == ([], "GET /invocation/next")


def test_a_failed_hook_before_the_snapshot(api: RuntimeApiServer, running: Loop, hooks: list[str]) -> None:
    """It is an init error and status 64, and no snapshot is taken."""
    snapshot_restore_py.register_before_snapshot(fail_in_hook)
    assert running.status("echo", **SNAP_START) == 64
    assert (hooks, api.lines()) == ([], ["POST /init/error"])
    assert_hook_error(api, "POST /init/error", "Runtime.BeforeSnapshotError")
    assert running.stderr.startswith("[ERROR] init SystemExit < ")


def test_a_failed_hook_after_the_restore(api: RuntimeApiServer, running: Loop, hooks: list[str]) -> None:
    """It is a restore error and status 65, after the hooks that were registered before it."""
    snapshot_restore_py.register_after_restore(fail_in_hook)
    assert running.status("echo", **SNAP_START) == 65
    assert hooks == ["before two", "before one", "after one", "after two"]
    assert api.lines() == ["GET /restore/next", "POST /restore/error"]
    assert_hook_error(api, "POST /restore/error", "Runtime.AfterRestoreError")
    assert running.stderr.startswith("[ERROR] init SystemExit < ")


def assert_hook_error(api: RuntimeApiServer, line: str, error_type: str) -> None:
    report = api.wait_for(line)
    assert report.header("lambda-runtime-function-error-type") == error_type
    document = json.loads(report.content)
    assert (document["errorType"], document["errorMessage"]) == ("SystemExit", "from a hook")


def test_a_refused_restore(running: Loop, hooks: list[str]) -> None:
    """A restore that Lambda refuses is reported like a failed hook, and the other hooks do not run."""
    with answering(FORBIDDEN, ACCEPTED) as address:
        assert running.status("echo", AWS_LAMBDA_RUNTIME_API=address, **SNAP_START) == 64
    assert hooks == ["before two", "before one"]
    assert "HTTP status 403 to the request for the restore" in running.stderr


def test_no_hooks_library(
    api: RuntimeApiServer, running: Loop, hooks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the library of the hooks the snapshot is taken all the same."""
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", None)
    running.start("echo", **SNAP_START)
    assert api.invoke("x").answer().content == b'"x"'
    assert (hooks, api.lines()[0]) == ([], "GET /restore/next")


def test_as_a_module(api: RuntimeApiServer, running: Loop) -> None:
    """`python -m response_streaming` runs the loop and exits with its status; an import does not run it."""
    running.prepare("no_such_function")
    runpy.run_module("response_streaming", run_name="response_streaming.__main__")
    assert api.lines() == []
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("response_streaming", run_name="__main__")
    assert ended.value.code == 1
    report = api.wait_for("POST /init/error")
    assert report.header("lambda-runtime-function-error-type") == "Runtime.HandlerNotFound"
