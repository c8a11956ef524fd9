"""The proof tries the route of Converse with a model of its own, or says that it did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from guardrail_proof import over_http, proof
from guardrail_proof.over_http import Endpoint
from guardrail_proof.probes import Probe, Prompt
from guardrail_proof.settings import Gateway

GATEWAY = Gateway(
    base_url="https://gateway.test/openai/v1",
    clients_table="clients",
    jobs_queue_url="jobs",
    job_records_table="records",
    model="m",
    canary="canary",
    converse_model="amazon.nova-lite-v1:0",
)
ENDPOINT = Endpoint(base_url=GATEWAY.base_url, api_key="key", model="m", canary="canary")


def test_each_prompt_whole_and_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each probe asks Converse's model once."""
    asked: list[tuple[str, int]] = []

    def ask(endpoint: Endpoint, prompts: Iterable[Prompt], *, streams: bool, route: str) -> Iterator[Probe]:
        asked.append((endpoint.model, endpoint.attempts))
        yield from (Probe(f"{prompt.name}, {streams}{route}", None) for prompt in prompts)

    monkeypatch.setattr(over_http, "ask", ask)
    names = [probe.name for probe in proof._of_converse(GATEWAY, ENDPOINT)]
    assert len(set(names)) == 6
    assert all(name.endswith(", by Converse") for name in names)
    assert asked == [("amazon.nova-lite-v1:0", 1)] * 6


def test_without_a_model_it_says_so() -> None:
    (probe,) = proof._of_converse(GATEWAY._replace(converse_model=None), ENDPOINT)
    assert (probe.says, probe.not_shown is not None) == (None, True)
