"""All models of the environment: its names, and the ids that callers may use."""

from __future__ import annotations

from chat_gateway.model_names.settings import names_from_text
from openai_resources.models import listing
from openai_resources.models.listing import Model
from openai_resources.settings import ModelsSettings


class ModelList:
    """The models that the environment offers, before a client's policy."""

    def __init__(self, named: list[Model]) -> None:
        self._named = named

    @classmethod
    def of(cls, settings: ModelsSettings) -> ModelList:
        names = {} if settings.model_names is None else names_from_text(settings.model_names)
        return cls(listing.of_names(names))

    def models(self) -> list[Model]:
        """The names first."""
        return self._named
