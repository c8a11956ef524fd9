"""The ARN of a role, of its session or of a user becomes the one form that the clients table knows."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_keys import key as client_key
from client_keys import principal
from client_keys.principal import NoPrincipalError

ROLE = "arn:aws:iam::123456789012:role/Caller"


@pytest.mark.parametrize(
    ("arn", "becomes"),
    [
        (ROLE, ROLE),
        ("arn:aws:iam::123456789012:role/a/path/Caller", ROLE),
        ("arn:aws:sts::123456789012:assumed-role/Caller/a-session@example.com", ROLE),
        (
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Dev_0123456789abcdef",
            "arn:aws:iam::123456789012:role/AWSReservedSSO_Dev_0123456789abcdef",
        ),
        ("arn:aws:iam::123456789012:user/division/ada", "arn:aws:iam::123456789012:user/ada"),
        ("arn:aws-cn:sts::123456789012:assumed-role/R/s1", "arn:aws-cn:iam::123456789012:role/R"),
        ("arn:aws-us-gov:iam::123456789012:role/R", "arn:aws-us-gov:iam::123456789012:role/R"),
        ("arn:aws-eusc:sts::210987654321:assumed-role/R/s1", "arn:aws-eusc:iam::210987654321:role/R"),
        ("arn:aws:sts::123456789012:assumed-role/a+=,.@_-b/s", "arn:aws:iam::123456789012:role/a+=,.@_-b"),
    ],
)
def test_one_form(arn: str, becomes: str) -> None:
    """Paths and sessions are left out; partitions and accounts stay."""
    assert principal.of_arn(arn) == becomes


@pytest.mark.parametrize(
    "arn",
    [
        None,
        7,
        "",
        "*",
        "arn:aws:iam::123456789012:root",
        "arn:aws:sts::123456789012:federated-user/Caller",
        "arn:aws:sts::123456789012:assumed-role/Caller",
        "arn:aws:sts::123456789012:assumed-role/Caller/",
        "arn:aws:sts::123456789012:assumed-role/a/Caller/session",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:role/Caller\n",
        "arn:aws:iam::123456789012:role/Call*",
        "arn:aws:iam::12345678901:role/Caller",
        "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/Caller",
        "arn:evil:iam::123456789012:role/Caller",
        "arn:aws:iam::123456789012:instance-profile/Caller",
        "AROAEXAMPLE:session",
        f"arn:aws:iam::123456789012:role/{'a/' * 2000}Caller",
    ],
)
def test_others_are_refused(arn: object) -> None:
    """The root user, federated users, wildcards and everything else are nobody's ARN."""
    with pytest.raises(NoPrincipalError):
        principal.of_arn(arn)


@given(st.text() | st.from_regex(r"arn:aws:(iam|sts)::[0-9]{12}:[a-z-]+/.{0,80}", fullmatch=True))
def test_any_text(text: str) -> None:
    """Any text is refused, or becomes a form that stays what it is and is no client's key."""
    with contextlib.suppress(NoPrincipalError):
        found = principal.of_arn(text)
        assert principal.of_arn(found) == found
        assert not client_key.is_well_formed(found)
