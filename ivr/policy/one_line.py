"""Text from outside as it may be stored and shown: one line, printable, of bounded length."""


def one_line(text: str, most: int) -> str:
    """Without control characters, line breaks and what turns text around (NUL, which PostgreSQL refuses, too)."""
    return "".join(letter for letter in text if letter.isprintable())[:most].strip()
