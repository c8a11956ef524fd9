"""What is listed: the environment's names and models, or the account's models that a route serves. No calls of AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from chat_gateway.completions.routes import foundation_model
from chat_gateway.model_names.settings import Target
from client_keys.policy import Policy
from openai_resources.models import context_lengths
from openai_resources.models.served import is_served

if TYPE_CHECKING:
    from mypy_boto3_bedrock.type_defs import FoundationModelSummaryTypeDef, InferenceProfileSummaryTypeDef

_OF_THE_ENVIRONMENT = "gateway"
_NOT_SHOWN = "amazon-bedrock"  # the ARN does not say whose model it is
# Bedrock also takes the last part of these ARNs.
_ARNS_WITH_AN_ID = (":foundation-model/", ":inference-profile/")
_ON_DEMAND, _TEXT = "ON_DEMAND", "TEXT"
# An application's profile belongs to one of the account's applications. The environment may list it.
_SYSTEM_DEFINED = "SYSTEM_DEFINED"


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
    """The environment's own names, in its order. A name promises what all of its targets have."""
    return [
        Model(
            name,
            _OF_THE_ENVIRONMENT,
            context_length=context_lengths.of_all(tuple(target.model for target in targets)),
        )
        for name, targets in names.items()
    ]


def of_environment(models: Iterable[str], routes: Mapping[str, str]) -> list[Model]:
    """The ids and ARNs that the environment lists and a route serves. `routes` are the environment's own."""
    return [_listed(model) for model in models if is_served(model, routes)]


def of_account(
    models: Iterable[FoundationModelSummaryTypeDef],
    profiles: Iterable[InferenceProfileSummaryTypeDef],
    routes: Mapping[str, str],
) -> list[Model]:
    """The models and system-defined inference profiles of AWS's lists that write text and that a route serves.

    A model that has no on-demand throughput is reached through its profiles only.
    """
    by_id = {model["modelId"]: model for model in models}
    callable_ = [
        *(_of_account(id_, model["modelArn"], model) for id_, model in by_id.items() if _is_on_demand(model)),
        *(
            _of_account(
                profile["inferenceProfileId"], profile["inferenceProfileArn"], by_id.get(_behind(profile))
            )
            for profile in profiles
            if profile["type"] == _SYSTEM_DEFINED and _writes_text(by_id.get(_behind(profile)))
        ),
    ]
    served = [model for model in callable_ if is_served(model.id, routes)]
    return sorted(served, key=lambda model: (foundation_model(model.id), model.id))


def visible(models: Iterable[Model], policy: Policy) -> list[dict[str, Any]]:
    """The objects of the models that the client may use, each once, in their order."""
    found: dict[str, dict[str, Any]] = {}
    for model in models:
        spelling = next((name for name in (model.id, model.arn) if name and policy.may_use(name)), None)
        if spelling is not None:
            found.setdefault(spelling, model.document(spelling))
    return list(found.values())


def named(models: Iterable[Model], spelling: str) -> dict[str, Any] | None:
    """The object of the model with this id or ARN; None if there is none."""
    model = next((model for model in models if spelling in (model.id, model.arn)), None)
    return None if model is None else model.document(spelling)


def _listed(model: str) -> Model:
    has_id = model.startswith("arn:") and any(kind in model for kind in _ARNS_WITH_AN_ID)
    return Model(
        id=model.rpartition("/")[2] if has_id else model,
        arn=model if has_id else None,
        owned_by=_provider(model),
        context_length=context_lengths.of(model),
    )


def _of_account(id_: str, arn: str, model: FoundationModelSummaryTypeDef | None) -> Model:
    lifecycle: Mapping[str, Any] = {} if model is None else model.get("modelLifecycle") or {}
    launch, end = lifecycle.get("startOfLifeTime"), lifecycle.get("endOfLifeTime")
    return Model(
        id=id_,
        arn=arn,
        owned_by=_provider(id_),
        created=int(launch.timestamp()) if isinstance(launch, datetime) else 0,
        context_length=context_lengths.of(id_),
        shutdown_date=end.astimezone(UTC).date().isoformat() if isinstance(end, datetime) else None,
    )


def _is_on_demand(model: FoundationModelSummaryTypeDef) -> bool:
    return _ON_DEMAND in model.get("inferenceTypesSupported", ()) and _writes_text(model)


def _writes_text(model: FoundationModelSummaryTypeDef | None) -> bool:
    """Whether the model writes text; True if this region does not list the model, because only its id is known."""
    return model is None or _TEXT in model.get("outputModalities", ())


def _behind(profile: InferenceProfileSummaryTypeDef) -> str:
    """The id of the profile's model, which it uses in several regions."""
    arns = [model.get("modelArn", "") for model in profile["models"]]
    return foundation_model(next(iter(arns), ""))


def _provider(model: str) -> str:
    provider, dot, _ = foundation_model(model).partition(".")
    return provider if dot else _NOT_SHOWN
