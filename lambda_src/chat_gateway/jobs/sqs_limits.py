"""SQS's limits, for the worker and for the stack that creates its queues."""

from __future__ import annotations

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MAX_ENTRIES = 10
MAX_MESSAGE_BYTES = 1_048_576  # of one message, and of a whole batch

# Counted from the receipt of a message:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
MAX_VISIBILITY_S = 43_200
# A worker may have used up to 15 min before it puts a job back.
MAX_HIDDEN_S = MAX_VISIBILITY_S - 900
