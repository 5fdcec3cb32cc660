"""One telephone that calls for real: sipp, started, given orders and read."""
