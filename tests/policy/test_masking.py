import pytest

from ivr.policy.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("from 13800138000 to 4001", "from 138******00 to 4001"),
        ("+8613800138000;1234567", "+861********00;123**67"),
        ("call 1764000000.42", "call 176*****00.42"),
        ("123456", "123456"),
        ("138-0013-8000, (010) 6255 2233", "138-****-**00, (010) **** **33"),
        ("on 2026-11-23 at 18:07:12", "on 2026-11-23 at 18:07:12"),
        ("ag-12345678 on PJSIP/hl-trunk-00000012", "ag-12345678 on PJSIP/hl-trunk-00000012"),
        ("ag-13800138000, 00001234567", "ag-138******00, 000******67"),
        ("", ""),
    ],
)
def test_a_number_is_never_shown_whole(text: str, shown: str) -> None:
    assert masked(text) == shown
