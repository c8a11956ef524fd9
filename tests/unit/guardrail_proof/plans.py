"""Plans of the proof."""

from __future__ import annotations

from hypothesis import strategies as st

from guardrail_proof.plan import CONVERSE, NATIVE, Plan, Region

_TEXTS = st.text(min_size=1)
_NAMES = st.lists(_TEXTS, max_size=3).map(tuple)
_MODELS = st.dictionaries(st.sampled_from([NATIVE, CONVERSE]), _TEXTS)
_REGIONS = st.builds(
    Region,
    name=_TEXTS,
    base_url=_TEXTS,
    guardrail=st.none() | st.tuples(_TEXTS, _TEXTS),
    models=_MODELS,
)
PLANS = st.builds(
    Plan,
    names=_NAMES,
    untried=_NAMES,
    models=_MODELS,
    regions=st.lists(_REGIONS, max_size=2).map(tuple),
)
