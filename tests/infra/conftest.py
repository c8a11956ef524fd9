"""Each environment, synthesised once for all tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.application import build_app
from infra.gateway_stack import GatewayStack
from infra.platform import Platform
from infra.settings import files
from infra.settings.environment import Environment
from tests import hypothesis_profile, shell_variables

assert hypothesis_profile  # loaded by being imported
assert shell_variables

# Settings files as they were shipped: whoever runs the tests may have edited those in environments/.
FIRST_FILES = Path(__file__).parent / "settings" / "first_files"
# cdk.json's context. A copy of each function's package takes most of a synthesis, and changes nothing in the template.
CONTEXT = {
    **json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"],
    "aws:cdk:disable-asset-staging": True,
}
DEPLOYED = ("dev", "staging", "prod")
ALL = (*DEPLOYED, "local")
_EXTRA = {"local": {"upstream_url": "http://127.0.0.1:1/openai/v1", "aws_endpoint_url": "http://127.0.0.1:2"}}


@dataclass(frozen=True)
class Synthesised:
    """A stack's template."""

    template: dict[str, Any]

    @classmethod
    def of(cls, app: cdk.App) -> Self:
        """The template of the app's only stack; synthesis fails if cdk-nag has a finding."""
        (stack,) = app.synth().stacks
        return cls(json.loads(Path(stack.template_full_path).read_text()))

    def resources(self, type_: str) -> dict[str, dict[str, Any]]:
        """The properties of every resource of the type, by logical id."""
        return {
            id_: resource.get("Properties", {})
            for id_, resource in self.template["Resources"].items()
            if resource["Type"] == type_
        }

    def one(self, type_: str, name: str = "") -> dict[str, Any]:
        """The properties of the one resource of the type whose logical id contains `name`."""
        (properties,) = (value for id_, value in self.resources(type_).items() if name in id_)
        return properties

    def function(self, name: str) -> dict[str, Any]:
        """The properties of the gateway's own function that is called `{stack}-{name}`."""
        functions = self.resources("AWS::Lambda::Function").values()
        (function,) = (f for f in functions if f.get("FunctionName", "").endswith(f"-{name}"))
        return function

    def variables(self, name: str) -> dict[str, str]:
        """That function's environment variables, with stand-ins for values that only CloudFormation knows."""
        values = self.function(name)["Environment"]["Variables"]
        return {key: resolved(value) for key, value in values.items()}


def resolved(value: Any) -> str:
    """A template value as text: references by their name, joins joined."""
    match value:
        case str():
            return value
        case {"Ref": "AWS::URLSuffix"}:
            return "amazonaws.com"
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": "AWS::AccountId"}:
            return "000000000000"
        case {"Fn::GetAtt": [str(), "Version"]}:
            return "3"
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            return name.replace("AWS::Region", "us-east-1")
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(map(resolved, parts))
        case _:
            raise TypeError(f"unexpected template value {value}")


@cache
def synthesised(name: str, guardrail: str | None = "abc123:7", **more: str) -> Synthesised:
    """The stack of the environment, with `more` context; synthesis fails if cdk-nag has a finding."""
    context = {**CONTEXT, "env": name, **_EXTRA.get(name, {}), **more}
    if guardrail is not None:
        context["guardrail"] = guardrail
    return Synthesised.of(build_app(context, folder=FIRST_FILES))


def changed(name: str, **settings: Any) -> Environment:
    """The environment of that name with `settings` (each a table or value of its file) in place of its own."""
    return files.checked(name, {**files.read(name, FIRST_FILES), **settings}, platform=Platform())


def stack_of(environment: Environment) -> Synthesised:
    """The stack of an environment that has no file; synthesis fails if cdk-nag has a finding."""
    app = cdk.App(context=CONTEXT)
    GatewayStack(app, "Stack", environment=environment)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    return Synthesised.of(app)


@pytest.fixture(params=ALL)
def stack(request: pytest.FixtureRequest) -> Synthesised:
    """Every environment in turn."""
    return synthesised(request.param)


@pytest.fixture(params=DEPLOYED)
def deployed_stack(request: pytest.FixtureRequest) -> Synthesised:
    """Every environment that goes to AWS in turn."""
    return synthesised(request.param)
