"""`python -m … FILE_LIMIT_BYTES RESULTS jobs-arguments…`: a jobs command with a limit on the size of files.

RESULTS is a file of lines for the results queue. Prints the command's output and the contents of the queues, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner

from gateway_cli import stack_outputs
from gateway_cli.command import cli
from gateway_cli.jobs import aws_clients
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs
from tests.unit.gateway_cli.outputs import OUTPUTS


def main() -> None:
    """Runs the command, and prints its outcome."""
    limit_bytes, results, *arguments = sys.argv[1:]
    sqs = FakeSqs()
    for line in Path(results).read_text().splitlines():
        sqs.put("results", line)
    with (
        patch.object(stack_outputs, "read", lambda *_: OUTPUTS),
        patch.object(aws_clients, "sqs", lambda *_, **__: sqs),
        patch.object(aws_clients, "s3", lambda *_, **__: None),
    ):
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit_bytes), most))
        done = CliRunner().invoke(cli, ["jobs", *arguments, "--env", "dev"])
    said = {
        "exit_code": done.exit_code,
        "stdout": done.stdout,
        "stderr": done.stderr,
        "jobs": sqs.bodies("jobs"),
        "results": sqs.bodies("results"),
        "visible": len(sqs.visible("results")),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
