"""Why a command on clients was not carried out; each message is all that the operator needs."""

from __future__ import annotations


class ClientsError(Exception):
    """A command was not carried out, or not completely."""


class NoSuchClientError(ClientsError):
    """The table has neither an item nor a key of that client."""

    def __init__(self, client_id: str) -> None:
        super().__init__(f"There is no client {client_id}.")


class ClientExistsError(ClientsError):
    """The name of a new client is in use."""

    def __init__(self, client_id: str) -> None:
        super().__init__(f"The client {client_id} exists already.")


class RoleTakenError(ClientsError):
    """The role is a client's already."""

    def __init__(self, role: str, client_id: str) -> None:
        super().__init__(f"Nothing was changed: {role} belongs to the client {client_id}.")


class RoleMissingError(ClientsError):
    """A new client would have neither a key nor a role that anybody may use."""

    def __init__(self) -> None:
        super().__init__(
            "The callers of this environment sign their requests: name the client's IAM role or user with --role-arn."
        )


class ChangedMeanwhileError(ClientsError):
    """The client, or one of its keys, is no longer as it was read."""

    def __init__(self, client_id: str) -> None:
        super().__init__(
            f"Nothing was changed: the client {client_id} was changed by someone else meanwhile. "
            "Run the command again."
        )


class KeysError(ClientsError):
    """The client has too many keys, or none that fits."""


class UnreadableClientError(ClientsError):
    """An item has attributes that this version cannot read."""

    def __init__(self, client_id: str, attributes: tuple[str, ...]) -> None:
        super().__init__(
            f"The client {client_id} has attributes that this version cannot read: {', '.join(attributes)}. "
            "Use the version of chat-gateway that wrote them, or delete the client."
        )


class HasFilesError(ClientsError):
    """The client has files, uploads or batches, and nobody said that they may be deleted. `held` says how many."""

    def __init__(self, client_id: str, held: str) -> None:
        super().__init__(
            f"Nothing was changed: the client {client_id} has {held}. Say --files to delete them, too."
        )


class NotConfirmedError(ClientsError):
    """Nobody can be asked."""

    def __init__(self) -> None:
        super().__init__("Nothing was changed: there is no terminal to ask on. Say --yes to go ahead.")


class NotFlushedError(ClientsError):
    """The change is made, but API Gateway still has its cached answers."""


class NotImportedError(ClientsError):
    """A file was not imported, or not completely."""
