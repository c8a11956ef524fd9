"""GET /models and GET /models/ID: https://platform.openai.com/docs/api-reference/models"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from openai_resources import routing
from openai_resources.models import listing
from openai_resources.models.errors import UnknownModelError

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from client_keys.policy import Policy
    from openai_resources.models.model_list import ModelList

_MODELS = "/models"


class ModelRoutes:
    """Answers with the models that the request's client may use. `policy` returns the client's policy."""

    def __init__(self, models: Callable[[], ModelList], policy: Callable[[], Policy]) -> None:
        self._models, self._policy = models, policy

    def add_to(self, app: APIGatewayRestResolver) -> None:
        """Adds both paths."""

        def retrieve() -> dict[str, Any]:
            return self.one(app.current_event.path.removeprefix(f"{_MODELS}/"))

        routing.add(app, _MODELS, GET=self.all)
        routing.add(app, f"{_MODELS}/(.+)", GET=retrieve)

    def all(self) -> dict[str, Any]:
        """OpenAI's list, which has no pages."""
        return {"object": "list", "data": listing.visible(self._models().models(), self._policy())}

    def one(self, spelling: str) -> dict[str, Any]:
        """OpenAI's object of one model. Raises UnknownModelError."""
        model = unquote(spelling)  # AWS does not say whether API Gateway has already done that
        found = listing.one(self._models().models(), model, self._policy())
        if found is None:
            raise UnknownModelError(model)
        return found
