"""The paths of OpenAI's resources in the API, and the path of a request below the API's version."""

from __future__ import annotations

from typing import Any

_PREFIXES = ("/openai/v1", "/v1")
_RESOURCES = ("models",)
_REST = "{proxy+}"
# API Gateway's routes. A model's id may have slashes.
ROUTES = tuple(
    f"{prefix}/{resource}{rest}"
    for prefix in _PREFIXES
    for resource in _RESOURCES
    for rest in ("", f"/{_REST}")
)


def below_version(event: dict[str, Any]) -> str:
    """The path of a request by one of ROUTES, such as `/models/ID`.

    It is made of API Gateway's route, because the event's own path may begin with a custom domain's base path.
    """
    route, rest = event.get("resource"), (event.get("pathParameters") or {}).get("proxy")
    path = str(route).replace(_REST, str(rest))
    prefix = next((prefix for prefix in _PREFIXES if path.startswith(f"{prefix}/")), "")
    return path.removeprefix(prefix)
