"""Adds routes to Powertools' resolver, with OpenAI's error for methods that a path does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from chat_gateway.core import foreign_text
from chat_gateway.core.errors import MethodNotAllowedError

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

# https://docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html (httpMethod)
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def add(app: APIGatewayRestResolver, path: str, **handlers: Callable[..., Any]) -> None:
    """Adds a path with a handler for each of its methods. `path` may be a regular expression without named groups."""
    for method, handler in handlers.items():
        app.route(path, method)(handler)
    allowed = ", ".join(handlers)

    def refuse(**_: str) -> NoReturn:
        method = foreign_text.name(app.current_event.http_method)
        raise MethodNotAllowedError(f"{method} is not allowed on this path. Use {allowed}.", allowed=allowed)

    app.route(path, [method for method in _METHODS if method not in handlers])(refuse)
