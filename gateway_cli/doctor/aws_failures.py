"""Says why AWS did not answer a check. None of this is a fault of the environment."""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from gateway_cli import local_stack
from gateway_cli.doctor import findings
from gateway_cli.doctor.findings import Result

_DENIED = {
    *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"),
    *("AuthorizationErrorException", "AWS.SimpleQueueService.AccessDenied", "UnauthorizedException"),
}
_BAD_CREDENTIALS = {
    *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"),
    *("InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"),
}
_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]{1,40}:[A-Za-z]{1,60})")


def code(error: ClientError) -> str:
    """AWS's name of the error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_denied(error: ClientError) -> bool:
    """Whether the operator's own credentials lack a permission."""
    return code(error) in _DENIED


def unchecked(error: ClientError | BotoCoreError, env: str) -> Result:
    """The result of a check of `env` that ended with this error."""
    if isinstance(error, NoCredentialsError):
        return findings.unchecked(
            "could not be checked: there are no AWS credentials",
            local_stack.missing_variables(env) or "Use --profile, set AWS_PROFILE, or log in to AWS.",
        )
    if isinstance(error, NoRegionError):
        return findings.unchecked(
            "could not be checked: there is no region",
            local_stack.missing_variables(env) or "Use --region or AWS_REGION.",
        )
    if not isinstance(error, ClientError):
        return findings.unchecked(f"could not be checked: {_first_line(error)}")
    if is_denied(error):
        return findings.unchecked(
            f"could not be checked: your AWS credentials may not call {error.operation_name}",
            f"Use credentials with the permission {_permission(error)}.",
        )
    if code(error) in _BAD_CREDENTIALS:
        return findings.unchecked(
            "could not be checked: AWS does not accept your credentials", "Log in to AWS again."
        )
    return findings.unchecked(
        f"could not be checked: AWS answered {code(error)} to {error.operation_name}", "Try again."
    )


def _permission(error: ClientError) -> str:
    found = _ACTION.search(str(error.response.get("Error", {}).get("Message", "")))
    return found[1] if found else f"for {error.operation_name}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
