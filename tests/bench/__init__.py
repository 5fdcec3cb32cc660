"""Benchmarks: ratios between variants measured side by side in one run on one machine. Never a test."""
