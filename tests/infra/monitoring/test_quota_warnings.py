"""Warnings of settings that contradict the account's quotas."""

from __future__ import annotations

from typing import Any

import pytest

from infra.monitoring import quota_warnings
from infra.settings import files
from tests.infra.conftest import ALL, changed, synthesised

THROTTLE = "throttle-over-concurrency"


def _ids(**settings: Any) -> list[str]:
    return list(quota_warnings.warnings(changed("dev", **settings)))


@pytest.mark.parametrize("name", [name for name in ALL if name != "prod"])
def test_defaults_fit(name: str) -> None:
    """The environments other than `prod` contradict no quota."""
    assert quota_warnings.warnings(changed(name)) == {}


def test_prods_throttle_is_over_the_default_quota() -> None:
    """200 requests a second with streams of 10 s are 2,000 functions at once; an account has 1,000."""
    text = quota_warnings.warnings(changed("prod"))[THROTTLE]
    assert "2,000 streams" in text
    assert "1,000" in text


def test_a_raised_quota_ends_the_warning() -> None:
    """The warning goes away when the settings have the account's raised quota."""
    assert quota_warnings.warnings(changed("prod", monitoring={"lambda_concurrency_quota": 3000})) == {}


@pytest.mark.parametrize(("per_s", "warned"), [(100, []), (101, [THROTTLE])])
def test_the_throttles_limit(per_s: int, warned: list[str]) -> None:
    """The warning begins above the quota."""
    api = {"throttling_rate_limit_per_s": per_s, "throttling_burst_limit": per_s}
    assert _ids(api=api) == warned


def test_reserved_concurrency_counts() -> None:
    """If the function has reserved concurrency, this is the limit that the throttle is compared with."""
    settings = changed("dev", chat_function={"reserved_concurrent_executions": 100})
    assert "reserved_concurrent_executions)" in quota_warnings.warnings(settings)[THROTTLE]


@pytest.mark.parametrize(("reserved", "warned"), [(900, []), (901, ["reserved-over-concurrency"])])
def test_a_hundred_must_be_left(reserved: int, warned: list[str]) -> None:
    """Lambda reserves at most the quota less 100."""
    assert _ids(chat_function={"reserved_concurrent_executions": reserved}) == warned


@pytest.mark.parametrize(("resources", "warned"), [(700, []), (701, ["reserved-over-concurrency"])])
def test_all_reservations_count(resources: int, warned: list[str]) -> None:
    """The reservations of all functions together must leave a hundred."""
    reserved = {"authorizer": 100, "resources": resources}
    api = {"throttling_rate_limit_per_s": 10}
    chat = {"reserved_concurrent_executions": 100}
    assert _ids(api=api, chat_function=chat, account={"reserved_concurrency": reserved}) == warned


@pytest.mark.parametrize(("authorizer", "warned"), [(100, []), (99, ["authorizer-under-throttle"])])
def test_the_authorizer_must_keep_up(authorizer: int, warned: list[str]) -> None:
    """The authorizer may run for each request of the largest burst."""
    assert _ids(account={"reserved_concurrency": {"authorizer": authorizer}}) == warned


def test_workers_need_concurrency() -> None:
    """The workers that the jobs need must fit into the quota."""
    jobs, monitoring = {"requests_per_minute": 60_000}, {"lambda_concurrency_quota": 600}
    assert _ids(jobs=jobs, monitoring={**monitoring}) == []
    assert "workers-over-concurrency" in _ids(jobs=jobs, monitoring={"lambda_concurrency_quota": 100})


def test_api_gateways_quota() -> None:
    """A throttle over API Gateway's own quota is warned of."""
    api = {"throttling_rate_limit_per_s": 10_001, "throttling_burst_limit": 10_001}
    assert _ids(api=api, monitoring={"lambda_concurrency_quota": 200_000}) == ["throttle-over-api-gateway"]


def test_synthesis_shows_the_warning(capfd: pytest.CaptureFixture[str]) -> None:
    """`cdk synth` prints the warning, with the page to read."""
    synthesised.__wrapped__("prod")
    printed = "".join(capfd.readouterr())
    assert THROTTLE in printed
    assert "docs/scaling.md" in printed


def test_the_example_is_documented() -> None:
    """docs/scaling.md has the example stream whose length the warning assumes."""
    page = (files.FOLDER.parent / "docs" / "scaling.md").read_text()
    assert f"{quota_warnings._STREAM_S} s as a stream" in page
