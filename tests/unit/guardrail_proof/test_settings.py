"""The proof reads the settings that the stack writes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail_proof.settings import Gateway, NewVersions, ProverSettings
from tests.unit.guardrail_proof.plans import PLANS
from tests.unit.guardrail_proof.prover_env import ENV

TEXTS = st.text(min_size=1)
OPTIONAL = {"tagging", "attack", "converse_model", "secret_arn"}
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    field: st.none() | TEXTS if field in OPTIONAL else TEXTS for field in Gateway._fields
}
GATEWAYS = st.builds(Gateway, **(FIELDS | {"plan": st.none() | PLANS}))


@given(st.builds(ProverSettings, stack_id=TEXTS, gateway=GATEWAYS, proven=TEXTS))
def test_settings_are_read_as_they_were_written(settings: ProverSettings) -> None:
    """Every field of a gateway reaches the function; a missing one stays None."""
    assert ProverSettings.from_env(settings.to_env()) == settings


@pytest.mark.parametrize("name", ENV)
def test_missing_variable_is_named(name: str) -> None:
    """A missing variable is an error that names it; no probe is skipped."""
    with pytest.raises(KeyError, match=name):
        ProverSettings.from_env({key: value for key, value in ENV.items() if key != name})


@given(
    st.builds(
        NewVersions,
        **dict.fromkeys(("stack_id", "chat", "worker", "model"), TEXTS),
        **{field: st.none() | TEXTS for field in ("canary", "tagging", "converse_model")},
    )
)
def test_versions_are_read_as_they_were_written(versions: NewVersions) -> None:
    """Every field of the new versions reaches the function; a missing one stays None."""
    assert NewVersions.from_env(versions.to_env()) == versions
