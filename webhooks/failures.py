"""What the log tells of a request that failed: where it broke, with numbers masked.

A database that does not answer is told in one line: everybody who rings meanwhile says the same.
"""

import traceback

from ivr.policy.masking import masked
from ivr.service.ports import BookUnavailable


def told_of(error: Exception) -> str:
    if isinstance(error, BookUnavailable):
        return masked(f"BookUnavailable: {error}")
    return masked("".join(traceback.format_exception(error)))
