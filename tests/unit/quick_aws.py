"""A quick start of boto3 and moto."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import botocore.session
import moto.core.models
import pytest


@pytest.fixture(scope="session", autouse=True)
def quick_start_of_aws() -> Iterator[None]:
    """A client or a mock of AWS otherwise takes 100 ms, which is longer than most tests.

    Each boto3 session would read the models of the services again. moto would prepare `requests`, which boto3 does not use.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        patch.setattr(moto.core.models, "RESPONSES_METHODS", [])
        yield
