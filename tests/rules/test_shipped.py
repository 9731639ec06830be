"""The shipped policies: they compile clean, they do what they say, and no start ends its own reason."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.rules import NOW, by_hand, context, shipped_policy, timer_keys
from optimization.rules import ABSENT, Context, FieldTree, RuleErrors
from optimization.shipped import load
from tests.chance import examples

SOLAR, WARM = shipped_policy(), shipped_policy("Keep the room warm")
KEYS = timer_keys(SOLAR)


def after(policy, ctx, seconds, running=False):
    """The action once `ctx` has lasted for `seconds`."""
    holds = policy.update_holds(ctx, {}, NOW - seconds)
    holds = policy.update_holds(ctx, holds, NOW)
    verdict = policy.decide([ctx], running=running, holds=holds, now=NOW)
    return verdict.action, verdict.rule.name if verdict.rule else ""


def test_they_are_complete_and_without_warnings():
    assert [p["key"] for p in load()] == ["keep_the_room_warm", "solar_surplus_room_heating"]
    for policy in (SOLAR, WARM):
        assert policy.warnings(FieldTree.for_zones()) == []
    for raw in load():
        for rule in raw["start_rules"] + raw["stop_rules"]:
            assert rule["name"]
            assert rule["description"]
            assert isinstance(rule["priority"], int)


def test_load_gives_a_fresh_copy():
    load()[0]["name"] = "x"
    assert load()[0]["name"] == "Keep the room warm"
    assert issubclass(RuleErrors, ValueError)


def test_keep_the_room_warm_needs_no_energy():
    cold, warm, between = (
        Context({}, {"climate.zone.below_target": b, "climate.zone.above_target": a})
        for b, a in ((True, False), (False, True), (False, False))
    )
    assert after(WARM, cold, 0) == ("start", "Room is cold")
    assert after(WARM, warm, 0, True) == ("stop", "Room is warm")
    assert [after(WARM, between, 0, r)[0] for r in (True, False)] == ["hold", "hold"]
    lost = Context({}, {"climate.zone.below_target": None, "climate.zone.above_target": None})
    assert SOLAR.decide([lost], running=True, holds={}, now=NOW).unknown_rules == ("Room is warm",)


NO_BATTERY = {"has_battery": False, "state_of_charge": ABSENT}
NO_GRID = {"has_grid": False, "importing_power": ABSENT}


def test_solar_starts():
    for site in ({}, NO_BATTERY, NO_GRID, NO_BATTERY | NO_GRID):
        assert after(SOLAR, context(**site), 60) == ("start", "Surplus covers the miner")
        assert after(SOLAR, context(**site), 59)[0] == "hold"
        assert after(SOLAR, context(surplus_power=1999.0, **site), 600)[0] == "hold"
        assert after(SOLAR, context(below_target=False, **site), 600)[0] == "hold"
    night = {"is_up": False, "surplus_power": -300.0}
    assert after(SOLAR, context(state_of_charge=95.0, **night), 0) == ("start", "Battery well charged, sun to come")
    assert after(SOLAR, context(state_of_charge=70.0, **night), 600)[0] == "hold"
    assert after(SOLAR, context(state_of_charge=70.0, surplus_power=0.0), 0)[0] == "start"
    assert after(SOLAR, context(state_of_charge=70.0, surplus_power=0.0, minutes_to_sunset=60.0), 0)[0] == "hold"
    assert after(SOLAR, context(importing_power=300.0), 600)[0] == "hold"
    assert after(SOLAR, Context({}, context().own), 600)[0] == "hold"


def test_solar_stops():
    def stop(seconds=600, **changes):
        return after(SOLAR, context(**changes), seconds, running=True)

    assert stop()[0] == "hold"
    assert stop(above_target=True) == ("stop", "Room is warm")
    assert stop(state_of_charge=20.0) == ("stop", "Battery is low")
    assert stop(importing_power=150.0) == ("stop", "Importing from the grid")
    assert stop(179, importing_power=150.0)[0] == "hold"
    assert stop(surplus_power=0.0)[0] == "hold"  # the battery stands in
    assert stop(surplus_power=0.0, state_of_charge=29.0) == ("stop", "Surplus too short")
    assert stop(179, surplus_power=0.0, state_of_charge=29.0)[0] == "hold"
    assert stop(surplus_power=0.0, **NO_BATTERY) == ("stop", "Surplus too short")
    assert stop(surplus_power=0.0, **NO_BATTERY, **NO_GRID) == ("stop", "Surplus too short")
    assert stop(surplus_power=0.0, is_up=False, state_of_charge=49.0) == ("stop", "Surplus too short")
    assert stop(surplus_power=0.0, is_up=False, state_of_charge=90.0)[0] == "hold"
    assert stop(minutes_to_sunset=30.0, state_of_charge=39.0) == ("stop", "Evening with a low battery")


COLD = {"below_minimum": True, "above_minimum": False, "surplus_power": -800.0, "importing_power": 800.0}


def test_never_below_heats_in_a_dark_week_until_the_room_is_above_its_minimum():
    dark = COLD | {"state_of_charge": 5.0, "is_up": False}
    for site in ({}, NO_BATTERY, NO_GRID, NO_BATTERY | NO_GRID):
        assert after(SOLAR, context(**dark | site), 600) == ("start", "Never below")
        assert after(SOLAR, context(**dark | {"below_minimum": False} | site), 600)[0] == "hold"
        assert after(SOLAR, context(**dark | {"below_minimum": False} | site), 600, running=True)[0] == "hold"
        above = dark | {"below_minimum": False, "above_minimum": True}
        assert after(SOLAR, context(**above | site), 600, running=True)[0] == "stop"
    unknown = {"state_of_charge": None, "surplus_power": None, "importing_power": None}
    assert after(SOLAR, context(**COLD | unknown), 600) == ("start", "Never below")
    assert after(SOLAR, context(**COLD, below_target=False), 600)[0] == "hold"
    assert after(SOLAR, context(**COLD, above_target=True), 600, running=True) == ("stop", "Room is warm")


def test_it_starts_on_what_the_lowest_level_takes():
    assert after(SOLAR, context(surplus_power=900.0, power_min_w=900.0), 60) == ("start", "Surplus covers the miner")
    assert after(SOLAR, context(surplus_power=899.0, power_min_w=900.0), 600)[0] == "hold"


def test_the_dark_week_is_told_before_it_is_chosen():
    text = next(one["description"] for one in load() if one["key"] == "solar_surplus_room_heating")
    assert "In a dark week it hardly heats" in text
    assert "never below" in text


def test_what_a_site_lacks_is_named():
    verdict = SOLAR.decide([context(**NO_BATTERY, **NO_GRID)], running=True, holds={}, now=NOW)
    assert verdict.inactive == ()
    in_vain = [rule.name for rule in SOLAR.rules if not rule.applies(context(**NO_BATTERY, **NO_GRID))]
    assert in_vain == [
        "Battery well charged, sun to come",
        "Battery is low",
        "Importing from the grid",
        "Evening with a low battery",
    ]
    assert verdict.unknown_rules == ()


number = st.one_of(st.floats(-500, 4000), st.sampled_from([0.0, 100.0, 2000.0]), st.none(), st.just(ABSENT))
flag = st.one_of(st.booleans(), st.none(), st.just(ABSENT))
worlds = st.fixed_dictionaries(
    {
        "has_battery": flag,
        "has_grid": flag,
        "is_up": flag,
        "below_target": flag,
        "above_target": flag,
        "surplus_power": number,
        "importing_power": number,
        "power_min_w": st.one_of(st.just(2000.0), st.none(), st.just(ABSENT)),
        "below_minimum": flag,
        "above_minimum": flag,
        "state_of_charge": st.one_of(
            st.floats(0, 100), st.sampled_from([20.0, 30.0, 40.0, 50.0, 60.0, 85.0]), st.none(), st.just(ABSENT)
        ),
        "minutes_to_sunset": st.one_of(st.floats(0, 900), st.sampled_from([60.0, 120.0]), st.none(), st.just(ABSENT)),
    }
).map(lambda changes: context(**changes))
biased = st.builds(
    lambda ctx, start: (
        ctx._replace(own={**ctx.own, "climate.zone.below_target": True, "climate.zone.above_target": False})
        if start
        else ctx
    ),
    worlds,
    st.booleans(),
)


def coherent(ctx: Context) -> Context:
    """As the pass builds it: without a grid (a battery) its fields are absent."""
    gone = [
        p
        for flag, p in (
            ("energy_source.has_grid", "energy_state.grid.importing_power"),
            ("energy_source.has_battery", "energy_state.battery.state_of_charge"),
        )
        if ctx.shared.get(flag) is False
    ]
    own = dict(ctx.own)
    if own.get("climate.zone.below_minimum") is True:
        own["climate.zone.above_minimum"] = False  # by definition
    elif None in (own.get("climate.zone.below_minimum"), own.get("climate.zone.above_minimum")):
        own["climate.zone.below_minimum"] = own["climate.zone.above_minimum"] = None
    return ctx._replace(shared={p: v for p, v in ctx.shared.items() if p not in gone}, own=own)


def switches(ctx, running):
    """How often it switches in twenty minutes of one and the same context, in steps of 10 s."""
    holds, count = {}, 0
    for second in range(0, 1210, 10):
        now = NOW + second
        holds = SOLAR.update_holds(ctx, holds, now)
        action = SOLAR.decide([ctx], running=running, holds=holds, now=now).action
        assert action in (("stop", "hold") if running else ("start", "hold", "blocked"))
        if action in ("start", "stop"):
            running, count = not running, count + 1
    return count


@examples(100)
@given(biased.map(coherent), st.booleans())
def test_a_constant_world_never_both_starts_and_stops(ctx, running):
    assert switches(ctx, running) <= 1


@examples(150)
@given(biased, st.booleans())
def test_even_a_contradictory_world_makes_no_flip_flop(ctx, running):
    """A grid that imports and does not exist: one start, one stop, and then it stays off."""
    assert switches(ctx, running) <= 2


@examples(200)
@given(biased, st.booleans(), st.lists(st.sampled_from([None, 0, 59, 60, 179, 180, 900]), min_size=3, max_size=3))
def test_the_race_is_run_by_equals(ctx, running, ages):
    """The hand-written version of the benchmark decides the same."""
    holds = {key: NOW - age for key, age in zip(KEYS, ages, strict=True) if age is not None}
    verdict = SOLAR.decide([ctx], running=running, holds=holds, now=NOW)
    assert by_hand(ctx, running, holds, NOW, KEYS) == (verdict.action, verdict.rule.name if verdict.rule else "")
