"""A Lambda function of the gateway: its package, role and log group."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from chat_gateway.aws.settings import AwsSettings
from infra import acknowledgements
from infra.functions import function_packages
from infra.functions.function_packages import STREAMING_START
from infra.network.function_network import FunctionNetwork
from infra.removal import removal_policy
from infra.settings.environment import Environment


class GatewayFunction(Construct):
    """A function whose role may write the function's log, and nothing else.

    The function's name is `{stack}-{name}`, which is also the service in its logs and metrics. `module` has the handler
    `handle`. `fingerprint` changes when the code or the settings change.

    `streams` runs the function with our own loop over the Lambda Runtime API, because Lambda's own loop for Python cannot
    stream: see docs/streaming.md.

    If the environment has a network, the function runs in its VPC, unless `in_vpc` is false.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        name: str,
        module: str,
        requirements: str,
        description: str,
        timeout_s: int,
        variables: Mapping[str, str],
        memory_mib: int,
        reserved_concurrency: int | None = None,
        streams: bool = False,
        in_vpc: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        full_name = f"{cdk.Stack.of(self).stack_name}-{name}"
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            retention=environment.logs.retention,
            removal_policy=removal_policy(environment),
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(self.role)
        built = function_packages.build(
            name,
            module,
            requirements=requirements,
            for_this_machine=environment.platform.builds_for_this_machine,
            streams=streams,
        )
        traced = environment.monitoring.tracing
        network = FunctionNetwork.of(self) if in_vpc else None
        if network is not None:
            network.permit(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=full_name,
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{module}.handle",
            code=lambda_.Code.from_asset(str(built.folder), asset_hash=built.content_hash),
            role=self.role,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            timeout=cdk.Duration.seconds(timeout_s),
            tracing=lambda_.Tracing.ACTIVE if traced else None,
            memory_size=memory_mib,
            reserved_concurrent_executions=reserved_concurrency
            or environment.account.reserved_concurrency.of(name),
            **({} if network is None else network.placement),
            environment={
                **AwsSettings(region=cdk.Aws.REGION, dns_suffix=cdk.Aws.URL_SUFFIX).to_env(),
                "POWERTOOLS_SERVICE_NAME": full_name,
                **variables,
                **({"AWS_LAMBDA_EXEC_WRAPPER": f"/var/task/{STREAMING_START}"} if streams else {}),
            },
        )
        settings = json.dumps(cdk.Stack.of(self).resolve(dict(variables)), sort_keys=True)
        self.fingerprint = hashlib.sha256(f"{built.content_hash} {settings}".encode()).hexdigest()
        acknowledgements.function(self.function, traced=traced)
        if traced:
            acknowledgements.acknowledge(
                self.role,
                "AwsSolutions-IAM5[Resource::*]",
                "X-Ray knows no resources for the two actions that send traces.",
            )
