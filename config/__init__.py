"""Settings, policy numbers, prompts and Asterisk files: what an installation may change."""
