"""The packages of the authorizer, the prover and the hook before traffic hold all that they need, on every path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.hostile_upstream import bundles
from tests.hostile_upstream.bundle_crew import BundleCrew
from tests.hostile_upstream.bundle_trials import TRIALS, BundleTrial
from tests.hostile_upstream.bundles import PROVER, Tried


@pytest.fixture(scope="session")
def bundle_crew(request: pytest.FixtureRequest) -> Iterator[BundleCrew]:
    """Runs every trial that this run has collected."""
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    found = [param["bundle_trial"] for param in params if "bundle_trial" in param]
    with BundleCrew(found) as made:
        yield made


@pytest.mark.parametrize("bundle_trial", TRIALS, ids=lambda trial: trial.id)
def test_bundle(bundle_trial: BundleTrial, bundle_crew: BundleCrew) -> None:
    """The bundle ends as expected, misses no module, and writes only lines of the schema."""
    tried = bundle_crew.tried(bundle_trial)
    assert tried.missing() == []
    assert tried.unlike_the_schema() == []
    for words in bundle_trial.says:
        assert words in tried.answer + tried.log


@pytest.mark.parametrize("written", ["No module named 'h11'", "ImportError: cannot import name 'a'"])
def test_a_missing_module_is_noticed(written: str) -> None:
    """A missing module is noticed in the answer and in the log."""
    assert Tried(written, "").missing() == [written]
    assert Tried("", f"before\n{written}\nbehind").missing() == [written]


def test_a_bundle_that_does_not_start() -> None:
    """A bundle that cannot import its handler is reported."""
    lacking = replace(PROVER, handler="guardrail_proof.nonsense.handle")
    with pytest.raises(AssertionError, match="No module named"), bundles.running(lacking, {}):
        pass
