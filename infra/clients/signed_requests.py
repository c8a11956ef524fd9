"""The variables and the handlers of functions that answer callers, by how callers show who they are."""

from __future__ import annotations

from chat_gateway.client_policies.settings import RolesSettings
from infra.settings.client_auth import ClientAuth
from infra.settings.environment import Environment


def handler(environment: Environment, package: str) -> str:
    """The module of the package with the function's handler: another one if callers sign their requests."""
    return f"{package}.{'iam_handler' if _signs(environment) else 'handler'}"


def variables(environment: Environment) -> dict[str, str]:
    """How long the function keeps a role's client; empty if callers do not sign their requests."""
    if not _signs(environment):
        return {}
    return RolesSettings(kept_s=environment.api.authorizer_result_ttl_s).to_env()


def _signs(environment: Environment) -> bool:
    return environment.client_auth is ClientAuth.IAM
