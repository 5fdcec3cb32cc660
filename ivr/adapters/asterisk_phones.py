"""A phone in Asterisk's words: what Dial is told. Only parsed phones get here, so no text is spliced unseen."""

from ivr.policy.phone import Phone


def dial_string(phone: Phone, outbound_trunk: str | None) -> str | None:
    """Dial's argument, or None where this installation has no way to that phone.

    `outbound_trunk` is `sip:host:port` or the name of a trunk of our configuration.
    """
    match phone.kind:
        case "endpoint":
            return f"PJSIP/{phone.address}"
        case "sip":
            return f"PJSIP/hl-direct/sip:{phone.address}"
        case "tel" if outbound_trunk is not None:
            host = outbound_trunk.removeprefix("sip:")
            if host == outbound_trunk:
                return f"PJSIP/{phone.address}@{outbound_trunk}"
            return f"PJSIP/hl-out/sip:{phone.address}@{host}"
        case _:
            return None
