"""Response streaming for plain Python handlers on AWS Lambda; README.md says how to use it.

A handler returns a StreamingResponse, and `AWS_LAMBDA_EXEC_WRAPPER` names this package's `start`.

    StreamingResponse    status, headers and an iterator of bytes
    StreamError          raised by that iterator: another response, or a last chunk and an error to Lambda
    buffered_elsewhere   decorates a handler that other runtimes invoke too
    until_sent           the same, and the handler returns only when the response has been sent
    LambdaContext        the context that a handler gets
    ALARM                calls functions at given times, on one daemon thread for the whole process
    Alarm                ALARM's class
    Cancel               a scheduled call, which can be cancelled
"""

from response_streaming.alarm import ALARM, Alarm, Cancel
from response_streaming.context import LambdaContext
from response_streaming.elsewhere import buffered_elsewhere, until_sent
from response_streaming.responses import StreamError, StreamingResponse

__all__ = [
    "ALARM",
    "Alarm",
    "Cancel",
    "LambdaContext",
    "StreamError",
    "StreamingResponse",
    "buffered_elsewhere",
    "until_sent",
]
