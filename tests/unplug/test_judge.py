"""The judge finds who was late, lost, left in silence or forgotten; a door's own death alone excuses."""

from dataclasses import replace

import pytest

from tests.fakes.live_agents import Talk
from tests.unplug.judge import Book, Verdict, as_text, judge
from tests.unplug.timeline import Door, Ending, Heard, Hearing, Kind, Line, Outage, Stretch, stretches


def stretch(kind: Kind, began_at: float, ended_at: float) -> Stretch:
    return Stretch(kind=kind, began_at=began_at, ended_at=ended_at)


def served(door: Door, number: str, dialled_at: float) -> Line:
    """Ringing for two seconds, then five with an agent."""
    return Line(
        door=door,
        number=number,
        dialled_at=dialled_at,
        taken_at=dialled_at + 0.1,
        picked_up_at=dialled_at + 2,
        ended_at=dialled_at + 7,
        ending=Ending.SERVED,
        stretches=(
            stretch(Kind.RINGING, dialled_at, dialled_at + 2),
            stretch(Kind.AGENT, dialled_at + 2, dialled_at + 7),
        ),
    )


SQL = Outage(part="SQL", began_at=104.0, ended_at=112.0)
SWITCH = Outage(part="asterisk", began_at=130.0, ended_at=134.0)
WEB = Outage(part="web", began_at=150.0, ended_at=153.0)
OUTAGES = (SQL, SWITCH, WEB)
WELL = [
    served(door, f"{door}-{at}", at) for door in Door for at in (101.0, 114.0, 128.5, 136.0, 148.0, 156.0)
]
# on the line when the switch died, and when the web server did
WELL[2] = replace(WELL[2], ending=Ending.CUT, ended_at=130.1)
WELL[10] = replace(WELL[10], ending=Ending.CUT, ended_at=150.6)


def told(*lines: Line, instead_of: int | None = None, book: Book | None = None) -> Verdict:
    rest = [line for place, line in enumerate(WELL) if place != instead_of]
    return judge([*rest, *lines], OUTAGES, book)


def test_all_picked_up_and_only_the_doors_own_deaths_cutting_off_is_well() -> None:
    verdict = told()
    assert verdict.wrong == ()
    for door in Door:
        figures = verdict.doors[door]
        assert (figures.callers, figures.in_time, figures.served, figures.cut_with_the_door) == (6, 6, 5, 1)
        assert figures.lost == 0
        assert figures.slowest_seconds == pytest.approx(2.0)


LATE = replace(served(Door.ASTERISK, "late", 105.0), picked_up_at=120.1)
LOST = replace(served(Door.TWILIO, "lost", 105.0), ending=Ending.CUT)
UNHEARD = replace(
    served(Door.ASTERISK, "unheard", 105.0), ending=Ending.CUT, picked_up_at=None, ended_at=125.0
)
UNTAKEN = replace(UNHEARD, number="untaken", taken_at=None, ending=Ending.UNREACHED)
MUTE = replace(
    served(Door.TWILIO, "mute", 105.0),
    stretches=(stretch(Kind.SILENCE, 107.0, 111.1), stretch(Kind.AGENT, 111.1, 116.0)),
)
TORN = replace(served(Door.ASTERISK, "torn", 105.0), stretches=(stretch(Kind.AGENT, 107.0, 108.5),))


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (LATE, "asterisk late: picked up only after 15.10 s"),
        (LOST, "twilio lost: lost: cut off 7.0 s after he dialled"),
        (UNHEARD, "asterisk unheard: lost: never picked up, 20.0 s after he dialled"),
        (UNTAKEN, "asterisk untaken: lost: nobody took his call, 20.0 s after he dialled"),
        (MUTE, "twilio mute: heard nothing for 4.1 s"),
        (TORN, "asterisk torn: his talk was torn after 1.5 s"),
    ],
    ids=lambda value: value.number if isinstance(value, Line) else "",
)
def test_whoever_is_late_lost_unheard_left_in_silence_or_torn_from_his_talk_is_found(
    line: Line, wrong: str
) -> None:
    assert told(line).wrong == (wrong,)


def test_fifteen_seconds_sharp_is_in_time_and_four_of_silence_are_borne_r64() -> None:
    sharp = replace(LATE, picked_up_at=120.0)
    quiet = replace(MUTE, stretches=(stretch(Kind.SILENCE, 107.0, 111.0), stretch(Kind.AGENT, 111.0, 116.0)))
    assert told(sharp, quiet).wrong == ()


def test_silence_after_the_agent_has_hung_up_is_the_end_of_the_call() -> None:
    over = stretch(Kind.SILENCE, 112.0, 120.0)
    hung_up = replace(served(Door.ASTERISK, "over", 105.0), ended_at=120.0)
    assert told(replace(hung_up, stretches=(*hung_up.stretches, over))).wrong == ()


def test_the_other_doors_death_excuses_nobody() -> None:
    """While the switch is dead Twilio carries on, and the other way round."""
    at_twilio = replace(served(Door.TWILIO, "lost", 128.0), ending=Ending.CUT, ended_at=131.0)
    at_asterisk = replace(served(Door.ASTERISK, "lost", 147.0), ending=Ending.CUT, ended_at=151.0)
    assert told(at_twilio).wrong == ("twilio lost: lost: cut off 3.0 s after he dialled",)
    assert told(at_asterisk).wrong == ("asterisk lost: lost: cut off 4.0 s after he dialled",)


def test_who_dialled_while_his_door_was_dead_counts_from_when_it_took_him() -> None:
    patient = replace(served(Door.ASTERISK, "patient", 131.0), taken_at=135.0, picked_up_at=149.9)
    assert told(patient).wrong == ()
    late = replace(patient, picked_up_at=150.5)
    assert told(late).wrong == ("asterisk patient: picked up only after 15.50 s",)
    never = replace(patient, taken_at=None, picked_up_at=None, ending=Ending.UNREACHED)
    verdict = told(never)
    assert verdict.wrong == ()
    assert verdict.doors[Door.ASTERISK].found_it_dead == 1


def test_who_waited_for_his_door_is_late_by_the_time_it_was_alive_alone() -> None:
    waited = replace(served(Door.TWILIO, "waited", 149.0), picked_up_at=166.9, ended_at=175.0)
    assert told(waited).wrong == ()
    late = replace(waited, picked_up_at=167.5)
    assert told(late).wrong == ("twilio waited: picked up only after 15.50 s",)
    quiet = replace(
        MUTE, dialled_at=146.0, stretches=(stretch(Kind.SILENCE, 148.0, 154.5), *LOST.stretches[1:])
    )
    assert told(quiet).wrong == ()


def test_the_carriers_own_words_after_the_death_of_a_door_are_no_part_of_the_call() -> None:
    error = stretch(Kind.ERROR, 152.9, 155.9)
    cut = replace(WELL[10], number="cut", ended_at=155.9, stretches=(error,))
    assert told(cut).wrong == ()
    after = replace(cut, ended_at=157.1, stretches=(stretch(Kind.ERROR, 154.1, 157.1),))
    assert told(after).wrong == ("twilio cut: lost: cut off 6.1 s after he dialled",)


def test_who_was_taken_by_the_switch_that_came_back_and_is_then_cut_off_is_lost() -> None:
    cut = replace(
        served(Door.ASTERISK, "cut", 131.0),
        taken_at=134.5,
        picked_up_at=140.0,
        ending=Ending.CUT,
        ended_at=145.0,
    )
    assert told(cut).wrong == ("asterisk cut: lost: cut off 14.0 s after he dialled",)


def test_a_call_that_ends_long_after_its_door_is_back_did_not_end_of_it() -> None:
    cut = replace(WELL[2], number="cut", ended_at=135.1)
    assert told(cut).wrong == ("asterisk cut: lost: cut off 6.6 s after he dialled",)


def test_agents_who_are_not_reserved_again_after_a_death_are_found() -> None:
    verdict = told(instead_of=1)
    assert verdict.wrong == ("asterisk: no agent spoke with anybody between the death of SQL and the next",)


def test_a_death_nobody_was_there_to_notice_proves_nothing() -> None:
    early = [line for line in WELL if line.door is Door.ASTERISK or line.dialled_at != 101.0]
    assert judge(early, OUTAGES).wrong == ("twilio: nobody was on the line while SQL was dead",)


def test_an_agent_who_is_given_two_callers_at_once_is_found() -> None:
    first = Talk(login="ana", began_at=105.0, ended_at=110.0)
    other = Talk(login="ben", began_at=107.0, ended_at=112.0)
    next_one = Talk(login="ana", began_at=110.0, ended_at=115.0)
    assert judge(WELL, OUTAGES, talks=[next_one, first, other]).wrong == ()
    crossed = replace(next_one, began_at=109.0)
    told_of = judge(WELL, OUTAGES, talks=[first, other, crossed]).wrong
    assert told_of == ("ana was given a caller while he talked with another",)


def test_the_table_keeps_everybody_once() -> None:
    times = {line.number: 1 for line in WELL}
    assert told(book=Book(times=times)).wrong == ()
    number = WELL[0].number
    for wrong, book in (
        ("0 times in the table", Book(times={**times, number: 0})),
        ("2 times in the table", Book(times={**times, number: 2})),
        ("still in progress in the table", Book(times=times, unfinished=frozenset({number}))),
    ):
        assert told(book=book).wrong == (f"asterisk {number}: {wrong}",)


def test_the_table_says_how_it_went_and_what_was_dead() -> None:
    text = as_text(told(LOST), OUTAGES)
    assert "picked up within 15 s                6           7" in text
    assert "dead: SQL 8.0 s, asterisk 4.0 s, web 3.0 s" in text
    assert text.endswith("WRONG twilio lost: lost: cut off 7.0 s after he dialled")


# ---- what is heard, to stretches ----------------------------------------------------------------------------------


def test_sounds_of_one_kind_without_a_break_are_one_stretch_and_a_long_break_is_silence() -> None:
    hearing = Hearing()
    for at in (0.0, 0.5, 1.4, 5.0):
        hearing.hears(Kind.MUSIC, at)
    assert hearing.heard == [Heard(Kind.MUSIC, 0.0, 1.42), Heard(Kind.MUSIC, 5.0, 5.02)]
    assert stretches(hearing.heard, 0.0, 8.0) == (
        stretch(Kind.MUSIC, 0.0, 1.42),
        stretch(Kind.SILENCE, 1.42, 5.0),
        stretch(Kind.MUSIC, 5.0, 5.02),
        stretch(Kind.SILENCE, 5.02, 8.0),
    )


def test_every_moment_of_a_call_belongs_to_one_stretch() -> None:
    heard = [Heard(Kind.GREETING, 10.4, 12.0), Heard(Kind.MUSIC, 12.3, 20.0), Heard(Kind.AGENT, 19.5, 25.0)]
    assert stretches(heard, 10.0, 24.0) == (
        stretch(Kind.GREETING, 10.0, 12.3),
        stretch(Kind.MUSIC, 12.3, 20.0),
        stretch(Kind.AGENT, 20.0, 24.0),
    )


def test_who_hears_nothing_at_all_hears_silence() -> None:
    assert stretches([], 1.0, 9.0) == (stretch(Kind.SILENCE, 1.0, 9.0),)
