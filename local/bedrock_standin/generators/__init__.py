"""How words are generated: from a chat body in OpenAI's form to OpenAI's choices and usage."""
