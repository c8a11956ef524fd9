"""The paths of OpenAI's resources in the API, the path of a request below the API's version, and its query."""

from __future__ import annotations

from chat_gateway.http_api import path_spellings

_PREFIXES = ("/openai/v1", "/v1")
_RESOURCES = ("models", "files", "uploads", "batches")
_REST = "{proxy+}"
# API Gateway's routes. A model's id may have slashes.
ROUTES = tuple(
    f"{prefix}/{resource}{rest}"
    for prefix in _PREFIXES
    for resource in _RESOURCES
    for rest in ("", f"/{_REST}")
)


def below_version(event: object) -> str:
    """The path of a request by one of ROUTES, such as `/models/ID`. Empty if the event is malformed.

    It is made of API Gateway's route, because the event's own path may begin with a custom domain's base path.
    """
    match event:
        case {"resource": str(route), "pathParameters": {"proxy": str(rest)}}:
            path = route.replace(_REST, rest)
        case {"resource": str(path)} if _REST not in path:
            pass
        case _:
            return ""
    # A model's id has no doubled slashes.
    path = path_spellings.with_single_slashes(path)
    prefix = next((prefix for prefix in _PREFIXES if path.startswith(f"{prefix}/")), "")
    return path.removeprefix(prefix)


def query(event: object) -> dict[str, str]:
    """The query's parameters. Of a repeated one, the last counts. Empty if the event is malformed."""
    match event:
        case {"multiValueQueryStringParameters": dict(sent)}:
            lists = ((name, values) for name, values in sent.items() if isinstance(values, list) and values)
            return {name: values[-1] for name, values in lists if isinstance(values[-1], str)}
        case _:
            return {}
