"""Revisions, oldest first by their number; one that was released is never changed."""
