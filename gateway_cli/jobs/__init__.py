"""The jobs commands: submit OpenAI batch files to a deployed environment, and collect the results."""
