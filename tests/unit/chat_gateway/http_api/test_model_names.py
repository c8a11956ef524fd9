"""A request by a model name: its log line, header, price and record are those of the target that answered."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import httpx
import pytest

from chat_gateway.completions.completions import Completions
from chat_gateway.model_names import wiring
from chat_gateway.model_names.named_completions import NamedCompletions
from chat_gateway.model_names.settings import Target, names_to_text
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.http_api.conftest import NewGateway
from tests.unit.chat_gateway.http_api.limited_calls import LimitedGateway
from tests.unit.chat_gateway.lambda_calls import AWS as AWS_VARIABLES
from tests.unit.chat_gateway.model_names.named_calls import AWS, Answer, Bedrock, answered
from tests.unit.chat_gateway.upstream_settings import UPSTREAM

CHEAP, DEAR, UNPRICED = "openai.gpt-oss-20b-1:0", "openai.gpt-oss-120b-1:0", "openai.no-price-1:0"
BY_NAME = {**VALID, "model": "fast"}
USAGE = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}


def throttled(_: httpx.Request) -> httpx.Response:
    headers = {"x-amzn-requestid": "bedrock-1"}
    return httpx.Response(429, json={"error": {"message": "the purple elephant"}}, headers=headers)


def with_usage(model: str) -> httpx.Response:
    document = answered(model).json() | {"usage": USAGE}
    return httpx.Response(200, json=document, headers={"x-amzn-requestid": "bedrock-2"})


def fast(*models: str) -> Any:
    """Gives completions the name `fast` for these targets."""
    text = names_to_text({"fast": tuple(map(Target, models))})

    def named(completions: Completions) -> NamedCompletions:
        return wiring.named(completions, text, None, AWS, names_only=False)

    return named


def gateway(limited: NewGateway, bedrock: Bedrock, *models: str, **settings: Any) -> LimitedGateway:
    return limited(bedrock, named=fast(*models), **settings)


def test_the_log_line(limited: NewGateway) -> None:
    """The line has the name, the target that answered, and why the others did not, without Bedrock's text."""
    made = gateway(limited, Bedrock({CHEAP: [throttled], DEAR: [with_usage(DEAR)]}), CHEAP, DEAR)
    status, _, headers = made.answer(BY_NAME)
    line = made.logged()
    assert (status, line["model"], line["target_model"]) == (200, "fast", DEAR)
    assert line["failed_targets"] == [
        {
            "model": CHEAP,
            "status": 429,
            "error_class": "UpstreamError",
            "error_code": "rate_limit_exceeded",
            "bedrock_request_id": "bedrock-1",
        }
    ]
    assert (line["bedrock_request_id"], line["upstream_attempts"]) == ("bedrock-2", 2)
    assert "elephant" not in made.log.getvalue()
    assert "x-gateway-model" not in headers


def test_a_request_by_id(limited: NewGateway) -> None:
    """A request by a model's id has none of these fields."""
    made = gateway(limited, Bedrock(), CHEAP)
    assert made.answer()[0] == 200
    assert not {"target_model", "failed_targets", "target_region"} & made.logged().keys()


def test_no_names_import_nothing() -> None:
    """An environment without names loads no module of theirs before its first request, and none with an answer by id."""
    code = """
import json, sys
from chat_gateway.bedrock.client import Completion
from chat_gateway.completions import presentation, stream
from chat_gateway.http_api import handler
assert handler.startup.state.completions
document = {"model": "a.b", "choices": []}
completion = Completion(json.dumps(document), document, None)
presentation.presented(completion, keep_trace=True, separates_reasoning=False)
event = b"data: " + json.dumps(document).encode() + b"\\n\\ndata: [DONE]\\n\\n"
assert list(stream.ChatStream([event], stream.StreamRules(), bedrock_request_id=None).relay())
print(*sys.modules)
"""
    env = {**UPSTREAM, **AWS_VARIABLES, "PYTHONPATH": "lambda_src:response-streaming/src"}
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env)
    loaded = run.stdout.split()
    assert "chat_gateway.completions.presentation" in loaded
    named = ("chat_gateway.model_names", "chat_gateway.completions.shown_model", "openai_resources")
    assert not [module for module in loaded if module.startswith(named)]


@pytest.mark.parametrize(("model", "shown"), [("fast", DEAR), (CHEAP, CHEAP)])
def test_the_header(limited: NewGateway, model: str, shown: str) -> None:
    """By a setting, an answer says which model answered."""
    made = gateway(limited, Bedrock(), DEAR, shows_target=True)
    assert made.answer({**VALID, "model": model})[2]["x-gateway-model"] == shown


@pytest.mark.parametrize("served", [CHEAP, DEAR])
def test_price_and_record(limited: NewGateway, served: str) -> None:
    """The client pays the price of the target that answered, and its usage stands under that target's id."""
    failing = CHEAP if served == DEAR else DEAR
    bedrock = Bedrock({served: [with_usage(served)], failing: [throttled]})
    made = gateway(limited, bedrock, CHEAP, DEAR)
    made.limit(monthly_budget_cents=100)
    made.answer(BY_NAME)
    by_name = made.logged()["cost_usd"]
    made.answer({**VALID, "model": served})
    assert by_name == made.logged()["cost_usd"] > 0
    assert made.used()[served]["requests"] == 2


def test_a_target_without_a_price(limited: NewGateway) -> None:
    """A client with a budget may not use a name of which one target has no price: nothing is sent."""
    made = gateway(limited, Bedrock(), CHEAP, UNPRICED)
    made.limit(monthly_budget_cents=100)
    assert made.answer(BY_NAME)[1] == "model_without_price"
    assert made.asked == []


@pytest.mark.parametrize(
    ("globs", "status"), [(["fast"], 200), (["f*"], 200), ([CHEAP], 403), (["openai.*"], 403)]
)
def test_the_clients_models(limited: NewGateway, globs: list[str], status: int) -> None:
    """A client's globs match the name that it sends, and not the target."""
    made = gateway(limited, Bedrock(), CHEAP)
    made.limit(models=tuple(globs))
    assert made.answer(BY_NAME)[0] == status
    assert len(made.asked) == (status == 200)


def refuses_usage(model: str) -> Answer:
    """Bedrock's answer for a model that does not take `stream_options`."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "stream_options" in json.loads(request.content):
            return httpx.Response(400, json={"message": "stream_options is not supported"})
        chunk = {"model": model, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        events = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
        return httpx.Response(200, content=events, headers={"content-type": "text/event-stream"})

    return answer


def test_a_target_that_refuses_to_count(limited: NewGateway) -> None:
    """A stream's target that refuses the usage option is asked without it, and from the next request on at once.

    The log line has the targets of both requests to Bedrock.
    """
    bedrock = Bedrock({CHEAP: [throttled], DEAR: [refuses_usage(DEAR)]})
    made = gateway(limited, bedrock, CHEAP, DEAR, count_stream_tokens=True)
    streaming = {**BY_NAME, "stream": True}
    assert made.answer(streaming)[0] == 200
    assert bedrock.asked == [CHEAP, DEAR, DEAR]
    line = made.logged()
    assert line["target_model"] == DEAR
    assert [(entry["model"], entry.get("status")) for entry in line["failed_targets"]] == [
        (CHEAP, 429),
        (DEAR, 400),
        (CHEAP, None),
    ]
    assert made.answer(streaming)[0] == 200
    assert bedrock.asked == [CHEAP, DEAR, DEAR, DEAR]
