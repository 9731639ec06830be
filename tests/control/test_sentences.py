"""Every sentence of a decision is true: its comparisons hold as printed, and what it says is done is what is done."""

from __future__ import annotations

import operator
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from optimization.control import sentences
from optimization.control.decide import decide
from optimization.control.memory import Memory
from optimization.control.situation import MinerSituation, SiteSituation
from optimization.rules import OPERATORS
from optimization.rules.words import compared
from sites.figures import apart, at_least
from tests.chance import examples

from . import random_worlds
from .worlds import COLD, NOW, SILENT, WARM, ago, command, miner, policy, running, site, unit, zone

_FIGURE = r"(?P<{}>−?\d+(?:\.\d+)?) ?(?:°C|W|%)?"
_SAYS = {
    r"(?:is|are) below (?:the [a-z ]+)?": operator.lt,
    r"(?:is|are) not below (?:the [a-z ]+)?": operator.ge,
    r"(?:is|are) above (?:the [a-z ]+)?": operator.gt,
    r"(?:is|are) not above (?:the [a-z ]+)?": operator.le,
    r"(?:is|are) at least (?:the [a-z ]+)?": operator.ge,
    r"(?:is|are) at most (?:the [a-z ]+)?": operator.le,
    r", less than the ": operator.lt,
    r", its high limit is ": operator.ge,
    r", their limit is ": operator.ge,
    r", its frost limit is ": operator.lt,
    r"\. Heating may resume at ": operator.gt,
}
_OFF = re.compile(r"Avalon (stays off|is switched off|is to be off|is not started|rests)\b")
_ON = re.compile(r"(?<!at which )Avalon (starts|runs|keeps running|is to run|stays on|stays set|may run)\b")


def claims(text: str) -> list[tuple[str, float, float, bool]]:
    """The comparisons in a sentence: as printed, both figures, and whether they are so."""
    found = []
    for says, test in _SAYS.items():
        for match in re.finditer(_FIGURE.format("a") + " ?" + says + _FIGURE.format("b"), text):
            first, second = (float(match[name].replace("−", "-")) for name in "ab")
            found.append((match[0], first, second, test(first, second)))
    return found


def is_true(text: str) -> None:
    for told, _, _, holds in claims(text):
        assert holds, f"‘{told}’ is not so: {text}"


def calm(situation: SiteSituation) -> SiteSituation:
    """Without what keeps nearly everything off whatever else is so."""
    nothing = {"is_active": True, "is_cut": False, "is_stopping": False, "doubled": "", "reality_problem": ""}

    def calmed(miners: tuple[MinerSituation, ...]) -> tuple[MinerSituation, ...]:
        return tuple(replace(one, heats_no_room=True, lacks_off=False, **nothing) for one in miners)

    units = tuple(replace(one, miners=calmed(one.miners)) for one in situation.units)
    return replace(situation, units=units, loose=calmed(situation.loose), is_stopped=False, clock_stepped=False)


@examples(200)
@given(random_worlds.sites(), random_worlds.memories(), st.integers(0, 3))
def test_a_decision_says_what_is_so_and_what_is_done(situation, memory, how):
    if how:
        situation, memory = calm(situation), replace(memory, trips={})
    commands, _ = decide(situation, memory)
    by_id = {one.miner_id: one for one in situation.miners}
    for one in commands:
        text, seen = one.reason, by_id[one.miner_id]
        is_true(text)
        assert text.endswith((".", "?")), text
        assert len(text) <= 400, text  # what a record of it holds
        if one.action == "leave":
            continue
        if one.power_w > 0:
            assert not _OFF.search(text), text
        else:
            assert not _ON.search(text), text
        for told in re.findall(r"(?:runs|starts|running|is to run) at (\d+) W", text):
            assert int(told) == one.power_w, text
        if (stays := re.search(r"stays (?:on|set to \d+ W) for (.+?) more", text)) is not None:
            assert stays[1] == at_least(one.next_allowed_at - situation.now)
        if stays is not None and seen.goes_off_at is not None and "stays on" in text:
            assert seen.goes_off_at >= one.next_allowed_at  # its timer is not faster


figures = st.one_of(
    st.floats(-40, 40), st.floats(17.44, 17.56), st.floats(-0.06, 0.06), st.floats(-9000, 9000), st.floats(799, 801)
)
#: Nothing that is measured has more digits.
measured = figures.map(lambda value: round(value, 6))


@given(measured, measured, st.sampled_from(["lt", "lte", "gt", "gte", "eq", "ne"]), st.sampled_from(["°C", "W", ""]))
@example(17.48, 17.5, "lt", "°C")
@example(799.9996, 800.0, "lt", "W")
def test_two_figures_that_are_compared_show_their_order(seen, bound, name, unit_name):
    test = OPERATORS[name].test
    for shown in (apart(seen, bound, test), compared(seen, bound, OPERATORS[name], unit_name)):
        first, second = (float(text.split(" ")[0].replace("−", "-")) for text in shown)
        assert test(first, second) == test(seen, bound), shown
        assert max(abs(first - seen), abs(second - bound)) < 0.51, shown


@given(measured, st.lists(measured, min_size=1, max_size=3), st.sampled_from(["in", "not_in"]))
@example(1.04, [1.0], "in")
def test_a_figure_that_is_one_of_a_list_is_seen_in_it(seen, values, name):
    test = OPERATORS[name].test
    first, listed = compared(seen, values, OPERATORS[name])
    shown = [float(text.replace("−", "-")) for text in (first, *listed.split(", "))]
    assert test(shown[0], shown[1:]) == test(seen, values), (first, listed)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (88.5, "89 s"), (89, "89 s"), (90, "2 min"), (121, "3 min"), (7260, "2 h 1 min")]
)
def test_a_time_to_wait_is_rounded_up(seconds, words):
    assert at_least(timedelta(seconds=seconds)) == words


BLIND = zone(None)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (
            miner(zone(20.48)),
            "Hall: temperature 20.48 °C is below the lower bound 20.5 °C, so Avalon starts.",
        ),
        (
            running(zone(20.48)),
            "Hall is 0.5° below target and may be heated up to 21.5 °C, so Avalon keeps running.",
        ),
        (
            running(zone(22.0), for_seconds=120),
            "Hall: temperature 22.0 °C is at least the upper bound 21.5 °C, but Avalon stays on for 8 min more: its "
            "minimum on time.",
        ),
        # Nobody holds it for ten minutes whose timer ends after two.
        (
            running(BLIND, snapshot=SILENT, goes_off_at=ago(-120)),
            "Temperature is unknown. Avalon may run for 2 min more at most. "
            "Avalon does not answer; its timer switches it off in 2 min unless it answers before.",
        ),
    ],
)
def test_a_sentence_and_what_is_done_agree(one, reason):
    assert command(one).reason == reason


@pytest.mark.parametrize("need_w", [-300.0, 0.0, 4.0, 6.0, 480.0])
@pytest.mark.parametrize("one", [running(zone(20.9)), miner(zone(20.9))])
def test_what_a_thermostat_says_fits_what_it_does(one, need_w):
    """Nothing is heated for a need of 0 W, and what is switched off is not said to wait for a start."""
    heats, rests = sentences.thermostat_heats(one, need_w), sentences.thermostat_rests(one, need_w)
    assert "about 0 W" not in heats + rests
    assert "−" not in heats + rests
    assert not ("another start" in rests and one.is_wanted_on)


def test_a_device_that_cannot_be_seen_off_is_not_called_off():
    seen = command(running(zone(22.0), snapshot=SILENT))
    assert seen.reason.endswith("so Avalon is to be off.")


def test_what_runs_longer_than_its_timer_is_not_promised():
    held = command(running(zone(22.0), for_seconds=120, snapshot=SILENT, goes_off_at=ago(-60)))
    assert held.action == "hold"
    assert "for 8 min" not in held.reason
    assert "switches it off in 60 s" in held.reason


def test_the_hold_on_an_unknown_input_counts_down():
    here = site(unit(running(BLIND), rules=policy((COLD,), (WARM,))))
    commands, _ = decide(here, Memory(unknown_since={"unit": (NOW - timedelta(minutes=4)).isoformat()}))
    assert "for 6 min more at most" in commands[0].reason
