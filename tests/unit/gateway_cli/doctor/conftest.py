"""AWS as the checks of `doctor` see it."""

from __future__ import annotations

import pytest

from tests.unit.gateway_cli.doctor.stubbed_aws import StubbedAws


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> StubbedAws:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return StubbedAws()
