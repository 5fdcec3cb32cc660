"""The command `hotline` and the supervisor of its processes."""
