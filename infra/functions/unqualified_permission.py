"""The permission with which earlier versions of the stack let API Gateway invoke a function, not its alias.

While a deployment moves API Gateway to the aliases, it still invokes the functions. So this deployment keeps the
permissions, with their logical ids. The next version of the gateway removes them: docs/upgrading.md.
"""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from constructs import Construct


def keep(
    scope: Construct,
    id_: str,
    function: lambda_.Function,
    *,
    source_arn: str,
    action: str = "lambda:InvokeFunction",
) -> None:
    """Lets API Gateway invoke `function` without a qualifier. `scope` and `id_` are those of earlier versions."""
    lambda_.CfnPermission(
        scope,
        id_,
        action=action,
        function_name=function.function_arn,
        principal="apigateway.amazonaws.com",
        source_arn=source_arn,
    )
