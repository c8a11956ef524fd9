"""The three ways in which the gateway asks Bedrock."""

from enum import Enum


class Way(Enum):
    """How a chat completion is asked for."""

    WHOLE = "whole"
    STREAM = "stream"
    JOB = "job"


ALL = (Way.WHOLE, Way.STREAM, Way.JOB)
NOT_STREAMED = (Way.WHOLE, Way.JOB)
STREAMED = (Way.STREAM,)
