"""A phone is only ever made by looking at its text letter by letter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.policy.phone import PAGE_PREFIX, PhoneError, is_page, parse_phone


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("endpoint:ag-1f2e3d4c", "endpoint", "ag-1f2e3d4c"),
        ("sip:wang@192.0.2.7", "sip", "wang@192.0.2.7"),
        ("sip:8001@pbx.example.com:5070", "sip", "8001@pbx.example.com:5070"),
        ("tel:+8613800138000", "tel", "+8613800138000"),
        ("client:wang_1", "client", "wang_1"),
    ],
)
def test_the_four_ways_to_reach_a_phone(text: str, kind: str, address: str) -> None:
    phone = parse_phone(text)
    assert (phone.kind, phone.address, str(phone)) == (kind, address, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wang",
        "endpoint",
        "endpoint:",
        "endpoint:a b",
        "endpoint:-x",
        "endpoint:a/b",
        "endpoint:a&PJSIP/b",
        "endpoint:a\n",
        "endpoint:" + "a" * 65,
        "Endpoint:a",
        "sip:wang",
        "sip:@host",
        "sip:wang@",
        "sip:wang@host:",
        "sip:wang@host:123456",
        "sip:wang@host,30,g",
        "sip:${SHELL(id)}@host",
        "tel:13800138000",
        "tel:+0123456",
        "tel:+86138001380001234",
        "tel:+８６１３８００１３８０００",
        "client:a-b",
        "local:x",
        "SIP/x:y",
    ],
)
def test_anything_else_is_refused_and_the_forms_are_named(text: str) -> None:
    with pytest.raises(PhoneError, match=r"give endpoint:NAME, sip:user@host\[:port\], tel:"):
        parse_phone(text)


@settings(deadline=None)
@given(st.text() | st.from_regex(r"(endpoint|sip|tel|client):.*", fullmatch=True))
def test_no_phone_carries_what_a_dial_string_would_obey(text: str) -> None:
    try:
        phone = parse_phone(text)
    except PhoneError:
        return
    assert str(phone) == text
    assert text.isascii()
    assert not set(text) & set("&,/|^$(){}[]\\\"'<>;=% \t\r\n\0")


@pytest.mark.parametrize(
    ("text", "page"),
    [
        (f"endpoint:{PAGE_PREFIX}1f2e3d4c", True),
        ("endpoint:ag-1f2e3d4c", False),
        (f"client:{PAGE_PREFIX.removesuffix('-')}_1", False),
    ],
)
def test_a_page_is_told_from_a_telephone_by_its_accounts_name(text: str, page: bool) -> None:
    assert is_page(parse_phone(text)) is page
