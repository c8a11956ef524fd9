"""What the gateway is compared with. Each file is a function as somebody would deploy it, and imports nothing of ours."""
