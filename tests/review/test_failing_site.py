"""A home whose passes fail is told, switched off after its limit, and takes no other home with it."""

import pytest
from django.db import DataError

from miners.models import CommandLog
from optimization import tasks
from optimization.passes import findings, last_resort, record, run
from optimization.passes.run import run_sites
from sites import heartbeat, live

STAGES = ["decide", "find", "collect", "refused row", "publish"]


def go(homes, passes=1, seconds=10):
    for _ in range(passes):
        homes[0].clock.advance(seconds)
        report = run_sites([home.site.pk for home in homes], clock=homes[0].clock)
    return report


def break_stage(monkeypatch, stage, site):
    """From now on this stage of the pass fails for this site."""

    def unless_broken(original, site_of):
        def wrapped(*args, **kwargs):
            if site_of(args).pk == site.pk:
                raise ZeroDivisionError
            return original(*args, **kwargs)

        return wrapped

    def refusing(batch, now):
        if any(row.site_id == site.pk for row in [*batch.decisions, *batch.states]):
            raise DataError("value out of range")
        write(batch, now)

    write = record.write
    match stage:
        case "decide":
            monkeypatch.setattr(run, "situate", unless_broken(run.situate, lambda args: args[0].site))
        case "find":
            monkeypatch.setattr(findings, "find", unless_broken(findings.find, lambda args: args[0].site))
        case "collect":
            monkeypatch.setattr(record, "collect", unless_broken(record.collect, lambda args: args[1].site))
        case "refused row":
            monkeypatch.setattr(record, "write", refusing)
        case "publish":
            monkeypatch.setattr(run, "publish", unless_broken(run.publish, lambda args: args[0].site))


@pytest.mark.parametrize("stage", STAGES)
def test_the_other_homes_of_the_chunk_are_recorded_and_shown(two_homes, watchdog, monkeypatch, stage):
    broken, sound = two_homes
    watchdog.clock = sound.clock
    go(two_homes, 2)
    break_stage(monkeypatch, stage, broken.site)
    sound.says(22.0)
    report = go(two_homes)
    report = go(two_homes, seconds=60)  # the minute is over: there is something to write in each home
    assert (report.failed, report.completed) == ([broken.site.pk], [sound.site.pk])
    assert broken.open_alarms == ["pass_failed"]
    assert not sound.plug.on
    assert CommandLog.objects.filter(miner=sound.miner, power_w=0).exists()
    shown = live.read(sound.site.pk)["miners"][str(sound.miner.pk)]
    assert (shown["status"], shown["confirmed"]) == ("off", True)
    monkeypatch.undo()
    assert go(two_homes).failed == []


@pytest.fixture
def watched(two_homes, watchdog):
    """Both homes heat; the end of the process is noted."""
    watchdog.clock = two_homes[0].clock
    ended = []
    watchdog._end = lambda: ended.append(True)
    go(two_homes, 2)
    assert all(home.plug.on for home in two_homes)
    return ended


def look_and_go(homes, watchdog, passes):
    for _ in range(passes):
        go(homes)
        watchdog.look()


@pytest.mark.parametrize("stage", ["decide", "find", "collect"])
def test_it_is_switched_off_after_its_limit_and_nothing_restarts(two_homes, watchdog, watched, monkeypatch, stage):
    broken, sound = two_homes
    break_stage(monkeypatch, stage, broken.site)
    look_and_go(two_homes, watchdog, 6)
    assert broken.plug.on
    look_and_go(two_homes, watchdog, 1)
    assert not broken.plug.on
    assert sound.plug.on
    assert watchdog.late_sites() == [str(broken.site.pk)]  # /healthz says so
    look_and_go(two_homes, watchdog, 30)
    assert not broken.plug.on
    assert watched == []


def test_a_home_that_fails_from_the_first_pass_of_a_new_program_is_switched_off_too(
    two_homes, watchdog, watched, monkeypatch
):
    broken, sound = two_homes
    watchdog._sites.clear()  # what a new process knows
    break_stage(monkeypatch, "decide", broken.site)
    look_and_go(two_homes, watchdog, 8)
    assert not broken.plug.on
    assert sound.plug.on


def test_an_off_it_did_not_obey_is_repeated_as_long_as_it_shows_on(two_homes, watchdog, watched, monkeypatch):
    broken, _ = two_homes
    break_stage(monkeypatch, "decide", broken.site)
    broken.plug.obeys = False
    look_and_go(two_homes, watchdog, 9)
    assert broken.plug.on
    broken.plug.obeys = True
    look_and_go(two_homes, watchdog, 2)
    assert not broken.plug.on
    writes = len(broken.plug.writes)
    look_and_go(two_homes, watchdog, 10)
    assert len(broken.plug.writes) == writes


def test_after_it_is_mended_it_heats_again_and_nobody_is_taken_to_have_switched_it_off(
    two_homes, watchdog, watched, monkeypatch
):
    broken, _ = two_homes
    with monkeypatch.context() as patch:
        break_stage(patch, "decide", broken.site)
        look_and_go(two_homes, watchdog, 10)
    look_and_go(two_homes, watchdog, 3)
    assert broken.plug.on
    assert broken.open_alarms == []
    assert not [text for text in broken.activity if "at the device" in text]


def test_the_only_home_failing_restarts_nothing(two_homes, watchdog, watched, monkeypatch):
    """A restart would not mend it and would take the pages from who has to."""
    broken, sound = two_homes
    sound.site.delete()
    watchdog.keep_only({str(broken.site.pk)})
    break_stage(monkeypatch, "decide", broken.site)
    look_and_go([broken], watchdog, 30)
    assert not broken.plug.on
    assert watched == []


def test_no_pass_that_ends_any_more_ends_the_process(two_homes, watchdog, watched):
    two_homes[0].clock.advance(61)
    watchdog.look()
    assert watched == [True]
    assert not any(home.plug.on for home in two_homes)


def test_a_failing_home_does_not_stop_the_heartbeat(two_homes, watchdog, watched, monkeypatch):
    broken, sound = two_homes
    beats = []
    monkeypatch.setattr(heartbeat, "completed_tick", lambda *args: beats.append(1))
    monkeypatch.setattr(tasks, "watchdog", watchdog)
    monkeypatch.setattr(tasks, "run_sites", lambda ids: run.PassReport())
    break_stage(monkeypatch, "decide", broken.site)
    look_and_go(two_homes, watchdog, 10)
    tasks.tick()
    assert beats == [1]
    sound.clock.advance(70)  # now nothing works on either home
    tasks.tick()
    assert beats == [1]


def test_the_watchdog_is_told_even_by_a_home_that_never_completed(two_homes, watchdog, monkeypatch):
    broken, _ = two_homes
    watchdog.clock = broken.clock
    break_stage(monkeypatch, "decide", broken.site)
    go(two_homes)
    assert last_resort.watchdog is watchdog
    assert str(broken.site.pk) in watchdog._sites
