"""What the dialplan does more where calls are recorded. With `record_calls` off it is not in the dialplan at all.

Nobody's words are recorded before both sides have heard the notice; the greeting comes before it (R65).
"""

import wave
from pathlib import Path

from config.prompt_pack import PromptPack
from config.settings import Settings
from ivr.policy.prompts import Prompt
from ivr.policy.rules import Rules

_NAMES = (
    "NOTICE",
    "GREETING_AND_NOTICE",
    "AND_NOTICE",
    "PICKED_UP_FOR_NOTICE",
    "RECORD_CALL",
    "RECORD_CALLBACK",
    "GO_ON_RECORDING",
)
# The notice is heard before anybody speaks, but the telephone was picked up when it began: that moment is told too.
_PICKED_UP = """\
 same => n,GotoIf($["${MASTER_CHANNEL(HL_GREETED)}" != ""]?picked)
 same => n,Set(MASTER_CHANNEL(HL_GREETED)=${MASTER_CHANNEL(CDR(answer,u))})
 same => n,UserEvent(HotlineGreeted,Ref: ${CHANNEL(linkedid)},At: ${MASTER_CHANNEL(HL_GREETED)})
 same => n(picked),NoOp()
"""


def recording_values(settings: Settings, rules: Rules) -> dict[str, str]:
    """The dialplan's placeholders; empty where nothing is recorded."""
    if not rules.record_calls:
        return dict.fromkeys(_NAMES, "")
    directory, said = settings.recordings_dir, _sound(settings, Prompt.RECORDING_NOTICE)
    both = _joined(settings, rules.greeting, Prompt.RECORDING_NOTICE)
    return {
        "NOTICE": notice(settings, rules),
        "GREETING_AND_NOTICE": f"aA({both}:{both})",
        "AND_NOTICE": f"&{said}",
        "PICKED_UP_FOR_NOTICE": _PICKED_UP,
        "RECORD_CALL": _mix(directory, "call-${FILTER(0-9.,${CHANNEL(linkedid)})}"),
        "RECORD_CALLBACK": _mix(directory, "callback-${FILTER(-0-9a-fn,${HL_ATTEMPT})}"),
        "GO_ON_RECORDING": "U(hl-page-goes-on)",
    }


def notice(settings: Settings, rules: Rules) -> str:
    """What is added to the options of a Dial, for a caller who has been greeted."""
    if not rules.record_calls:
        return ""
    said = _sound(settings, Prompt.RECORDING_NOTICE)
    return f"A({said}:{said})"


def _mix(directory: Path, name: str) -> str:
    """A file of its own for each leg: a talk that goes on after its page came back has two.

    Without the file .room the disk has none, and the talk goes on unrecorded.
    """
    file = f"{directory}/{name}-${{STRFTIME(,,%s.%3q)}}.wav"
    return f' same => n,ExecIf($["${{STAT(e,{directory}/.room)}}" = "1"]?MixMonitor({file}))\n'


def _sound(settings: Settings, prompt: str) -> str:
    return str(_pack(settings).path(prompt).with_suffix(""))


def _pack(settings: Settings) -> PromptPack:
    return PromptPack(settings.root / "config" / "prompts", settings.data_dir / "custom", "zh_CN")


def _joined(settings: Settings, *prompts: str) -> str:
    """One sound of several: Dial's announcement is a single file."""
    path = settings.data_dir / "asterisk" / "var" / "greeting_and_notice.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as whole:
        whole.setnchannels(1)
        whole.setsampwidth(2)
        whole.setframerate(8000)
        for prompt in prompts:
            with wave.open(str(_pack(settings).path(prompt)), "rb") as part:
                whole.writeframes(part.readframes(part.getnframes()))
    return str(path.with_suffix(""))
