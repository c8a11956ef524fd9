"""GET /models and GET /models/ID: https://platform.openai.com/docs/api-reference/models"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from openai_resources import routing
from openai_resources.models.errors import UnknownModelError

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from openai_resources.call import Call
    from openai_resources.models.model_list import ModelList

MODELS = "/models"


class ModelRoutes:
    """Answers with the models that the client of the current call may use."""

    def __init__(self, models: Callable[[], ModelList], call: Callable[[], Call]) -> None:
        self._models, self._call = models, call

    def add_to(self, app: APIGatewayRestResolver) -> None:
        """Adds both paths. An id may have slashes, which no parameter of Powertools takes."""
        routing.add(app, MODELS, GET=self.all)
        routing.add(app, f"{MODELS}/(.+)", GET=self.one)

    def all(self) -> dict[str, Any]:
        """OpenAI's list, which has no pages. Raises ModelListUnavailableError."""
        call = self._call()
        return {"object": "list", "data": self._models().visible(call.policy(), call.log)}

    def one(self) -> dict[str, Any]:
        """OpenAI's object of one model. Raises UnknownModelError and ModelListUnavailableError."""
        call = self._call()
        # AWS does not say whether API Gateway has decoded the path.
        spelling = unquote(call.path.removeprefix(f"{MODELS}/"))
        model = self._models().one(spelling, call.policy(), call.log)
        if model is None:
            raise UnknownModelError(spelling)
        return model
