"""The AGI door: dialplan entries, the FastAGI server and the wrapped pyst2."""
