"""The account's other rules: boundary, tags, bootstrap, concurrency, log role, access log and the CDK's functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra import bootstrap_options
from infra.api import access_log
from infra.application import build_app
from infra.settings.problems import InvalidEnvironmentError
from tests import documents
from tests.infra.account.stacks import BOUNDARY, KEY, REGION, RESERVED, ruled
from tests.infra.conftest import CONTEXT, Synthesised, changed, synthesised
from tests.infra.everything import SETTINGS, everything

PROVIDER = "AWSCDKTrigger"


def test_every_role_has_the_boundary() -> None:
    """The roles of functions, of CodeDeploy, of API Gateway and of the CDK's own function have the boundary."""
    roles = ruled().resources("AWS::IAM::Role")
    assert {role["PermissionsBoundary"] for role in roles.values()} == {BOUNDARY}
    assert any(id_.startswith(PROVIDER) for id_ in roles)


def test_tags_are_on_every_resource_that_takes_them() -> None:
    """The settings' tags replace the stack's own of the same name, also if only the case differs."""
    for type_ in ("AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::IAM::Role"):
        for id_, resource in ruled().resources(type_).items():
            if id_.startswith(PROVIDER):  # the CDK cannot tag it; CloudFormation does, by the stack's tags
                continue
            tags = {tag["Key"]: tag["Value"] for tag in resource["Tags"]}
            assert tags == {
                "application": "bedrock-chat-gateway",
                "cost-center": "4711",
                "Environment": "production",
            }


def _functions() -> dict[str, Any]:
    """The reservation of each function, by the end of its name; the CDK's under its own."""
    return {
        function.get("FunctionName", "Stack-cdk_provider").removeprefix("Stack-"): function.get(
            "ReservedConcurrentExecutions"
        )
        for function in ruled().resources("AWS::Lambda::Function").values()
    }


def test_every_function_has_its_reservation() -> None:
    """No function is left without a setting."""
    assert _functions() == {
        "api": 300,
        **{name.replace("_", "-").replace("cdk-", "cdk_"): n for name, n in RESERVED.items()},
    }


def test_functions_of_the_cdk_keep_logs_for_a_time() -> None:
    """The function that starts the proof writes to a log group of the stack, also without any rule."""
    for stack, days in ((ruled(), 90), (synthesised("dev", prove_on_deploy="true"), 14)):
        (provider,) = (
            f for id_, f in stack.resources("AWS::Lambda::Function").items() if id_.startswith(PROVIDER)
        )
        log_group = stack.template["Resources"][provider["LoggingConfig"]["LogGroup"]["Ref"]]
        assert log_group["Properties"]["RetentionInDays"] == days


def test_no_function_makes_its_own_log_group() -> None:
    """Lambda's own log groups would keep logs for ever."""
    functions = ruled().resources("AWS::Lambda::Function").values()
    assert all("LogGroup" in function["LoggingConfig"] for function in functions)


def test_the_log_role_is_the_stacks_only_if_a_setting_says_so(stack: Synthesised) -> None:
    """By default a stack leaves the account's setting alone. With the setting, it outlives the stack."""
    assert stack.resources("AWS::ApiGateway::Account") == {}
    account = next(
        r for r in ruled().template["Resources"].values() if r["Type"] == "AWS::ApiGateway::Account"
    )
    assert account["DeletionPolicy"] == "Retain"


def _access_log(stack: Synthesised) -> dict[str, str]:
    fields: dict[str, str] = json.loads(stack.one("AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"])
    return fields


def test_the_callers_address_is_a_choice(stack: Synthesised) -> None:
    """By default the access log has no personal data."""
    assert not _access_log(stack).keys() & {"source_ip", "user_agent"}
    assert _access_log(ruled()).keys() - _access_log(stack).keys() == {"source_ip", "user_agent"}
    assert _access_log(stack).items() <= _access_log(ruled()).items()


def test_a_caller_forges_no_field() -> None:
    """A caller writes its own `User-Agent`, which may look like other fields. JSON's readers take the last of two equal names,
    so every other field comes after it, whatever the order in the settings."""
    names = ["waf_response_code", "source_ip", "user_agent", "vpc_endpoint_id", "domain_name"]
    line = json.dumps(access_log.fields(changed("dev", logs={"access_log_fields": names})))
    forged = ", ".join(f'"{name}": "forged"' for name in json.loads(line))
    read = json.loads(line.replace("$context.identity.userAgent", f'curl", {forged}, "x": "'))
    assert read.keys() >= set(names)
    assert [name for name, value in read.items() if value == "forged"] == ["user_agent"]


def _app(tmp_path: Path, settings: str) -> Any:
    (tmp_path / "team.toml").write_text(settings)
    app = build_app({**CONTEXT, "env": "team", "guardrail": "abc123:7"}, folder=tmp_path)
    (stack,) = app.synth().stacks
    return stack


def test_the_qualifier_names_the_bootstrap_stack(tmp_path: Path) -> None:
    """The stack is deployed by the roles and the bucket of the bootstrap stack with this qualifier."""
    stack = _app(tmp_path, f'region = "{REGION}"\n[account]\nbootstrap_qualifier = "team1"')
    assert "cdk-team1-deploy-role" in stack.assume_role_arn
    assert "hnb659fds" not in Path(stack.template_full_path).read_text()


def test_the_stack_itself_has_the_settings_tags(tmp_path: Path) -> None:
    """CloudFormation also tags the stack, and what the CDK does not tag."""
    stack = _app(tmp_path, f'region = "{REGION}"\n[account.tags]\nteam = "chat"')
    assert stack.tags == {"team": "chat"}


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ("", []),
        (
            '[account]\nbootstrap_qualifier = "team-1"',
            ["--qualifier", "team-1", "--toolkit-stack-name", "CDKToolkit-team-1"],
        ),
    ],
)
def test_the_options_of_bootstrap(tmp_path: Path, settings: str, options: list[str]) -> None:
    """`make bootstrap` takes the qualifier from the settings, and leaves another bootstrap stack alone."""
    (tmp_path / "team.toml").write_text(settings)
    assert bootstrap_options.options("team", tmp_path) == options


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"account": {"kms_key_arn": "alias/chat"}}, "account.kms_key_arn"),
        ({"account": {"kms_key_arn": KEY}, "region": "us-east-1"}, "must be a key in us-east-1"),
        ({"account": {"permissions_boundary_arn": "boundary"}}, "must be the ARN of an IAM policy"),
        ({"account": {"bootstrap_qualifier": "longer-than-10"}}, "at most 10"),
        ({"account": {"bootstrap_qualifier": "Team_1"}}, "at most 10 lowercase letters, digits and hyphens"),
        ({"account": {"tags": {"aws:x": "1"}}}, "begins with aws:"),
        ({"account": {"tags": {"Team": "1", "team": "2"}}}, "upper and lower case"),
        ({"account": {"tags": {"team": ""}}}, "1 to 256"),
        ({"account": {"tags": {"team": "a,b"}}}, "1 to 256"),
        ({"account": {"tags": {"t" * 129: "1"}}}, "at most 128"),
        ({"account": {"tags": {f"t{n}": "1" for n in range(49)}}}, "at most 48"),
        (
            {"account": {"reserved_concurrency": {"worker": 1}}},
            "account.reserved_concurrency.worker must be at least 2",
        ),
        ({"account": {"reserved_concurrency": {"batch_steps": 9}}}, "must be at least 10"),
        ({"account": {"reserved_concurrency": {"key_rotation": 1}}}, "needs upstream.key_rotation"),
        ({"account": {"reserved_concurrency": {"api": 9}}}, "chat_function.reserved_concurrent_executions"),
        ({"account": {"reserved_concurrency": {"pre_traffic": 1}}}, "at least 2"),
        ({"logs": {"access_log_fields": ["source_ip", "source_ip"]}}, "names a field twice"),
        ({"logs": {"access_log_fields": ["$context.error.message"]}}, "logs.access_log_fields"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], says: str) -> None:
    """The error names the setting and the rule."""
    with pytest.raises(InvalidEnvironmentError) as refused:
        changed("dev", **settings)
    assert says in str(refused.value)


def _documented(name: str) -> Any:
    """The JSON document in docs/deploying.md that has this text."""
    (found,) = (
        block.split("```")[0]
        for block in documents.text("docs/deploying.md").split("```json\n")[1:]
        if name in block.split("```")[0]
    )
    return json.loads(found)


def _actions(stack: Synthesised) -> set[str]:
    """What the functions' roles may do by the stack's policies."""
    lists = (
        statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for policy in stack.resources("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
    )
    return {action for actions in lists for action in actions}


def test_the_documented_boundary_is_wide_enough() -> None:
    """The boundary in docs/deploying.md allows what the roles may do, with all settings on for each kind of caller."""
    needed = {action for client_auth in SETTINGS for action in _actions(everything(client_auth))}
    (statement,) = _documented("codedeploy:Put")["Statement"]
    assert needed - set(statement["Action"]) == set()
    assert statement["Action"] == sorted(set(statement["Action"]))
