"""Callbacks of parameters that name files: what cannot be used as one is a wrong command line."""

from __future__ import annotations

from pathlib import Path

import click

from gateway_cli.jobs import regular_files


def regular(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """The path, where a regular file is there or nothing is."""
    if path is not None and regular_files.is_other(path):
        raise click.BadParameter(f"File {str(path)!r} is no regular file.", context, parameter)
    return path


def written(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """The same for a file that is written to, which what is said on the screen must not overwrite."""
    path = regular(context, parameter, path)
    if path is not None and regular_files.is_standard_stream(path):
        raise click.BadParameter(
            f"File {str(path)!r} is where standard output or standard error goes.", context, parameter
        )
    return path
