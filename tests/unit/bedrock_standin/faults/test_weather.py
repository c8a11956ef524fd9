"""Random faults for calls that did not ask for faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.bedrock_standin.refusals import ConnectionDroppedError

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.conftest import Ask

THROTTLED, DROPPED = {"status": 429, "retry_after": 1}, {"drop": "after_generating"}
CUT = {"cut_after_events": 1}
OSS, QWEN = "openai.gpt-oss-20b-1:0", "qwen.qwen3-32b-v1:0"


def change(
    client: TestClient, share: float, *faults: dict[str, Any], seed: int = 7, model: str | None = None
) -> None:
    forecast = {"share": share, "seed": seed, "faults": list(faults), "model": model}
    assert client.put("/_standin/weather", json=forecast).status_code == 200


def counters(client: TestClient) -> dict[str, Any]:
    read: dict[str, Any] = client.get("/_standin/counters").json()
    return read


def outcomes(ask: Ask, count: int) -> list[int]:
    """The statuses; 0 for a dropped connection."""

    def outcome() -> int:
        try:
            return ask().status_code
        except ConnectionDroppedError:
            return 0

    return [outcome() for _ in range(count)]


def test_share_of_calls_gets_faults(ask: Ask, client: TestClient) -> None:
    """About the given share of calls gets a fault, and each fault is counted by its kind."""
    change(client, 0.2, THROTTLED, DROPPED)
    statuses = outcomes(ask, 200)
    struck = {"status=429 retry_after=1": statuses.count(429), "drop=after_generating": statuses.count(0)}
    read = counters(client)
    assert read["by_weather"] == struck
    assert min(struck.values()) > 5
    assert 20 < sum(struck.values()) < 60
    assert read["generations"] == statuses.count(200) + statuses.count(0)
    assert read["generations_dropped"] == statuses.count(0)


def test_the_same_seed_draws_the_same_and_another_seed_others(ask: Ask, client: TestClient) -> None:
    drawn = []
    for seed in (1, 1, 2):
        change(client, 0.5, THROTTLED, DROPPED, seed=seed)
        drawn.append(outcomes(ask, 30))
    assert drawn[0] == drawn[1] != drawn[2]


def test_it_ends_when_the_share_is_nothing_and_not_before(ask: Ask, client: TestClient) -> None:
    change(client, 1, THROTTLED)
    client.post("/_standin/counters/reset")
    assert (outcomes(ask, 1), counters(client)["by_weather"]) == ([429], {"status=429 retry_after=1": 1})
    change(client, 0)
    client.post("/_standin/counters/reset")
    assert (outcomes(ask, 1), counters(client)["by_weather"]) == ([200], {})


def test_what_only_a_stream_can_have_strikes_streams_only(ask: Ask, client: TestClient) -> None:
    change(client, 1, CUT)
    assert outcomes(ask, 3) == [200, 200, 200]
    with pytest.raises(ConnectionDroppedError):
        ask(stream=True)
    assert counters(client)["by_weather"] == {"cut_after_events=1": 1}


def test_a_call_that_asks_for_a_fault_gets_that_one(ask: Ask, client: TestClient) -> None:
    change(client, 1, THROTTLED)
    assert ask(standin_fault={"status": 500}).status_code == 500
    assert counters(client)["by_weather"] == {}


def test_the_key_is_checked_in_any_weather(ask: Ask, client: TestClient) -> None:
    change(client, 1, THROTTLED)
    assert ask(headers={"authorization": "Bearer wrong"}).status_code == 403


def test_weather_of_one_model(ask: Ask, client: TestClient) -> None:
    """Each request of the model fails until its share is nothing, and other models' requests do not."""
    change(client, 1, THROTTLED, model=OSS)
    assert [ask(model=model).status_code for model in (OSS, QWEN, OSS)] == [429, 200, 429]
    assert counters(client)["by_weather"] == {f"{OSS} status=429 retry_after=1": 2}
    change(client, 0, model=OSS)
    assert ask(model=OSS).status_code == 200


def test_weather_of_a_model_comes_first(ask: Ask, client: TestClient) -> None:
    """A model has its own faults beside those of all requests."""
    change(client, 1, {"status": 503})
    change(client, 1, THROTTLED, model=OSS)
    assert [ask(model=model).status_code for model in (OSS, QWEN)] == [429, 503]


@pytest.mark.parametrize("model", [["a"], 1, None])
def test_weather_of_a_model_and_no_model(ask: Ask, client: TestClient, model: object) -> None:
    """A request whose model is no text is refused as before."""
    change(client, 1, THROTTLED, model=OSS)
    assert ask(model=model).status_code == 400


@pytest.mark.parametrize(
    "forecast",
    [
        {},
        {"share": 0.2, "faults": [THROTTLED], "model": ""},
        {"share": 0.2},
        {"share": 1.1, "faults": [THROTTLED]},
        {"share": "0.2", "faults": [THROTTLED]},
        {"share": 0.2, "faults": [{"status": 99}]},
        {"share": 0.2, "faults": [{**THROTTLED, "times": 1, "id": "a"}]},
        {"share": 0.2, "faults": [THROTTLED], "other": 1},
    ],
)
def test_an_ill_formed_forecast_is_400_and_changes_nothing(
    ask: Ask, client: TestClient, forecast: dict[str, Any]
) -> None:
    assert client.put("/_standin/weather", json=forecast).status_code == 400
    assert outcomes(ask, 5) == [200] * 5
