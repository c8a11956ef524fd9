"""Click callbacks for file parameters. An unusable file is an error in the command line."""

from __future__ import annotations

from pathlib import Path

import click

from gateway_cli.jobs import regular_files


def regular(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """The path, if it is a regular file or does not exist. Raises click.BadParameter."""
    if path is not None and regular_files.is_other(path):
        raise click.BadParameter(f"File {str(path)!r} is not a regular file.", context, parameter)
    return path


def written(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """The same for an output file. It must not be the file that standard output or standard error goes to."""
    path = regular(context, parameter, path)
    if path is not None and regular_files.is_standard_stream(path):
        raise click.BadParameter(
            f"File {str(path)!r} is where standard output or standard error goes.", context, parameter
        )
    return path
