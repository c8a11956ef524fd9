"""All models of the environment: its names, and the ids that callers may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chat_gateway.model_names.settings import names_from_text
from openai_resources.models import listing
from openai_resources.models.errors import ModelListUnavailableError

if TYPE_CHECKING:
    from chat_gateway.service.request_log import RequestLog
    from client_keys.policy import Policy
    from openai_resources.models.account import AccountModels
    from openai_resources.models.listing import Model
    from openai_resources.settings import ModelsSettings


class ModelList:
    """The environment's own names and models, then the account's. `account` None: those are not listed."""

    def __init__(self, own: list[Model], account: AccountModels | None = None) -> None:
        self._own, self._account = own, account

    @classmethod
    def of(cls, settings: ModelsSettings) -> ModelList:
        """The list of an environment. AWS is not called yet."""
        routes = dict(route.rsplit("=", 1) for route in settings.routes)
        named = listing.of_names(names_from_text(settings.model_names) if settings.model_names else {})
        if settings.names_only:
            return cls(named)
        own = [*named, *listing.of_environment(settings.models, routes)]
        if settings.models or settings.account_region is None:
            return cls(own)
        from openai_resources.models.account import AccountModels  # boto3 and its client take 0.3 s

        return cls(own, AccountModels.in_region(settings.account_region, routes))

    def visible(self, policy: Policy, log: RequestLog) -> list[dict[str, Any]]:
        """OpenAI's objects of the models that the client may use. Raises ModelListUnavailableError."""
        return listing.visible([*self._own, *self._of_account(log)], policy)

    def one(self, spelling: str, policy: Policy, log: RequestLog) -> dict[str, Any] | None:
        """OpenAI's object of the model with this id or ARN; None if there is none that the client may use.

        Raises ModelListUnavailableError.
        """
        if not policy.may_use(spelling):
            return None
        own = listing.named(self._own, spelling)
        return own if own is not None else listing.named(self._of_account(log), spelling)

    def _of_account(self, log: RequestLog) -> list[Model]:
        if self._account is None:
            return []
        models, failure = self._account.listed()
        log.add(model_list_failure=failure)
        if models is None:
            raise ModelListUnavailableError
        return models
