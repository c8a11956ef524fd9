"""The ids that can be traced, and the filter patterns that find them in CloudWatch Logs."""

from __future__ import annotations

import re

from resource_items import ids as resource_ids

# Ids of API Gateway, Bedrock, Lambda, jobs and batches, and what the log shows of a caller's own ids. No quote and no
# backslash, so that an id cannot end the quoted term of a pattern.
_ID = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9_.:=/+-]{3,200}")
FORM_IN_WORDS = "3 to 200 letters, digits and _ . : = / + -"
_JOB = "batch_req_"
# The keys that the worker accepts, and those of a batch's lines.
_JOB_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}(?:\.[1-9][0-9]{0,9})?")


def checked(text: str) -> str:
    """The id without spaces around it. Raises ValueError for a text that cannot be an id."""
    id_ = text.strip()
    if not is_id(id_):
        raise ValueError(f"an id has {FORM_IN_WORDS}")
    return id_


def is_id(text: str) -> bool:
    """Whether the text can be an id."""
    return _ID.fullmatch(text) is not None


def pattern(id_: str) -> str:
    """The filter pattern for events that contain the id.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    return f'"{checked(id_)}"'


def is_batch(id_: str) -> bool:
    """Whether the id is a batch's, and not a job's."""
    return id_.startswith(resource_ids.BATCH) and not id_.startswith(_JOB) and resource_ids.is_id(id_)


def job_key(id_: str) -> str | None:
    """The key of the job that the id may name: a job's id, or a job's key itself. None for other ids."""
    key = id_.removeprefix(_JOB)
    return None if is_batch(id_) or not _JOB_KEY.fullmatch(key) else key


def job_id(key: str) -> str:
    """The id of a job in the log and in its result."""
    return f"{_JOB}{key}"
