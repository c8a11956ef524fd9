"""Callers sign their requests, or send JWTs, in place of keys."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings.problems import InvalidEnvironmentError
from tests.infra.conftest import DEPLOYED, Synthesised, changed, resolved, stack_of, synthesised

JWT = {"issuer": "https://login.example.com", "audience": "gateway"}
GUARDRAIL = {"kind": "existing", "identifier": "abc123", "version": "7"}
METHOD, RESPONSE = "AWS::ApiGateway::Method", "AWS::ApiGateway::GatewayResponse"


@pytest.fixture(scope="module")
def iam() -> Synthesised:
    """An environment whose callers sign, with alarms, gradual deployments and the proof."""
    settings: dict[str, Any] = {"deployment": {"gradual": True}, "proof": {"on_deploy": True}}
    return stack_of(changed("prod", client_auth="iam", guardrail=GUARDRAIL, **settings))


@pytest.fixture(scope="module")
def jwt() -> Synthesised:
    """An environment whose callers send JWTs, with alarms and gradual deployments."""
    settings: dict[str, Any] = {"deployment": {"gradual": True}, "proof": {}}
    return stack_of(changed("prod", client_auth="jwt", jwt=JWT, guardrail=GUARDRAIL, **settings))


def message(stack: Synthesised, type_: str) -> tuple[str | None, str]:
    """The status and the text of API Gateway's error response of that type."""
    (response,) = (one for one in stack.resources(RESPONSE).values() if one["ResponseType"] == type_)
    return response.get("StatusCode"), response["ResponseTemplates"]["application/json"]


def test_every_method_needs_a_signature(iam: Synthesised) -> None:
    """With client_auth = "iam", each method has IAM authorization, and there is no authorizer and no function of one."""
    methods = iam.resources(METHOD).values()
    assert {method["AuthorizationType"] for method in methods} == {"AWS_IAM"}
    assert not iam.resources("AWS::ApiGateway::Authorizer")
    names = [function.get("FunctionName", "") for function in iam.resources("AWS::Lambda::Function").values()]
    assert not any(name.endswith("-authorizer") for name in names)
    assert "AuthorizerLogGroupName" not in iam.template["Outputs"]
    assert iam.template["Outputs"]["ClientAuth"]["Value"] == "iam"


@pytest.mark.parametrize("name", ["api", "resources"])
def test_functions_look_roles_up(iam: Synthesised, name: str) -> None:
    """Both functions that answer callers have the handler that looks roles up, and keep what they read as long as it says."""
    assert iam.function(name)["Handler"].endswith(".iam_handler.handle")
    assert iam.variables(name)["ROLE_KEPT_S"] == "60"


def test_unsigned_request_is_told_to_sign(iam: Synthesised) -> None:
    """API Gateway's refusals speak of signatures and of execute-api:Invoke, and of no key."""
    status, text = message(iam, "MISSING_AUTHENTICATION_TOKEN")
    assert status == "401"
    assert "Signature Version 4" in text
    assert "execute-api:Invoke" in message(iam, "ACCESS_DENIED")[1]
    status, text = message(iam, "DEFAULT_4XX")
    assert (status, "Signature Version 4" in text) == (None, True)


def test_prover_may_call_the_api(iam: Synthesised) -> None:
    """The proof of a deployment signs with its role, which may invoke chat completions of this API and nothing else."""
    policies = {id_: policy for id_, policy in iam.resources("AWS::IAM::Policy").items() if "Prover" in id_}
    (statement,) = (
        statement
        for policy in policies.values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "execute-api:Invoke"
    )
    assert resolved(statement["Resource"]).startswith("arn:aws:execute-api:us-east-1:000000000000:ChatApi")
    assert resolved(statement["Resource"]).endswith("/prod/POST/openai/v1/chat/completions")
    (variables,) = (
        function["Environment"]["Variables"]
        for function in iam.resources("AWS::Lambda::Function").values()
        if function.get("FunctionName", "").endswith("-prover")
    )
    assert variables["CLIENT_AUTH"] == "iam"


def test_authorizer_checks_tokens(jwt: Synthesised) -> None:
    """With client_auth = "jwt", the authorizer has the settings of [jwt], and API Gateway lets tokens through to it."""
    authorizer = jwt.one("AWS::ApiGateway::Authorizer")
    assert authorizer["Type"] == "TOKEN"
    assert authorizer["IdentityValidationExpression"] == "^[Bb][Ee][Aa][Rr][Ee][Rr] +[A-Za-z0-9._-]{20,4000}$"
    assert jwt.function("authorizer")["Handler"] == "jwt_clients.authorizer.handle"
    variables = jwt.variables("authorizer")
    assert variables["JWT_ISSUER"] == "https://login.example.com"
    assert variables["JWT_AUDIENCE"] == "gateway"
    assert variables["JWT_JWKS_URL"] == "https://login.example.com/.well-known/jwks.json"
    assert (variables["JWT_CLIENT_CLAIM"], variables["JWT_AUDIENCE_CLAIM"]) == ("sub", "aud")


def test_jwt_authorizer_may_only_read_clients(jwt: Synthesised) -> None:
    """The authorizer for tokens writes nothing."""
    policy = jwt.one("AWS::IAM::Policy", "ClientsAuthorizerRole")
    statements = policy["PolicyDocument"]["Statement"]
    actions = [statement["Action"] for statement in statements]
    assert "dynamodb:GetItem" in actions
    assert not any(
        "Update" in str(action) or "Put" in str(action).replace("logs:Put", "") for action in actions
    )


def test_refused_token_is_named_a_token(jwt: Synthesised) -> None:
    """API Gateway's 401 speaks of a token, with the code that OpenAI's SDKs know."""
    for type_ in ("UNAUTHORIZED", "ACCESS_DENIED"):
        status, text = message(jwt, type_)
        assert status == "401"
        assert "JWT" in text
        assert "invalid_api_key" in text


def test_change_reaches_the_stage(iam: Synthesised, jwt: Synthesised) -> None:
    """A change of client_auth makes a new deployment of the API; without one, the stage would keep the earlier methods."""
    stacks = (iam, jwt, synthesised("prod"))
    deployments = [id_ for stack in stacks for id_ in stack.resources("AWS::ApiGateway::Deployment")]
    assert len(set(deployments)) == len(deployments) == 3


@pytest.mark.parametrize("name", DEPLOYED)
def test_keys_are_the_default(name: str) -> None:
    """An environment that sets nothing has neither an output nor a variable of this."""
    stack = synthesised(name)
    assert "ClientAuth" not in stack.template["Outputs"]
    assert "ROLE_KEPT_S" not in stack.variables("api")
    assert stack.function("api")["Handler"] == "chat_gateway.http_api.handler.handle"
    assert {method["AuthorizationType"] for method in stack.resources(METHOD).values()} == {"CUSTOM"}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"client_auth": "jwt"}, "jwt is missing"),
        ({"client_auth": "iam", "api": {"key_header": "api-key"}}, "api.key_header must not be api-key"),
        ({"jwt": JWT}, 'jwt must not be set without client_auth = "jwt"'),
        ({"client_auth": "iam", "jwt": JWT}, "jwt must not be set"),
        ({"client_auth": "tokens"}, "client_auth"),
        ({"client_auth": "jwt", "jwt": {"issuer": "me", "audience": "a"}}, "jwt.issuer is not a URL"),
        (
            {"client_auth": "jwt", "jwt": {**JWT, "issuer": "http://login.example.com"}},
            "jwt.issuer must be https",
        ),
        (
            {"client_auth": "jwt", "jwt": {**JWT, "issuer": "https://a/.well-known/openid-configuration"}},
            "must not end in /.well-known/openid-configuration: leave that part out",
        ),
        ({"client_auth": "jwt", "jwt": {**JWT, "jwks_url": "ftp://x"}}, "must be a URL"),
        ({"client_auth": "jwt", "jwt": {**JWT, "jwks_url": "http://x/keys"}}, "jwt.jwks_url must be https"),
        ({"client_auth": "jwt", "jwt": {**JWT, "client_claim": ""}}, "client_claim"),
        (
            {"client_auth": "jwt", "jwt": JWT, "proof": {"on_deploy": True}},
            'proof.on_deploy cannot be true with client_auth = "jwt"',
        ),
    ],
)
def test_contradictions_are_refused(settings: dict[str, Any], says: str) -> None:
    """Settings that cannot stand together are refused by name."""
    with pytest.raises(InvalidEnvironmentError, match=says):
        changed("dev", **settings)
