"""The real bootstrap in its own process, compared with awslambdaric."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_api import Request, RuntimeApiServer, awslambdaric_runtime, streaming_runtime
from tests.unit.response_streaming.conftest import FUNCTIONS
from tests.unit.response_streaming.failing_modules import FAILING_MODULES
from tests.unit.response_streaming.functions import answers

EVENTS: list[dict[str, Any]] = [
    *({"event": {"result": name}} for name in answers.RESULTS),
    {"event": {"raise": "grün"}},
    {"event": "grün"},
    {"body": b'{"a":'},
    {"body": b"raw", "headers": {"Content-Type": "text/plain"}},
]


def what_matters(request: Request) -> tuple[Any, ...]:
    """Path, content type and body; for an error, the body's document without the other JSON library's wording."""
    body: Any = request.content
    if request.path.endswith("/error"):
        body = json.loads(body)
        if body["errorType"] == "Runtime.UnmarshalError":
            del body["errorMessage"]
    return request.path, request.header("content-type"), body


def answers_of(runtime: Any, env: dict[str, str]) -> list[tuple[Any, ...]]:
    with (
        RuntimeApiServer() as api,
        runtime(api, task_root=FUNCTIONS, handler="answers.handler", env=env),
    ):
        invocations = [api.invoke(**event) for event in EVENTS]
        return [what_matters(invocation.answer()) for invocation in invocations]


@pytest.mark.parametrize("execution_env", ["", "AWS_Lambda_python3.13"])
def test_what_does_not_stream_is_posted_as_awslambdaric_posts_it(execution_env: str) -> None:
    env = {"AWS_EXECUTION_ENV": execution_env}
    assert answers_of(streaming_runtime, env) == answers_of(awslambdaric_runtime, env)


def test_the_context_says_what_awslambdarics_says() -> None:
    client_context = {"client": {"app_title": "t"}, "custom": {"a": 1}, "w3c": {"traceparent": "p", "x": "y"}}
    headers = {
        "Lambda-Runtime-Trace-Id": "Root=1-a",
        "Lambda-Runtime-Client-Context": json.dumps(client_context),
        "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}',
        "Lambda-Runtime-Aws-Tenant-Id": "tenant",
    }
    contexts = []
    for runtime in (streaming_runtime, awslambdaric_runtime):
        with RuntimeApiServer() as api, runtime(api, task_root=FUNCTIONS, handler="answers.about_context"):
            invocations = [api.invoke(headers=headers), api.invoke()]
            contexts.append([json.loads(invocation.answer().content) for invocation in invocations])
    assert contexts[0] == contexts[1]
    assert (contexts[0][0]["tenant_id"], contexts[0][0]["time left"]) == ("tenant", True)


def test_each_item_reaches_the_runtime_api_before_the_handler_has_the_next(
    api: RuntimeApiServer, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with streaming_runtime(api, task_root=FUNCTIONS, handler="streams.paced"):
        invocation = api.invoke({"pipe": str(pipe)})
        with pipe.open("wb", buffering=0) as items:
            for number in range(10):
                items.write(b"item %d" % number)
                if number == 0:
                    assert (invocation.next_chunk() or b"").endswith(bytes(8))
                assert invocation.next_chunk() == b"item %d" % number
        assert invocation.next_chunk() is None
    assert invocation.answer().complete


def test_without_arguments_it_is_the_bootstrap_of_an_os_only_runtime(api: RuntimeApiServer) -> None:
    with streaming_runtime(api, task_root=FUNCTIONS, handler="answers.handler", as_bootstrap=True):
        assert api.invoke("x").answer().content == b'"x"'


@pytest.mark.parametrize("source", FAILING_MODULES)
def test_failed_initialisation_is_reported(api: RuntimeApiServer, tmp_path: Path, source: str) -> None:
    """A function that cannot be initialised is reported, and the process ends with status 1."""
    error_type, message = FAILING_MODULES[source]
    (tmp_path / "function.py").write_text(source)
    with streaming_runtime(api, task_root=tmp_path, handler="function.handler") as process:
        assert process.wait() == 1
        logged = process.stderr
    request = api.wait_for("POST /init/error")
    document = json.loads(request.content)
    assert request.header("Lambda-Runtime-Function-Error-Type") == document["errorType"] == error_type
    assert message in document["errorMessage"]
    assert document.keys() == {"errorMessage", "errorType", "requestId", "stackTrace"}
    assert logged.startswith(f"[ERROR] init {error_type}")
    assert message in logged
    assert logged.count("\n") == 1
    assert api.lines() == ["POST /init/error"]


SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}


@pytest.mark.parametrize("runtime", [streaming_runtime, awslambdaric_runtime])
def test_hooks_run_around_the_snapshot_in_their_order(runtime: Any) -> None:
    with (
        RuntimeApiServer(hold_restore=True) as api,
        runtime(api, task_root=FUNCTIONS, handler="snapstart.handler", env=SNAP_START) as process,
    ):
        invocation = api.invoke("x")
        restore = api.wait_for("GET /restore/next")
        assert process.stdout.split("\n") == ["before 2", "before 1", ""]
        api.restore()
        assert invocation.answer().content == b'"x"'
        assert process.stdout.split("\n") == ["before 2", "before 1", "after 1", "after 2", ""]
    assert api.lines()[:2] == ["GET /restore/next", "GET /invocation/next"]
    assert api.requests[1].connection != restore.connection


@pytest.mark.parametrize("runtime", [streaming_runtime, awslambdaric_runtime])
@pytest.mark.parametrize(
    ("hook", "line", "error_type", "status"),
    [
        ("before 1", "POST /init/error", "Runtime.BeforeSnapshotError", 64),
        ("after 1", "POST /restore/error", "Runtime.AfterRestoreError", 65),
    ],
)
def test_failing_hook_is_reported(
    api: RuntimeApiServer, runtime: Any, hook: str, line: str, error_type: str, status: int
) -> None:
    """A hook that fails is reported to the same path and in the same form as by awslambdaric."""
    env = {**SNAP_START, "FAIL_IN": hook}
    with runtime(api, task_root=FUNCTIONS, handler="snapstart.handler", env=env) as process:
        assert process.wait() == status
    request = api.wait_for(line)
    assert request.header("Lambda-Runtime-Function-Error-Type") == error_type
    assert json.loads(request.content)["errorType"] == "SystemExit"
    assert api.lines()[-1] == line


def test_without_the_hooks_library_the_snapshot_is_taken_all_the_same(
    api: RuntimeApiServer, tmp_path: Path
) -> None:
    (tmp_path / "snapshot_restore_py.py").write_text("raise ImportError")
    (tmp_path / "function.py").write_text("def handler(event, context): return event")
    with streaming_runtime(api, task_root=tmp_path, handler="function.handler", env=SNAP_START):
        assert api.invoke("x").answer().content == b'"x"'
    assert api.lines()[0] == "GET /restore/next"


def test_a_runtime_api_that_goes_away_ends_the_process() -> None:
    with (
        RuntimeApiServer() as api,
        streaming_runtime(api, task_root=FUNCTIONS, handler="answers.handler") as process,
    ):
        api.invoke("x").answer()
        api.close()
        assert process.wait() == 1
        assert process.stderr.startswith("[ERROR] init the Runtime API failed: GET /invocation/next: ")
        assert process.stderr.count("\n") == 1


def test_printed_lines_are_written_whole_and_at_once(api: RuntimeApiServer, tmp_path: Path) -> None:
    source = "def handler(event, context):\n    print('a', 'b', end='')\n    print('c')\n    return event"
    (tmp_path / "function.py").write_text(source)
    with streaming_runtime(
        api, task_root=tmp_path, handler="function.handler", env={"_LAMBDA_TELEMETRY_LOG_FD": "62"}
    ) as process:
        api.invoke("x").answer()
        assert process.stdout == "a bc\n"


def test_the_function_comes_before_everything_else_on_the_path(api: RuntimeApiServer, tmp_path: Path) -> None:
    source = "import sys\ndef handler(event, context): return sys.path"
    (tmp_path / "function.py").write_text(source)
    with streaming_runtime(api, task_root=tmp_path, handler="function.handler"):
        path = json.loads(api.invoke().answer().content)
    assert path[0] == str(tmp_path)
    assert path.index("/opt/python") < path.index("/var/runtime")
