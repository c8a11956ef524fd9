"""Moves the aliases to new versions by CodeDeploy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra import acknowledgements
from infra.deployments.before_traffic import BeforeTraffic
from infra.functions.live_alias import LiveAlias
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.settings.environment import Environment

# What a platform must have for this construct.
RESOURCE_TYPE = "AWS::CodeDeploy::DeploymentGroup"
# https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html
_MAX_ALARMS = 10
_POLICY = "AWSCodeDeployRoleForLambdaLimited"


class GradualDeployment(Construct):
    """Moves a tenth of the traffic for five minutes, then all of it, and moves it back if one of `alarms` fires.

    Before the chat function and the worker get traffic, their new versions are tried: `BeforeTraffic`. `others` are moved
    without a test. `alarms` may not refer to the API's stage, which waits for the aliases. Raises ValueError for more than
    ten alarms.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        guardrail: EnforcedGuardrail | None,
        chat: LiveAlias,
        worker: LiveAlias,
        others: Mapping[str, LiveAlias],
        alarms: Sequence[cloudwatch.IAlarm] = (),
    ) -> None:
        super().__init__(scope, id_)
        if len(alarms) > _MAX_ALARMS:
            raise ValueError(f"CodeDeploy takes {_MAX_ALARMS} alarms, not {len(alarms)}.")
        self._alarms = alarms
        self._application = codedeploy.LambdaApplication(self, "Application")
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
        self.hook = BeforeTraffic(
            self, "BeforeTraffic", environment=environment, guardrail=guardrail, chat=chat, worker=worker
        )
        self.log_group = self.hook.log_group
        for name, alias in {"Chat": chat, "Worker": worker}.items():
            self._move(name, alias, hook=self.hook)
        for name, alias in others.items():
            self._move(name, alias)
        self._acknowledge()

    def _move(self, name: str, alias: LiveAlias, *, hook: BeforeTraffic | None = None) -> None:
        group = codedeploy.LambdaDeploymentGroup(
            self,
            name,
            application=self._application,
            alias=alias,
            deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
            role=self._role,
            pre_hook=None if hook is None else hook.function,
            alarms=list(self._alarms),
        )
        # An update policy refers to these, which is no dependency that CloudFormation documents.
        alias.node.add_dependency(group, self._role, *([] if hook is None else [hook]))

    def _acknowledge(self) -> None:
        acknowledgements.acknowledge(
            self._role,
            f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/{_POLICY}]",
            "CodeDeploy needs this policy to move aliases. Only CodeDeploy can assume the role.",
        )
        acknowledgements.versions(
            self._role, self.hook.function, "CodeDeploy invokes the hook, which has no other versions."
        )
