"""Names and ids that Converse allows."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.converse.tool_names import CallIds, ToolNames

odd = st.text(st.sampled_from("ab_.-: é/"), min_size=1, max_size=3) | st.text(min_size=1)


@given(st.lists(odd, max_size=30))
def test_names_come_back(given_names: list[str]) -> None:
    """Each name has one name for Converse, which matches its pattern and leads back."""
    names = ToolNames()
    sent = [names.sent(name) for name in given_names]
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in sent)
    assert [names.changed().get(name, name) for name in sent] == given_names
    assert [names.sent(name) for name in given_names] == sent


@given(st.lists(st.text(st.sampled_from("ab_-"), min_size=1, max_size=64), max_size=9, unique=True))
def test_allowed_names_stay(allowed: list[str]) -> None:
    """Names that Converse allows are not changed."""
    names = ToolNames()
    assert [names.sent(name) for name in allowed] == allowed
    assert names.changed() == {}


def test_a_name_is_the_same_in_the_next_request() -> None:
    """A changed name depends on the name alone, so that a cached prompt stays the same."""
    first, second = ToolNames(), ToolNames()
    second.sent("other.name")
    assert first.sent("files.read") == second.sent("files.read")


def test_a_name_that_is_taken() -> None:
    """A caller's own name can be what another name became; both come back."""
    names = ToolNames()
    taken = names.sent("files.read")
    assert names.sent(taken) != taken
    assert set(names.changed().values()) == {"files.read", taken}


@given(st.lists(odd, max_size=30))
def test_ids_are_used_once(given_ids: list[str]) -> None:
    """Each call has an id of its own, which matches Converse's pattern."""
    ids = CallIds()
    sent = [ids.new(id_) for id_ in given_ids]
    assert len(set(sent)) == len(sent)
    assert all(re.fullmatch("[a-zA-Z0-9_.:-]{1,64}", id_) for id_ in sent)
