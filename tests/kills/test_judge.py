"""The judge of the kill campaign, on made-up evidence: it sees each way in which a promise can go wrong."""

from collections import Counter
from collections.abc import Sequence

from ivr.cli.telephone.sip_log import Message
from tests.kills.customers import Ear, Heard, rings_of
from tests.kills.judge import Ring, Row, Told, Verdict, as_text, judge
from tests.kills.sounds import Sounds, encode_as_asterisk, voice
from tests.real_asterisk.sip.media import decode_ulaw, read_wav
from tests.real_asterisk.stories import PROMPTS

MANY = [f"138{number:08}" for number in range(400)]


def told(numbers: Sequence[str] = MANY) -> list[Told]:
    return [Told(number=number, promised_at=100.0) for number in numbers]


def rows(numbers: Sequence[str] = MANY, state: str = "done", moved_to: float = 700.0) -> list[Row]:
    return [Row(number=number, state=state, first_due_at=700.0, due_at=moved_to) for number in numbers]


def ring(number: str, at: float = 200.0, who: str | None = "agent1/7") -> Ring:
    heard = {"greeting": at + 1, **({f"voice of {who}": at + 3} if who else {})}
    return Ring(number=number, rung_at=at, answered_at=at + 0.5, ended_at=at + 5, heard=heard)


def rings(numbers: Sequence[str] = MANY) -> list[Ring]:
    return [ring(number) for number in numbers]


def test_everybody_called_once_in_time_is_well_r70() -> None:
    verdict = judge(told(), rows(), rings())
    assert verdict.wrong == ()
    assert (verdict.customers, verdict.once, verdict.in_time, verdict.rung_again) == (400, 400, 400, 0)
    assert set(verdict.waits) == {103.0}


def test_who_spoke_with_two_agents_was_called_twice_r70() -> None:
    verdict = judge(told(), rows(), [*rings(), ring(MANY[0], 300.0, "agent2/9")])
    assert verdict.twice == (MANY[0],)
    assert any("twice" in sentence for sentence in verdict.wrong)


def test_who_was_rung_again_because_the_greeting_was_cut_off_was_not_called_twice_r70() -> None:
    verdict = judge(told(), rows(), [ring(MANY[0], 150.0, None), *rings()])
    assert (verdict.wrong, verdict.rung_again) == ((), 1)


def test_one_promise_that_nobody_knows_of_is_one_too_many_r70() -> None:
    verdict = judge(told(), rows(MANY[1:]), rings(MANY[1:]))
    assert verdict.lost == (MANY[0],)
    assert verdict.wrong


def test_one_promise_still_open_when_all_is_quiet_is_lost_r70() -> None:
    verdict = judge(told(), [*rows(MANY[1:]), *rows(MANY[:1], "dialing")], rings(MANY[1:]))
    assert verdict.lost == (MANY[0],)


def test_one_who_never_heard_a_person_is_lost_whatever_the_book_says_r70() -> None:
    """The book says done; his own phone does not."""
    verdict = judge(told(), rows(), [*rings(MANY[1:]), ring(MANY[0], who=None)])
    assert verdict.lost == verdict.silent == (MANY[0],)
    assert verdict.wrong == (f"lost: 1 ({MANY[0]})",)
    assert "of these, called done        1" in as_text("hotline", verdict, Counter())


def test_whoever_a_person_has_in_hand_is_not_lost() -> None:
    verdict = judge(told(), [*rows(MANY[1:]), *rows(MANY[:1], "unreached")], rings(MANY[1:]))
    assert (verdict.lost, verdict.handed_over) == ((), (MANY[0],))


def test_a_time_moved_later_makes_nobody_called_in_time_r70() -> None:
    """Whoever is told a new time was promised the first; what he was told last is a figure of its own."""
    late = [*rings(MANY[21:]), *(ring(number, 800.0) for number in MANY[:21])]
    verdict = judge(told(), rows(moved_to=1300.0), late)
    assert (verdict.in_time, verdict.in_moved_time) == (379, 400)
    assert [sentence[:7] for sentence in verdict.wrong] == ["in time"]
    assert "by the minute told last    400   100.00 %" in as_text("hotline", verdict, Counter())


def test_more_than_one_in_twenty_after_the_promised_minute_is_too_many_r70() -> None:
    late = [*rings(MANY[21:]), *(ring(number, 800.0) for number in MANY[:21])]
    verdict = judge(told(), rows(), late)
    assert verdict.in_time == 379
    assert [sentence[:7] for sentence in verdict.wrong] == ["in time"]


def test_more_than_one_in_two_hundred_handed_over_is_too_many_r70() -> None:
    for count, well in ((2, True), (3, False)):
        listed = [*rows(MANY[count:]), *rows(MANY[:count], "handed_over")]
        assert (judge(told(), listed, rings(MANY[count:])).wrong == ()) is well


def test_a_customer_promised_but_not_told_is_owed_his_call_all_the_same() -> None:
    assert judge(told(MANY[1:]), rows(), rings()).customers == 400


def test_who_is_rung_without_a_promise_is_seen() -> None:
    assert judge(told(), rows(), [*rings(), ring("13999999999")]).strangers == ("13999999999",)


def test_nobody_promised_anything_is_no_success() -> None:
    assert judge([], [], []).wrong


def test_without_a_book_who_is_not_bridged_is_lost() -> None:
    verdict: Verdict = judge(told(), None, rings(MANY[40:]))
    assert len(verdict.lost) == 40
    assert (verdict.in_time, verdict.in_moved_time, verdict.silent) == (360, 360, ())
    assert "lost                        40   10.00 %" in as_text("control", verdict, Counter(agi=3))


def test_a_prompts_packets_are_known_by_name_and_an_agent_by_his_voice() -> None:
    sounds = Sounds(PROMPTS / "zh_CN", ["greeting", "callback_booked"])
    greeting = read_wav(PROMPTS / "zh_CN" / "greeting.wav")
    packets = [encode_as_asterisk(greeting[at : at + 160]) for at in range(0, greeting.size - 160, 160)]
    names = [sounds.name_of(packet) for packet in packets]
    assert names.count("greeting") > len(names) / 2
    assert set(names) <= {"greeting", None}
    assert sounds.name_of(voice("agent3/12")) == "voice of agent3/12"
    assert abs(decode_ulaw(packets[30]).astype(int) - greeting[4800:4960]).max() < 600


def _message(at: float, direction: str, start: str, cseq: str = "1 INVITE", body: str = "") -> Message:
    return Message(at, direction, start, {"call-id": "c1", "cseq": cseq}, body)


def test_sound_belongs_to_a_call_by_its_port_and_its_time() -> None:
    log = [
        _message(
            10.0, "received", "INVITE sip:+8613800000000@127.0.0.1 SIP/2.0", body="m=audio 4000 RTP/AVP 0"
        ),
        _message(10.5, "sent", "SIP/2.0 200 OK"),
        _message(15.0, "received", "BYE sip:x@127.0.0.1 SIP/2.0", "2 BYE"),
    ]
    heard = [
        Heard(at=9.0, port=4000, name="voice of agent1/1"),  # the port's call before
        Heard(at=12.0, port=4000, name="greeting"),
        Heard(at=13.0, port=4002, name="voice of agent2/2"),  # another call
        Heard(at=14.0, port=4000, name="voice of agent3/3"),
        Heard(at=16.0, port=4000, name="voice of agent4/4"),  # the call after
    ]
    (found,) = rings_of(log, heard)
    assert (found.number, found.answered_at, found.ended_at) == ("13800000000", 10.5, 15.0)
    assert found.heard == {"greeting": 12.0, "voice of agent3/3": 14.0}
    assert found.person_at == 14.0


def test_what_the_switch_lets_through_before_the_greeting_is_no_talk() -> None:
    log = [
        _message(
            10.0, "received", "INVITE sip:+8613800000000@127.0.0.1 SIP/2.0", body="m=audio 4000 RTP/AVP 0"
        ),
        _message(10.5, "sent", "SIP/2.0 200 OK"),
        _message(15.0, "received", "BYE sip:x@127.0.0.1 SIP/2.0", "2 BYE"),
    ]
    blink, greeting = (
        Heard(at=10.6, port=4000, name="voice of agent1/1"),
        Heard(at=10.7, port=4000, name="greeting"),
    )
    talk = Heard(at=12.7, port=4000, name="voice of agent1/1")
    (cut_off,), (spoken_with,) = rings_of(log, [blink, greeting]), rings_of(log, [blink, greeting, talk])
    (ungreeted,) = rings_of(log, [blink])
    assert (cut_off.person_at, spoken_with.person_at) == (None, 12.7)
    assert ungreeted.person_at == 10.6, "the control greets nobody"


def test_a_voice_that_was_there_before_the_greeting_and_goes_on_under_it_is_heard() -> None:
    told: list[str] = []
    ear = Ear(Sounds(PROMPTS / "zh_CN", ["greeting"]), told.append, greets=True)
    for at, name in (
        (1010.6, "voice of a/1"),
        (1010.7, "greeting"),
        (1010.8, "voice of a/1"),
        (1010.9, "voice of a/1"),
    ):
        ear._note(4000, name, at)
    ear._socket.close()
    assert [(each.at, each.name) for each in ear.heard][1:] == [
        (1010.7, "greeting"),
        (1010.8, "voice of a/1"),
    ]
    assert told == ["voice of a/1"]


def test_with_the_switch_every_call_ends_and_its_port_is_somebody_elses() -> None:
    log = [
        _message(
            10.0, "received", "INVITE sip:+8613800000000@127.0.0.1 SIP/2.0", body="m=audio 4000 RTP/AVP 0"
        ),
        _message(10.5, "sent", "SIP/2.0 200 OK"),
    ]
    (found,) = rings_of(log, [Heard(at=14.0, port=4000, name="voice of agent3/3")], deaths=(5.0, 12.0))
    assert (found.ended_at, found.person_at) == (12.0, None)
