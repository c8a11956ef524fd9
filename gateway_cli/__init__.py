"""The operator's commands for a deployed environment: `python -m gateway_cli --help`."""
