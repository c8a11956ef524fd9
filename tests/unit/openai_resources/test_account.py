"""The account's list is read page by page, kept for five minutes, and kept longer if AWS fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO

import boto3
import pytest
from botocore.stub import Stubber

from openai_resources.handler import ResourcesState
from openai_resources.models.account import _CONFIG, AccountModels
from openai_resources.models.model_list import ModelList
from openai_resources.settings import ModelsSettings
from tests.unit.openai_resources.aws_lists import MODELS, OSS, PROFILES, SERVED
from tests.unit.openai_resources.resource_calls import NO_STORAGE, Answer, ResourceCalls, event

MINUTE_S = 60.0


class Account:
    """A resources function whose environment has one name, and AWS's lists. `now_s` is its time."""

    def __init__(self, log: StringIO) -> None:
        self.now_s, self.log = 1_800_000_000.0, log
        client = boto3.client(
            "bedrock",
            region_name="us-east-1",
            aws_access_key_id="-",
            aws_secret_access_key="-",
            config=_CONFIG,
        )
        self.aws = Stubber(client)
        self.aws.activate()
        models = AccountModels(client, {}, clock=lambda: self.now_s)
        own = ModelList.of(ModelsSettings(model_names='{"fast":[["x.y"]]}'))._own
        self.call = ResourceCalls(lambda: ResourcesState(ModelList(own, models), NO_STORAGE), log)

    def lists(self, *profile_pages: int) -> None:
        """AWS will answer once; the profiles come in pages of these sizes."""
        self.aws.add_response("list_foundation_models", {"modelSummaries": MODELS}, {})
        left = list(PROFILES)
        for number, size in enumerate(profile_pages):
            page, left = left[:size], left[size:]
            token = {} if number == 0 else {"nextToken": f"page-{number}"}
            more = {"nextToken": f"page-{number + 1}"} if left else {}
            self.aws.add_response(
                "list_inference_profiles",
                {"inferenceProfileSummaries": page, **more},
                {"typeEquals": "SYSTEM_DEFINED", **token},
            )
        assert not left

    def fails(self, code: str = "ThrottlingException") -> None:
        """AWS will refuse the next call, which would list the models."""
        self.aws.add_client_error("list_foundation_models", code, "our secret", 400)

    def listed(self) -> Answer:
        return self.call(event("/v1/models"))

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account(StringIO())
    yield account
    account.aws.assert_no_pending_responses()


@pytest.mark.parametrize("pages", [(6,), (4, 2), (1, 1, 1, 1, 1, 1)])
def test_all_pages_are_read(account: Account, pages: tuple[int, ...]) -> None:
    """The environment's names come first, then what the account lists."""
    account.lists(*pages)
    assert account.listed().ids == ["fast", *SERVED]


def test_the_list_is_kept(account: Account) -> None:
    """AWS is asked once in five minutes, for lists and single models."""
    account.lists(6)
    first = account.listed()
    account.now_s += 4.9 * MINUTE_S
    assert account.listed() == first
    assert account.call(event(f"/v1/models/{OSS}")).body["id"] == OSS
    account.aws.assert_no_pending_responses()
    account.now_s += 0.2 * MINUTE_S
    account.lists(6)
    assert account.listed() == first


def test_an_old_list_is_better_than_none(account: Account) -> None:
    """If AWS fails, the last list is used. The log says why. AWS is asked again after half a minute."""
    account.lists(6)
    first = account.listed()
    account.now_s += 6 * MINUTE_S
    account.fails()
    assert account.listed() == first
    assert account.lines()[-1]["model_list_failure"] == "ThrottlingException"
    account.now_s += 29
    assert account.listed() == first
    account.now_s += 2
    account.lists(6)
    assert account.listed() == first
    assert "model_list_failure" not in account.lines()[-1]


def test_no_list_yet(account: Account) -> None:
    """Without any list the answer is 503, and the next request asks AWS again."""
    account.fails("AccessDeniedException")
    answer = account.listed()
    assert (answer.status, answer.body["error"]["code"]) == (503, "model_list_unavailable")
    (line,) = account.lines()
    assert (line["level"], line["model_list_failure"]) == ("ERROR", "AccessDeniedException")
    assert "secret" not in account.log.getvalue()
    account.lists(6)
    assert account.listed().status == 200


def test_an_answer_without_a_list(account: Account) -> None:
    """It is a failure of AWS, and no empty list that would be kept."""
    account.aws.add_response("list_foundation_models", {}, {})
    assert account.listed().status == 503
    assert account.lines()[-1]["model_list_failure"] == "KeyError"


def test_a_second_page_fails(account: Account) -> None:
    """A list that came only in part is not used."""
    account.aws.add_response("list_foundation_models", {"modelSummaries": MODELS}, {})
    asked = {"typeEquals": "SYSTEM_DEFINED"}
    account.aws.add_client_error("list_inference_profiles", "InternalFailure", "", 500, expected_params=asked)
    assert account.listed().status == 503


def test_a_name_needs_no_list(account: Account) -> None:
    """A model that the environment names is found without AWS."""
    assert account.call(event("/v1/models/fast")).status == 200


def test_a_model_that_the_client_may_not_use(account: Account) -> None:
    """It is refused without AWS."""
    assert account.call(event(f"/v1/models/{OSS}", policy='{"v":1,"models":["other"]}')).status == 404
