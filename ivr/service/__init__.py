"""Use cases: load, decide, write, hand on. Knows ports, not libraries."""
