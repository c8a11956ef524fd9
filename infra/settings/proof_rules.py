"""What the proof's settings must agree with. Each function raises RefusedSettingError."""

from __future__ import annotations

from collections.abc import Mapping

from chat_gateway.completions.routes import CONVERSE
from infra.settings.proof import Proof
from infra.settings.table import require
from infra.settings.upstream import Upstream


def check(proof: Proof, upstream: Upstream, names: Mapping[str, str]) -> None:
    """The proof uses what callers may use, and tries Converse with what leads there.

    `names` has the first target's model by name.
    """
    if upstream.names_only:
        _check_names(proof, names)
    model = proof.converse_model
    if model is None:
        return
    rule = "must be a model of Converse: choose another one, or set its route in upstream.routes"
    require(upstream.route_of(names.get(model, model)) == CONVERSE, "proof.converse_model", rule)
    rule = "needs Converse, which upstream.url does not have"
    require(model in names or not upstream.is_mantle, "proof.converse_model", rule)


def check_new_versions(proof: Proof, upstream: Upstream, names: Mapping[str, str]) -> None:
    """A gradual deployment asks the new version for a model that callers may use. Otherwise none would ever succeed."""
    is_allowed = upstream.names_only or proof.model in names or upstream.allows(proof.model)
    rule = (
        f"is {proof.model}, with which deployment.gradual tries new versions; it must be in upstream.models"
    )
    require(is_allowed, "proof.model", rule)


def _check_names(proof: Proof, names: Mapping[str, str]) -> None:
    rule = "must be a name of [[models]], since upstream.names_only is true"
    is_default = "model" not in proof.model_fields_set
    require(is_default or proof.model in names, "proof.model", rule)
    require(proof.converse_model is None or proof.converse_model in names, "proof.converse_model", rule)
