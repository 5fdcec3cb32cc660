"""The AGI door of one installation, put together: the same for the FastAGI server and for a classic AGI process."""

from agi_scripts.door import Door
from config.prompt_pack import PromptPack
from config.settings import Settings
from ivr.bootstrap import spool
from ivr.policy.rules import Rules
from ivr.service.ports import Clock
from ivr.service.switchboard import Switchboard


def own_door(settings: Settings, switchboard: Switchboard, rules: Rules, clock: Clock) -> Door:
    """The door with this installation's prompts and outbound trunk."""
    return Door(
        switchboard=switchboard,
        clock=clock,
        rules=rules,
        prompts=PromptPack(settings.root / "config" / "prompts", settings.data_dir / "custom", "zh_CN"),
        outbound_trunk=settings.outbound_trunk,
        spool=spool(settings),
    )
