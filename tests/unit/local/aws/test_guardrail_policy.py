"""The parts of a guardrail's policy that a demonstration uses."""

from __future__ import annotations

from typing import Any

import pytest

from local.aws import guardrail_policy
from local.aws.guardrail_policy import GuardrailPolicy
from local.demonstration import checks, demo


def words(*entries: dict[str, Any]) -> GuardrailPolicy:
    """A policy with these words."""
    return GuardrailPolicy({"blockedInputMessaging": "No.", "wordPolicyConfig": {"wordsConfig": [*entries]}})


def entities(*entries: dict[str, Any]) -> GuardrailPolicy:
    """A policy with these kinds of personal data."""
    config = {"piiEntitiesConfig": [*entries]}
    return GuardrailPolicy({"blockedInputMessaging": "No.", "sensitiveInformationPolicyConfig": config})


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        (words({"text": "first"}, {"text": "second"}), "first"),
        (words({"text": "first", "inputEnabled": False}, {"text": "second"}), "second"),
        (
            words({"text": "first", "inputAction": "NONE"}, {"text": "second", "inputAction": "BLOCK"}),
            "second",
        ),
        (words(), None),
        (GuardrailPolicy({"wordPolicyConfig": {"managedWordListsConfig": []}}), None),
        (GuardrailPolicy({}), None),
    ],
)
def test_blocked_word(policy: GuardrailPolicy, word: str | None) -> None:
    """The blocked word is the first word that a prompt must not contain."""
    assert policy.blocked_word == word


@pytest.mark.parametrize(
    ("policy", "masks"),
    [
        (entities({"type": "EMAIL", "action": "ANONYMIZE"}), True),
        (entities({"type": "EMAIL", "action": "BLOCK"}), False),
        (entities({"type": "EMAIL", "action": "ANONYMIZE", "inputAction": "NONE"}), False),
        (entities({"type": "EMAIL", "action": "BLOCK", "inputAction": "ANONYMIZE"}), True),
        (entities({"type": "EMAIL", "action": "ANONYMIZE", "inputEnabled": False}), False),
        (entities({"type": "PHONE", "action": "ANONYMIZE"}), False),
        (GuardrailPolicy({}), False),
    ],
)
def test_masks_email(policy: GuardrailPolicy, masks: bool) -> None:
    """Masking is shown only if the policy masks an address in a prompt."""
    assert policy.masks_email is masks


def test_parts_that_the_emulator_ignores() -> None:
    """Parts that the emulator ignores are named as in CreateGuardrail."""
    document = {
        "blockedInputMessaging": "No.",
        "contentPolicyConfig": {"tierConfig": {}, "filtersConfig": []},
        "wordPolicyConfig": {"wordsConfig": [], "managedWordListsConfig": []},
        "sensitiveInformationPolicyConfig": {"piiEntitiesConfig": [], "regexesConfig": []},
    }
    assert list(GuardrailPolicy(document).not_evaluated()) == [
        "contentPolicyConfig.filtersConfig",
        "contentPolicyConfig.tierConfig",
        "wordPolicyConfig.managedWordListsConfig",
    ]
    assert list(guardrail_policy.LOCAL.not_evaluated()) == []


def test_only_what_the_policy_does_is_shown() -> None:
    """If a policy blocks no word, no blocked prompt is shown; everything else is."""
    shown = [check for _, check in checks.demonstration(words())]
    assert demo.answered_and_logged in shown
    assert demo.blocked not in shown
    assert demo.anonymised not in shown
    assert {demo.blocked, demo.anonymised} < {check for _, check in checks.everything(guardrail_policy.LOCAL)}
