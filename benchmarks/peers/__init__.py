"""The functions to compare with. Each file is a complete Lambda function without imports from this project."""
