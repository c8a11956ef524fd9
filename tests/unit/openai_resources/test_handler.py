"""Every answer has its ids, every error OpenAI's shape, and every request one log line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.core.errors import ConfigurationError
from chat_gateway.http_api.cors import Cors
from openai_resources.handler import ResourcesState
from openai_resources.models.model_list import ModelList
from openai_resources.settings import ModelsSettings
from tests.unit.openai_resources.resource_calls import NO_STORAGE, ResourceCalls, event

NAMES = '{"fast":[["openai.gpt-oss-20b-1:0"]],"meta/large":[["us.meta.llama3-3-70b-instruct-v1:0"]]}'
SETTINGS = ModelsSettings(model_names=NAMES, names_only=True)


def state() -> ResourcesState:
    return ResourcesState(models=ModelList.of(SETTINGS), storage=NO_STORAGE)


@pytest.fixture
def log() -> StringIO:
    return StringIO()


@pytest.fixture
def calls(log: StringIO) -> ResourceCalls:
    return ResourceCalls(state, log)


def line(log: StringIO) -> dict[str, Any]:
    """The one line of the log."""
    (text,) = log.getvalue().splitlines()
    found: dict[str, Any] = json.loads(text)
    return found


def error_of(body: dict[str, Any]) -> dict[str, Any]:
    """The error of a body in OpenAI's shape."""
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"message", "type", "param", "code"}
    error: dict[str, Any] = body["error"]
    return error


def test_imports() -> None:
    """A list of models does not wait for what files, uploads and batches need."""
    code = """if True:
        import sys
        import openai_resources.handler as handler
        from tests.unit.openai_resources.resource_calls import ResourceCalls, event
        from tests.unit.openai_resources.test_handler import state
        assert ResourceCalls(state, sys.stderr)(event("/v1/models")).ids
        print(*sys.modules)"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env)
    loaded = set(done.stdout.split())
    assert "openai_resources.models.routes" in loaded
    late = {f"openai_resources.{name}.routes" for name in ("files", "uploads", "batches")}
    assert not loaded & {*late, "openai_resources.multipart_form", "concurrent.futures.thread"}


@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1"])
@pytest.mark.parametrize("base_path", ["", "/gateway", "/v1"])
def test_both_prefixes(calls: ResourceCalls, prefix: str, base_path: str) -> None:
    """The list and a model are under both prefixes, also behind a custom domain's base path."""
    assert calls(event(f"{prefix}/models", base_path=base_path)).ids == ["fast", "meta/large"]
    assert calls(event(f"{prefix}/models/fast", base_path=base_path)).body["id"] == "fast"


@pytest.mark.parametrize("spelling", ["meta/large", "meta%2Flarge", "meta%2flarge"])
def test_an_id_with_a_slash(calls: ResourceCalls, spelling: str) -> None:
    """It does not matter whether API Gateway has decoded the path."""
    assert calls(event(f"/v1/models/{spelling}")).body["id"] == "meta/large"


def test_ids_on_the_answer_and_in_the_log(calls: ResourceCalls, log: StringIO) -> None:
    """The answer repeats both request ids. The line has all ids, and what became of the request."""
    answer = calls(event("/v1/models", headers={"X-Client-Request-Id": ["trace-1"]}))
    assert (answer.status, answer.headers["x-request-id"]) == (200, "our-id")
    assert answer.headers["x-client-request-id"] == "trace-1"
    logged = line(log)
    assert logged["latency_ms"] >= 0
    assert {
        name: logged[name] for name in ("message", "level", "request_id", "api_request_id", "client")
    } == {
        "message": "resource",
        "level": "INFO",
        "request_id": "our-id",
        "api_request_id": "settable-id",
        "client": "team-a",
    }
    assert (logged["method"], logged["path"], logged["status"]) == ("GET", "/v1/models", 200)
    assert (logged["client_request_id"], logged["lambda_request_id"]) == ("trace-1", "lambda-id")


def test_an_unknown_model(calls: ResourceCalls, log: StringIO) -> None:
    """It gets OpenAI's 404."""
    answer = calls(event("/v1/models/gpt-5"))
    assert (answer.status, answer.headers["x-request-id"]) == (404, "our-id")
    error = error_of(answer.body)
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error",
        "model",
        "model_not_found",
    )
    assert "'gpt-5'" in error["message"]
    assert (line(log)["error_code"], line(log)["level"]) == ("model_not_found", "INFO")


@pytest.mark.parametrize("method", ["DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/fast"])
def test_other_methods(calls: ResourceCalls, method: str, path: str) -> None:
    """Models are only read: any other method gets 405, and the answer says what is allowed."""
    answer = calls(event(path, method=method))
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert error_of(answer.body)["code"] == "method_not_allowed"


def test_an_unknown_path(calls: ResourceCalls) -> None:
    """A path that has a route, but no resource, gets 404."""
    answer = calls(event("/v1/nothing"))
    assert (answer.status, error_of(answer.body)["code"]) == (404, "unknown_url")


def test_a_wrong_setting(log: StringIO) -> None:
    """It is a 500 whose line names the variable. The caller learns nothing of it."""

    def build() -> ResourcesState:
        raise ConfigurationError("MODEL_NAMES is wrong.")

    answer = ResourceCalls(build, log)(event("/v1/models"))
    assert (answer.status, error_of(answer.body)["code"]) == (500, "internal_error")
    assert "MODEL_NAMES" not in json.dumps(answer.body)
    assert (line(log)["reason"], line(log)["level"]) == ("MODEL_NAMES is wrong.", "ERROR")


def test_a_bug(log: StringIO) -> None:
    """It is a 500. The log has its stack, but no text of the exception."""

    def build() -> ResourcesState:
        return ResourcesState(models=None, storage=NO_STORAGE)  # type: ignore[arg-type]

    answer = ResourceCalls(build, log)(event("/v1/models"))
    assert (answer.status, error_of(answer.body)["code"]) == (500, "internal_error")
    assert line(log)["fault_class"] == "AttributeError"
    assert "NoneType" not in log.getvalue()


@pytest.mark.parametrize(
    "malformed",
    [
        None,
        [],
        {},
        {**event("/v1/models"), "multiValueHeaders": {"accept": 1}},
        {**event("/v1/models/x"), "pathParameters": [1]},
    ],
)
def test_a_malformed_event(log: StringIO, malformed: object) -> None:
    """It is answered in OpenAI's shape, and logged."""
    answer = ResourceCalls(state, log)(malformed)
    assert answer.status in (404, 500)
    assert error_of(answer.body)["code"] in ("internal_error", "unknown_url")
    assert line(log)["status"] == answer.status


@given(st.text(max_size=300).map("x{}".format))
def test_any_id(model: str) -> None:
    """Whatever stands in the path, the answer is a model or OpenAI's error, and the log repeats no odd text."""
    log = StringIO()
    answer = ResourceCalls(state, log)(event(f"/v1/models/{model}"))
    assert answer.status in (200, 404)
    assert (answer.status == 200) is ("id" in answer.body)
    assert json.loads(log.getvalue())["status"] == answer.status


def test_a_key_in_the_path(calls: ResourceCalls, log: StringIO) -> None:
    """Neither the answer nor the log repeats it."""
    key = f"sk-bcg-{'k' * 43}"
    answer = calls(event(f"/v1/models/{key}"))
    assert answer.status == 404
    assert key not in json.dumps(answer.body)
    assert key not in log.getvalue()


@pytest.mark.parametrize(
    ("globs", "ids"),
    [(["fast"], ["fast"]), (["meta/*"], ["meta/large"]), (["*"], ["fast", "meta/large"]), (["x"], [])],
)
def test_a_clients_models(calls: ResourceCalls, globs: list[str], ids: list[str]) -> None:
    """A client sees the models that it may use. The others do not exist for it."""
    policy = json.dumps({"v": 1, "models": globs})
    assert calls(event("/v1/models", policy=policy)).ids == ids
    for model in ("fast", "meta/large"):
        status = calls(event(f"/v1/models/{model}", policy=policy)).status
        assert status == (200 if model in ids else 404)


class BrokenTable:
    """A clients table that cannot be read."""

    def client_item(self, client_id: str) -> NoReturn:
        raise AwsCallError("GetItem", "ThrottlingException")


def test_a_policy_that_cannot_be_read(log: StringIO) -> None:
    """Without the client's policy no model is named."""
    calls = ResourceCalls(state, log, ClientPolicies(BrokenTable()))  # type: ignore[arg-type]
    answer = calls(event("/v1/models", policy="a later version's"))
    assert (answer.status, error_of(answer.body)["code"]) == (500, "internal_error")
    assert line(log)["reason"] == "GetItem failed: ThrottlingException"


@pytest.mark.parametrize("path", ["/v1//models//fast/", "/openai/v1/models/fast/", "/v1/models//fast"])
def test_slashes(calls: ResourceCalls, path: str) -> None:
    """Doubled and final slashes lead to the same resource."""
    prefix = "/openai/v1" if path.startswith("/openai") else "/v1"
    proxy = path.partition("models/")[2]
    made = {**event(f"{prefix}/models/x"), "path": path, "pathParameters": {"proxy": proxy}}
    assert calls(made).body["id"] == "fast"


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/models", 200), ("/v1/models/none", 404), ("/v1/models/a?", 404)]
)
def test_cors(log: StringIO, path: str, status: int) -> None:
    """A page of a listed origin may read every answer, and its ids."""
    calls = ResourceCalls(state, log, cors=Cors(("https://a.example", "https://b.example")))
    found, headers, _ = calls.raw(event(path, headers={"Origin": ["https://b.example"]}))
    assert (found, headers["access-control-allow-origin"]) == (status, "https://b.example")
    assert "x-request-id" in headers["access-control-expose-headers"]
    assert headers["vary"] == "Origin"


def test_another_origin(log: StringIO) -> None:
    """A page of another origin may read nothing."""
    calls = ResourceCalls(state, log, cors=Cors(("https://a.example", "https://b.example")))
    _, headers, _ = calls.raw(event("/v1/models", headers={"origin": ["https://evil.example"]}))
    assert "access-control-allow-origin" not in headers
