"""Recognises paths that API Gateway's routes do not: with doubled slashes, or of one of Azure's deployments."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from chat_gateway.completions import request as chat_request

if TYPE_CHECKING:
    from chat_gateway.http_api.http_request import HttpRequest

# re compiles and caches each of these at first use.
# A model's ARN has slashes, and API Gateway may have decoded them.
_DEPLOYMENT = r"/openai/deployments/(.+)/chat/completions"
_RESOURCE = r"(?:/openai)?/v1(/(?:models|files|uploads|batches)(?:/.*)?)"
_PARAMETERS = {"{proxy+}": "proxy", "{model}": "model"}


def with_single_slashes(path: str) -> str:
    """`path` without doubled slashes and without one at its end."""
    return "/" + "/".join(part for part in path.split("/") if part)


def recognised(request: HttpRequest, *, has_deployments: Callable[[], bool]) -> HttpRequest:
    """The request with the route that its path means, and the deployment's model; `request` itself if it means no other.

    `has_deployments` is asked only for a path of a deployment.
    """
    path = _below_stage(request)
    if path in chat_request.PATHS:
        return request._replace(route=path)
    found = re.fullmatch(_DEPLOYMENT, path)
    if found is None or not has_deployments():
        return request
    # AWS does not say whether API Gateway has decoded the path. No model's id has a percent sign.
    return request._replace(route=chat_request.PATHS[0], deployment=unquote(found[1]))


def resource(request: HttpRequest) -> str | None:
    """The path of OpenAI's resource below the API's version, such as `/files`, that `request` means; None if it means none."""
    found = re.fullmatch(_RESOURCE, _below_stage(request))
    return None if found is None else found[1]


def _below_stage(request: HttpRequest) -> str:
    """The path by API Gateway's route, because the event's own path may begin with a custom domain's base path."""
    path = request.route
    parameters = request.path_parameters if isinstance(request.path_parameters, dict) else {}
    for part, name in _PARAMETERS.items():
        value = parameters.get(name)
        if isinstance(value, str):
            path = path.replace(part, value)
    return with_single_slashes(path)
