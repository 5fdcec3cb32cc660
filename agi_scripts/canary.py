"""Entry `canary`: asked once a second by whoever keeps this server running; answered from memory alone.

It proves that bursts are accepted, read and answered; a slow database must not get the server killed.
"""

from agi_scripts.session import AgiSession


def main(agi: AgiSession) -> None:
    """The sentinel, as every burst."""
    agi.set_variables({"HL_DONE": "canary"})
