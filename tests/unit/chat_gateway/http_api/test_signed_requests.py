"""With AWS_IAM, the functions find the caller's client by its role, and refuse a role that has none."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.client_policies.roles import RoleClients
from chat_gateway.core.errors import ConfigurationError
from chat_gateway.core.startup import Startup
from chat_gateway.http_api import signed_requests
from chat_gateway.http_api.handler import ChatFunction
from chat_gateway.http_api.signed_requests import SignedRequests
from client_keys.no_limits import NO_LIMITS
from openai_resources.handler import ResourcesFunction, ResourcesState
from openai_resources.models.model_list import ModelList
from response_streaming import buffered_elsewhere
from tests.unit.chat_gateway.api_calls import ChatCalls, completions_for, event, ok
from tests.unit.chat_gateway.client_policies.role_table import SESSION, RoleTable
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.openai_resources import resource_calls


def identity(arn: object = SESSION) -> dict[str, Any]:
    """What API Gateway says of a caller that has signed its request.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    return {
        "cognitoIdentityPoolId": None,
        "cognitoIdentityId": None,
        "cognitoAuthenticationType": None,
        "cognitoAuthenticationProvider": None,
        "accountId": "123456789012",
        "caller": "AROAEXAMPLEID:i-0123456789",
        "user": "AROAEXAMPLEID:i-0123456789",
        "userArn": arn,
        "accessKey": "ASIAEXAMPLE",
        "principalOrgId": "o-example",
        "sourceIp": "192.0.2.1",
        "userAgent": "botocore",
    }


def signed(made: dict[str, Any], arn: object = SESSION) -> dict[str, Any]:
    """The event with the caller's identity in place of an authorizer's context."""
    del made["requestContext"]["authorizer"]
    made["requestContext"]["identity"] = identity(arn)
    return made


def reader(table: RoleTable) -> SignedRequests:
    return SignedRequests(Startup(lambda: RoleClients(table.table, kept_s=60)))


class Chat:
    """A chat function whose callers sign, and its log."""

    def __init__(self, table: RoleTable) -> None:
        self._log = StringIO()
        state = ChatCalls.of(completions_for(ok), self._log).state
        self._function = ChatFunction(
            Startup(lambda: state),
            logger_to(self._log),
            sleep=lambda _: None,
            policies=ClientPolicies(table.table),
            read=reader(table).read,
        )

    def ask(self, arn: object = SESSION) -> tuple[int, dict[str, Any], dict[str, Any]]:
        """The status, the body, and the log line."""
        answer: dict[str, Any] = buffered_elsewhere(self._function.handle)(
            signed(event(), arn), FakeContext()
        )
        lines = self._log.getvalue().splitlines()
        return answer["statusCode"], json.loads(answer["body"]), json.loads(lines[-1])


def test_client_is_named_by_its_id() -> None:
    """A role's request is answered, and its log line has the client's id, and neither the ARN nor the session."""
    status, body, line = Chat(RoleTable()).ask()
    assert (status, line["client"]) == (200, "team-a")
    assert body["choices"]
    assert "Caller" not in json.dumps(line)
    assert "i-0123456789" not in json.dumps(line)


def test_policy_is_the_clients() -> None:
    """The client's policy holds, as it does for a client with a key."""
    table = RoleTable(policy={"S": '{"v":1,"models":["other"]}'})
    status, body, _ = Chat(table).ask()
    assert (status, body["error"]["code"]) == (403, "model_not_allowed")


def test_role_without_client_is_refused() -> None:
    """A role that is no client's gets 403 with the command that adds it; the line has its ids, and no client."""
    chat = Chat(RoleTable())
    status, body, line = chat.ask("arn:aws:sts::123456789012:assumed-role/Stranger/session")
    assert (status, body["error"]["code"]) == (403, "unknown_client")
    assert "clients create ID --role-arn" in body["error"]["message"]
    assert (line["status"], line["error_code"], line["request_id"]) == (403, "unknown_client", "our-id")
    assert line.get("client") is None
    assert "Stranger" not in json.dumps(line)


def test_suspended_client_is_refused() -> None:
    """A suspended client gets 403."""
    status, body, _ = Chat(RoleTable(state={"S": "suspended"})).ask()
    assert (status, body["error"]["code"]) == (403, "client_not_active")


def test_unreadable_table_is_explained() -> None:
    """If the clients cannot be read, the caller gets 503, and the line says what AWS answered."""
    table = RoleTable()
    table.fails = True
    status, body, line = Chat(table).ask()
    assert (status, body["error"]["code"]) == (503, "clients_unavailable")
    assert line["reason"] == "GetItem failed: TimeoutError"
    assert "TimeoutError" not in json.dumps(body)
    status, _, line = resources(table, "/v1/models")
    assert (status, line["reason"]) == (503, "GetItem failed: TimeoutError")


def test_fault_of_the_lookup_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug while the client is looked up is a 500 with its ids and its class in the log, and lets nobody in."""

    def broken(*_: object, **__: object) -> None:
        raise LookupError("not for a log")

    monkeypatch.setattr(RoleTable, "call", broken)
    for status, body, line in (Chat(RoleTable()).ask(), resources(RoleTable(), "/v1/models")):
        assert (status, body["error"]["code"]) == (500, "internal_error")
        assert (line["fault_class"], line["request_id"]) == ("LookupError", "our-id")
        assert line.get("client") is None
        assert "not for a log" not in json.dumps([body, line])


def test_unknown_path_does_not_help_strangers() -> None:
    """A stranger gets 403 for every path, and no list of routes."""
    log = StringIO()
    state = ChatCalls.of(completions_for(ok), log).state
    function = ChatFunction(Startup(lambda: state), logger_to(log), read=reader(RoleTable()).read)
    made = signed(event(resource="/{proxy+}", method="GET"), "arn:aws:iam::123456789012:root")
    assert function.handle(made, FakeContext()).status_code == 403  # type: ignore[arg-type]


def test_callers_cannot_bring_an_authorizers_context() -> None:
    """An authorizer's context beside an identity is ignored: the identity decides."""
    made = event()
    made["requestContext"]["authorizer"] = {"principalId": "victim", "policy": NO_LIMITS}
    made["requestContext"]["identity"] = identity("arn:aws:iam::123456789012:role/Stranger")
    request = reader(RoleTable()).read(made)
    assert request.client is None
    with pytest.raises(Exception, match="is not a client"):
        request.check()


def test_stage_may_still_have_an_authorizer() -> None:
    """While a deployment changes keys to signatures, the function gets events of both kinds, and answers both."""
    made = event()
    made["requestContext"]["identity"] = identity(None)
    request = reader(RoleTable()).read(made)
    request.check()
    assert (request.client, request.client_policy) == ("team-a", NO_LIMITS)


def test_new_version_can_be_tried() -> None:
    """The event of a deployment's test has no identity and names its client itself."""
    request = reader(RoleTable()).read(event())
    request.check()
    assert request.client == "team-a"


@pytest.mark.parametrize(
    "made", [None, 7, [], {}, {"requestContext": None}, {"requestContext": {"identity": None}}]
)
def test_malformed_event_is_refused(made: object) -> None:
    """An event without an identity has no client and is refused."""
    request = reader(RoleTable()).read(made)
    assert request.client is None
    with pytest.raises(Exception, match="is not a client"):
        request.check()


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: (
            st.dictionaries(st.sampled_from(["requestContext", "identity", "userArn", "principalId"]), inner)
            | st.lists(inner, max_size=2)
        ),
        max_leaves=8,
    )
)
def test_any_event_is_read(made: object) -> None:
    """No event makes the reader raise, and none without an authorizer's context has a client."""
    assert reader(RoleTable()).read(made).client is None


def test_wrong_setting_is_reported_to_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its variable the function still starts, and each request gets the gateway's own 500."""
    monkeypatch.delenv("ROLE_KEPT_S", raising=False)
    request = signed_requests.from_env().read(signed(event()))
    with pytest.raises(ConfigurationError):
        request.check()


def test_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its variables the reader is ready; nobody's ARN needs no call of AWS."""
    for name, value in {
        "ROLE_KEPT_S": "60",
        "CLIENTS_TABLE": "clients",
        "AWS_REGION": "us-east-1",
        "DNS_SUFFIX": "amazonaws.com",
    }.items():
        monkeypatch.setenv(name, value)
    request = signed_requests.from_env().read(signed(event(), None))
    with pytest.raises(Exception, match="is not a client"):
        request.check()


def resources(
    table: RoleTable, path: str, arn: object = SESSION
) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The resources function's status, body and log line."""
    log = StringIO()
    state = ResourcesState(models=ModelList([]), storage=None)  # type: ignore[arg-type]
    policies = ClientPolicies(table.table)
    function = ResourcesFunction(
        Startup(lambda: state), logger_to(log), policies=policies, read=reader(table).read
    )
    made = signed(resource_calls.event(path), arn)
    answer = function.handle(made, FakeContext())  # type: ignore[arg-type]
    return answer["statusCode"], json.loads(answer["body"]), json.loads(log.getvalue().splitlines()[-1])


def test_resources_know_the_client() -> None:
    """The list of models is the client's, and the line has the client's id."""
    status, body, line = resources(RoleTable(policy={"S": '{"v":1,"models":["other"]}'}), "/v1/models")
    assert (status, body["data"], line["client"]) == (200, [], "team-a")


@pytest.mark.parametrize("path", ["/v1/models", "/v1/files", "/v1/batches/batch_1", "/v1/files/a/b/c/d"])
def test_resources_refuse_strangers(path: str) -> None:
    """Every path of the resources function refuses a role without a client, unknown paths included."""
    status, body, line = resources(RoleTable(), path, "arn:aws:iam::123456789012:user/stranger")
    assert (status, body["error"]["code"], line["error_code"]) == (403, "unknown_client", "unknown_client")


def test_generation_is_the_owners() -> None:
    """The client's generation reaches the resources function, so that files belong to the client as it was created."""
    made = signed(event())
    reader(RoleTable(generation={"S": "0123"})).read(made)
    assert made["requestContext"]["authorizer"]["generation"] == "0123"
