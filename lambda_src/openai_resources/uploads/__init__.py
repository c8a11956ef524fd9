"""Uploads of files in parts: https://platform.openai.com/docs/api-reference/uploads"""
