"""A regional REST API in front of the functions that answer callers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from chat_gateway.completions import request as chat_request
from infra import acknowledgements
from infra.api import access_log, caller_authorization, cors, exposure, gateway_responses
from infra.api.api_domain import ApiDomain
from infra.api.web_acl import ApiWebAcl
from infra.clients.authorizer import ClientAuthorizer
from infra.functions import unqualified_permission
from infra.functions.live_alias import LiveAlias
from infra.platform import BASE_PATH
from infra.removal import removal_policy
from infra.settings.environment import Environment
from openai_resources import paths as resource_paths

# API Gateway's default: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
_RESOURCES_TIMEOUT_S = 29


class ChatApi(Construct):
    """The chat routes, the routes of other resources, and a catch-all route, so that the chat function also answers
    unknown paths."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        chat: LiveAlias,
        resources: LiveAlias,
        authorizer: ClientAuthorizer | None,
    ) -> None:
        super().__init__(scope, id_)
        self.access_log = logs.LogGroup(
            self,
            "AccessLog",
            retention=environment.logs.retention,
            removal_policy=removal_policy(environment),
        )
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=cdk.Stack.of(self).stack_name,
            description="OpenAI-compatible chat completions for Amazon Bedrock",
            # The function receives the bytes as sent, so that it can refuse a body that is not UTF-8.
            binary_media_types=["*/*"],
            # One role for all APIs of the account in this region: docs/adr/0055-the-accounts-log-role.md.
            cloud_watch_role=environment.account.manage_api_gateway_log_role,
            cloud_watch_role_removal_policy=_kept_log_role(environment),
            deploy_options=self._stage(environment),
            default_method_options=caller_authorization.method_options(authorizer),
            **exposure.arguments(self, environment),
        )
        self._why_no_user_pool = caller_authorization.why_no_user_pool(authorizer)
        self.api.node.try_remove_child("Endpoint")  # this output looks like the base URL, but is not
        self._preflight = cors.preflight(environment.api, environment.client_auth)
        deployments = [chat_request.DEPLOYMENT_PATH] if environment.api.deployment_paths else []
        self._route(
            (*chat_request.PATHS, "/", "/{proxy+}", *deployments),
            chat,
            timeout_s=environment.timeouts.api_s,
            mode=environment.platform.transfer_mode,
        )
        self._route(
            resource_paths.ROUTES,
            resources,
            timeout_s=_RESOURCES_TIMEOUT_S,
            mode=apigateway.ResponseTransferMode.BUFFERED,
        )
        if environment.platform.streams:
            self._permit_streams(chat)
        self._permit_before_use(chat, resources, *([] if authorizer is None else [authorizer.live]))
        gateway_responses.add(
            self.api,
            request_id=environment.platform.request_id,
            max_request_bytes=environment.api.max_request_bytes,
            shown_key=environment.api.shown_key,
            headers=cors.headers_of_errors(environment.api),
            client_auth=environment.client_auth,
        )
        self.base_url = exposure.base_url(self.api, environment)
        self.domain = self._domain(environment)
        self._add_web_acl(environment)
        self._acknowledge(environment)

    def chat_arn(self, environment: Environment) -> str:
        """What a role must be allowed to invoke for chat completions, if callers sign their requests."""
        path = f"{BASE_PATH}/chat/completions"
        return self.api.arn_for_execute_api("POST", path, environment.name)

    def _route(
        self, paths: Iterable[str], live: LiveAlias, *, timeout_s: int, mode: apigateway.ResponseTransferMode
    ) -> None:
        """Leads the paths to the alias, and lets API Gateway invoke it."""
        self._permit(live)
        integration = _integration(live, timeout_s=timeout_s, mode=mode)
        for path in paths:
            resource = self.api.root.resource_for_path(path)
            method = resource.add_method("ANY", integration)
            if self._preflight is not None:
                self._preflight.add_to(resource)
            id_ = f"ApiPermission.{cdk.Names.unique_id(self.api)}.ANY.{path.replace('/', '.')}"
            unqualified_permission.keep(method, id_, live.function, source_arn=method.method_arn)
            acknowledgements.acknowledge(method, "AwsSolutions-COG4", self._why_no_user_pool)

    def _permit(self, live: LiveAlias, action: str = "lambda:InvokeFunction") -> None:
        """Does not name the stage: such a permission would be created after the stage had moved to the alias."""
        live.add_permission(
            action.removeprefix("lambda:"),
            principal=iam.ServicePrincipal("apigateway.amazonaws.com"),
            action=action,
            source_arn=self.api.arn_for_execute_api(),
        )

    def _permit_streams(self, chat: LiveAlias) -> None:
        """AWS documents lambda:InvokeFunction. Reports differ on whether this permission is needed too."""
        action = "lambda:InvokeWithResponseStream"
        self._permit(chat, action)
        unqualified_permission.keep(
            chat.function,
            "InvokeWithResponseStream",
            chat.function,
            source_arn=self.api.arn_for_execute_api(),
            action=action,
        )

    def _permit_before_use(self, *aliases: LiveAlias) -> None:
        """Creates the aliases' permissions before the stage uses the aliases."""
        deployment = cast(apigateway.Deployment, self.api.latest_deployment)
        deployment.node.add_dependency(*aliases)

    def _domain(self, environment: Environment) -> ApiDomain | None:
        if environment.domain is None:
            return None
        return ApiDomain(self, "Domain", domain=environment.domain, api=self.api)

    def _add_web_acl(self, environment: Environment) -> None:
        if environment.waf is not None:
            ApiWebAcl(self, "Waf", waf=environment.waf, stage_arn=self.api.deployment_stage.stage_arn)

    def _stage(self, environment: Environment) -> apigateway.StageOptions:
        return apigateway.StageOptions(
            stage_name=environment.name,
            access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
            access_log_format=apigateway.AccessLogFormat.custom(json.dumps(access_log.fields(environment))),
            throttling_rate_limit=environment.api.throttling_rate_limit_per_s,
            throttling_burst_limit=environment.api.throttling_burst_limit,
            tracing_enabled=environment.monitoring.tracing or None,
        )

    def _acknowledge(self, environment: Environment) -> None:
        if environment.account.manage_api_gateway_log_role:
            acknowledgements.acknowledge(
                self.api.node.find_child("CloudWatchRole"),
                "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
                "AmazonAPIGatewayPushToCloudWatchLogs]",
                "API Gateway needs this policy to write access logs. Only API Gateway can assume the role.",
            )
        acknowledgements.acknowledge(
            self.api,
            "AwsSolutions-APIG2",
            "The function checks requests more strictly than an API Gateway model can, and answers OpenAI-shaped errors.",
        )
        if environment.waf is None:
            acknowledgements.acknowledge(
                self.api.deployment_stage,
                "AwsSolutions-APIG3",
                "A web ACL costs more per month than the rest of the stack. The setting [waf] adds one.",
            )
        acknowledgements.acknowledge(
            self.api.deployment_stage,
            "AwsSolutions-APIG6",
            "Execution logs repeat prompts and keys. The access log and the functions' logs have every id.",
        )
        if not environment.monitoring.tracing:
            acknowledgements.untraced(self.api.deployment_stage, "Serverless-APIGWXrayEnabled")


def _kept_log_role(environment: Environment) -> cdk.RemovalPolicy | None:
    """Other APIs of the account need the role after the stack is gone. The CDK refuses a policy for a role that it does not
    make."""
    return cdk.RemovalPolicy.RETAIN if environment.account.manage_api_gateway_log_role else None


def _integration(
    live: LiveAlias, *, timeout_s: int, mode: apigateway.ResponseTransferMode
) -> apigateway.Integration:
    """The proxy integration of an alias. The CDK's LambdaIntegration would use the logical ids of the kept permissions.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
    """
    streams = mode == apigateway.ResponseTransferMode.STREAM
    version, operation = (
        ("2021-11-15", "response-streaming-invocations") if streams else ("2015-03-31", "invocations")
    )
    return apigateway.AwsIntegration(
        service="lambda",
        path=f"{version}/functions/{live.function_arn}/{operation}",
        proxy=True,
        options=apigateway.IntegrationOptions(
            timeout=cdk.Duration.seconds(timeout_s), response_transfer_mode=mode
        ),
    )
