"""Why a model, or the list of models, is not answered."""

from __future__ import annotations

from http import HTTPStatus

from chat_gateway.core import foreign_text
from chat_gateway.core.errors import GatewayError


class UnknownModelError(GatewayError):
    """The model does not exist, or the client may not use it. OpenAI's answer is the same for both."""

    status = HTTPStatus.NOT_FOUND
    type = "invalid_request_error"
    code = "model_not_found"

    def __init__(self, model: str) -> None:
        name = foreign_text.name(model)
        said = f"The model '{name}'" if name else "The model"
        super().__init__(f"{said} does not exist, or you do not have access to it.", param="model")


class ModelListUnavailableError(GatewayError):
    """AWS does not list the account's models now, and has not listed them before."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "model_list_unavailable"

    def __init__(self) -> None:
        super().__init__("AWS does not list the models now; try again later.")
