"""The pure policy of the hotline.

Rule 1: whatever decides something about a call lives here. Rule 2: nothing here knows which door a call came
through, what time it is, or that a database exists: frozen values in, frozen values out.
"""
