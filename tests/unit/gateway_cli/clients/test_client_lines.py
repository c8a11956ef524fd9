"""Files of clients: any bytes are clients or one clear error, and what is exported is read as it was."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_keys.policy import MAX_CONCURRENT_REQUESTS, Policy, UnusablePolicyError
from gateway_cli.clients import client_lines
from gateway_cli.clients.client_lines import ListedClient
from gateway_cli.clients.errors import NotImportedError
from gateway_cli.clients.records import StoredClient, StoredKey
from gateway_cli.clients.settings import ClientSettings

HASH = "ab" * 32
COUNTS = ["max_completion_tokens", "requests_per_minute", "tokens_per_minute", "tokens_per_day"]
LIMITS = [*COUNTS, "concurrent_requests", "monthly_budget_usd"]
FIELDS = ["id", "name", "owner", "state", "expires", "models", *LIMITS, "stream", "jobs"]


def read(*raw: bytes) -> list[ListedClient]:
    return client_lines.read(io.BytesIO(b"\n".join(raw)))


def line(**fields: Any) -> bytes:
    return json.dumps({"id": "team-a", **fields}).encode()


def problems(*raw: bytes) -> list[str]:
    with pytest.raises(NotImportedError) as caught:
        read(*raw)
    first, *rest = str(caught.value).splitlines()
    assert first == "Nothing was imported:"
    return rest


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
words = st.text(min_size=1, max_size=256).filter(lambda text: text.isprintable() and text == text.strip())
times = st.integers(0, 253_402_300_799)
keys = st.lists(
    st.builds(
        lambda digest, created, expires: StoredKey(
            sha256=digest.hex(),
            item={
                **({} if created is None else {"created_at": {"S": created}}),
                **({} if expires is None else {"expires_at": {"N": str(expires)}}),
            },
        ),
        st.binary(min_size=32, max_size=32),
        st.sampled_from([None, "2026-11-27T07:34:47+00:00", "2026-11-27T07:34:47.5+00:00"]),
        st.none() | times,
    ),
    max_size=3,
    unique_by=lambda key: key.sha256,
)
counts = st.integers(1, 1_000_000_000)
policies = st.builds(
    Policy,
    models=st.none()
    | st.lists(
        st.from_regex(r"\A[!-~]{1,40}\Z").filter(lambda glob: glob != "*"), max_size=5, unique=True
    ).map(tuple),
    max_completion_tokens=st.none() | st.integers(1, 1000),
    requests_per_minute=st.none() | counts,
    tokens_per_minute=st.none() | st.integers(1000, 1_000_000_000),
    tokens_per_day=st.none() | st.integers(1000, 1_000_000_000),
    concurrent_requests=st.none() | st.integers(1, MAX_CONCURRENT_REQUESTS),
    monthly_budget_cents=st.none() | counts,
    may_stream=st.booleans(),
    may_send_jobs=st.booleans(),
)
settings = st.builds(
    ClientSettings,
    name=st.none() | words,
    owner=st.none() | words,
    is_active=st.booleans(),
    valid_until=st.none() | times,
    policy=policies,
)


@given(st.binary())
def test_any_bytes_are_clients_or_an_error(raw: bytes) -> None:
    """No bytes raise anything but the error that names bad lines."""
    try:
        read(raw)
    except NotImportedError:
        return


@given(st.dictionaries(st.sampled_from([*FIELDS, "created", "keys", "other"]), values))
def test_any_object_is_a_client_or_an_error(document: dict[str, Any]) -> None:
    """No JSON object raises anything but the error that names bad lines."""
    try:
        (found,) = read(json.dumps({"id": "team-a", **document}).encode())
    except NotImportedError:
        return
    found.settings.attributes()  # can be stored


@given(settings, keys)
def test_exported_client_is_read_as_it_was(found: ClientSettings, stored: list[StoredKey]) -> None:
    """Settings and keys are the same after a file."""
    try:
        item = {**found.attributes(), "created_at": {"S": "2026-01-01T00:00:00+00:00"}}
    except UnusablePolicyError:
        return
    client = StoredClient(client_id="team-a", item=item, keys=tuple(stored))
    (listed,) = read(client_lines.written(client).encode())
    assert (listed.settings, listed.created_at) == (found, client.created_at)
    assert sorted(key.sha256 for key in listed.keys) == sorted(key.sha256 for key in stored)
    assert {key.sha256: key.item for key in listed.keys} == {key.sha256: key.item for key in stored}


def test_only_the_id_is_needed() -> None:
    """Fields that are left out, or null, have their defaults."""
    nothing = dict.fromkeys([*FIELDS[1:], "created", "keys"])
    for raw in (line(), line(**nothing)):
        (found,) = read(raw)
        assert found.settings == ClientSettings()
        assert (found.created_at, found.keys) == (None, ())


@given(st.integers(1, 1_000_000_000))
def test_budgets_are_exact(cents: int) -> None:
    """A budget is a JSON number with at most two decimals, and is read to the cent."""
    budget = ClientSettings(policy=Policy(max_completion_tokens=1, monthly_budget_cents=cents))
    raw = client_lines.written(StoredClient(client_id="team-a", item=budget.attributes()))
    written = re.findall(r'"monthly_budget_usd": ([0-9]+(?:\.[0-9]{1,2})?),', raw)
    assert [Decimal(number) * 100 for number in written] == [cents]
    assert read(raw.encode())[0].settings == budget


def test_blank_lines_and_windows_lines_are_read() -> None:
    """Empty lines, CR LF and a byte order mark are no problem; line numbers count every line."""
    found = read(b"\xef\xbb\xbf" + line(id="a") + b"\r", b"", line(id="b") + b"\r")
    assert [(client.line, client.client_id) for client in found] == [(1, "a"), (3, "b")]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"nonsense", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "'id' is missing"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"id": "a", "id": "b"}', "repeats a key"),
        (b'{"id": "a", "max_completion_tokens": NaN}', "has NaN"),
        (b'{"id": "a", "max_completion_tokens": ' + b"9" * 5000 + b"}", "number that is too large"),
        (b'{"id": "a", "name": "' + b"x" * 70_000 + b'"}', "longer than 65536 bytes"),
        (line(id="two words"), "'id'"),
        (line(id="unknown"), "'id'"),
        (line(id=None), "'id'"),
        (line(id=["a"]), "'id'"),
        (line(name="a\x1b[2J"), "'name'"),
        (line(owner=5), "'owner'"),
        (line(state="deleted"), "'state'"),
        (line(state=["active"]), "'state'"),
        (line(expires="soon"), "'expires'"),
        (line(expires=1_900_000_000), "'expires'"),
        (line(models="openai.*"), "'models'"),
        (line(models=["a b"]), "'models'"),
        (line(models=[None]), "'models'"),
        (line(models=[f"{n}" * 250 for n in range(9)]), "at most 2048"),
        (line(max_completion_tokens=1.5), "'max_completion_tokens'"),
        (line(requests_per_minute=1.5), "'requests_per_minute'"),
        (line(concurrent_requests=201), "'concurrent_requests'"),
        (line(monthly_budget_usd=1.005), "'monthly_budget_usd'"),
        (line(monthly_budget_usd=1e-7), "'monthly_budget_usd'"),
        (line(monthly_budget_usd=10_000_000.01), "'monthly_budget_usd'"),
        (line(monthly_budget_cents=5), "no field 'monthly_budget_cents'"),
        (b'{"id": "a", "monthly_budget_usd": 1e999}', "'monthly_budget_usd'"),
        (line(tokens_per_day=5), "needs max_completion_tokens"),
        (line(monthly_budget_usd=5), "needs max_completion_tokens"),
        (line(tokens_per_day=5, max_completion_tokens=6), "tokens_per_day must not be smaller"),
        (line(stream="yes"), "'stream'"),
        (line(jobs=0), "'jobs'"),
        (line(created="yesterday"), "'created'"),
        (line(keys={}), "'keys'"),
        (line(keys=[HASH]), "'keys'"),
        (line(keys=[{}]), "'sha256'"),
        (line(keys=[{"sha256": HASH.upper()}]), "'sha256'"),
        (line(keys=[{"sha256": "sk-bcg-secret"}]), "'sha256'"),
        (line(keys=[{"sha256": HASH, "expires": "x"}]), "'expires'"),
        (line(keys=[{"sha256": HASH, "key": "x"}]), "no field 'key'"),
        (line(keys=[{"sha256": HASH}] * 2), f"the key {HASH} is in line 1 already"),
        (line(keys=[{"sha256": f"{n:064x}"} for n in range(100)]), "at most 99"),
        (line(model=["x"]), "no field 'model'"),
        (line(**{"\x1b[2J" * 20: 1}), "no field '\\x1b"),
    ],
)
def test_bad_lines_have_a_reason(raw: bytes, reason: str) -> None:
    """Each bad line is named by its number, with a reason that fits on one line."""
    (problem,) = problems(raw)
    assert problem.startswith("line 1: ")
    assert reason in problem


@pytest.mark.parametrize("field", LIMITS)
@pytest.mark.parametrize("value", [0, -1, "5", True, [], 1e300])
def test_bad_limits_have_a_reason(field: str, value: Any) -> None:
    """A limit is a positive number; the reason names its field."""
    (problem,) = problems(line(**{field: value}))
    assert problem.startswith(f"line 1: '{field}': must be ")


def test_all_bad_lines_are_named_at_once() -> None:
    """The error lists 20 bad lines, and counts the others."""
    found = problems(line(id="fine"), *[b"nonsense"] * 25)
    assert [problem.partition(":")[0] for problem in found[:-1]] == [f"line {n}" for n in range(2, 22)]
    assert found[-1] == "… and 5 more"


def test_repeated_clients_and_keys_are_bad() -> None:
    """No two lines have the same client, or the same key."""
    key = {"sha256": HASH}
    assert problems(line(), line(id="b"), line()) == ["line 3: the client team-a is in line 1 already"]
    assert problems(line(id="a", keys=[key]), line(id="b", keys=[key])) == [
        f"line 2: the key {HASH} is in line 1 already"
    ]
