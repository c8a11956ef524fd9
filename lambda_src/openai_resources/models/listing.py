"""What is listed: the environment's names, then the models' ids. No calls of AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from chat_gateway.model_names.settings import Target
from client_keys.policy import Policy

_OF_THE_ENVIRONMENT = "gateway"


class Model(NamedTuple):
    """A model that callers may name by its id or, if it has one, by its ARN."""

    id: str
    owned_by: str
    arn: str | None = None
    created: int = 0  # Unix seconds; 0: not known. OpenAI's SDKs need a number
    context_length: int | None = None  # tokens
    shutdown_date: str | None = None  # YYYY-MM-DD

    def document(self, spelling: str) -> dict[str, Any]:
        """OpenAI's object, with the model as a caller may write it. What is not known is absent."""
        known = {"context_length": self.context_length, "shutdown_date": self.shutdown_date}
        return {
            "id": spelling,
            "object": "model",
            "created": self.created,
            "owned_by": self.owned_by,
            **{name: value for name, value in known.items() if value is not None},
        }


def of_names(names: Mapping[str, tuple[Target, ...]]) -> list[Model]:
    """The environment's own names, in its order."""
    return [Model(name, _OF_THE_ENVIRONMENT) for name in names]


def visible(models: Iterable[Model], policy: Policy) -> list[dict[str, Any]]:
    """The objects of the models that the client may use, each once."""
    found: dict[str, dict[str, Any]] = {}
    for model in models:
        spelling = next((name for name in (model.id, model.arn) if name and policy.may_use(name)), None)
        if spelling is not None:
            found.setdefault(spelling, model.document(spelling))
    return list(found.values())


def one(models: Iterable[Model], spelling: str, policy: Policy) -> dict[str, Any] | None:
    """The object of the model with this id or ARN; None if there is none that the client may use."""
    named = next((model for model in models if spelling in (model.id, model.arn)), None)
    return None if named is None or not policy.may_use(spelling) else named.document(spelling)
