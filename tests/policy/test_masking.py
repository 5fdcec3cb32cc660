import pytest

from ivr.policy.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("from 13800138000 to 4001", "from 138******00 to 4001"),
        ("+8613800138000;1234567", "+861********00;123**67"),
        ("call 1764000000.42", "call 176*****00.42"),
        ("123456", "123456"),
        ("", ""),
    ],
)
def test_a_number_is_never_shown_whole(text: str, shown: str) -> None:
    assert masked(text) == shown
