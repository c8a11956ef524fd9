"""Files: https://platform.openai.com/docs/api-reference/files"""
