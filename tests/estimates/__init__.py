"""The wait estimate against its rivals on the same seeded traces of callers, agents and patience."""
