"""Whether API Gateway may write logs. Without, nobody finds out which requests it refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_cli.doctor import findings
from gateway_cli.doctor.findings import Result

if TYPE_CHECKING:
    from gateway_cli.doctor.deployment import Deployment

NAME = "API Gateway logs"


def check(deployment: Deployment) -> Result:
    """Whether the account has a role for API Gateway's logs in this region. Raises botocore's errors.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    role = deployment.client("apigateway").get_account().get("cloudwatchRoleArn")
    if role:
        return findings.ok(f"API Gateway writes them by the role {role.rpartition('/')[2]}")
    return findings.problem(
        "the account has no role for them in this region, so the access log stays empty",
        f"make log-role ENV={deployment.env}",
    )
