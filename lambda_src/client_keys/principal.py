"""The IAM role or user behind a signed request, in the one form that the clients table knows.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import re

# The ARN of a session has the role's name, but neither its path nor its id. A name is unique in its account.
_NAME = r"[A-Za-z0-9+=,.@_-]{1,64}"
_START = r"arn:(aws[a-z-]{0,20}):"
_IAM = re.compile(
    _START + r"iam::([0-9]{12}):(role|user)/(?:[!-.0-~]{1,128}/){0,32}(" + _NAME + ")", re.ASCII
)
_SESSION = re.compile(
    _START + r"sts::([0-9]{12}):assumed-role/(" + _NAME + r")/[A-Za-z0-9+=,.@_-]{1,64}", re.ASCII
)
_MAX_CHARACTERS = 2048


class NoPrincipalError(ValueError):
    """The ARN is not that of an IAM role, of a role's session or of an IAM user."""

    def __init__(self) -> None:
        super().__init__("the ARN must be that of an IAM role, of a role's session, or of an IAM user")


def of_arn(arn: object) -> str:
    """`arn:aws:iam::ACCOUNT:role/NAME` or `…:user/NAME`, without a path, of a role, a role's session or a user.

    Raises NoPrincipalError for the root user and for federated users, too: whoever asks STS for a federated user chooses
    its name.
    """
    if not isinstance(arn, str) or len(arn) > _MAX_CHARACTERS:
        raise NoPrincipalError
    if session := _SESSION.fullmatch(arn):
        partition, account, name = session.groups()
        return f"arn:{partition}:iam::{account}:role/{name}"
    if not (found := _IAM.fullmatch(arn)):
        raise NoPrincipalError
    partition, account, kind, name = found.groups()
    return f"arn:{partition}:iam::{account}:{kind}/{name}"
