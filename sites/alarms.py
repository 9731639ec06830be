"""The kinds of alarms, in one table: how bad, what it is called, what a person can do."""

from __future__ import annotations

from dataclasses import dataclass

from .models import Severity


@dataclass(frozen=True, slots=True)
class AlarmKind:
    """`did`: what the program did about it; `remedy`: what the person can do. Plain sentences.

    `found_by_pass`: a pass that does not find it any more ends it. Any other ends where it was raised.
    """

    key: str
    severity: str
    title: str
    did: str
    remedy: str
    found_by_pass: bool = True


_TABLE = (
    AlarmKind(
        "cannot_switch_off",
        Severity.ALARM,
        "Cannot switch off",
        "It keeps trying; when the device answers again, an off is the first thing it is told.",
        "If the room gets too warm, switch the plug or the breaker off by hand.",
    ),
    AlarmKind(
        "off_not_confirmed",
        Severity.ALARM,
        "Off not confirmed",
        "It repeats the command until the device shows that it is off.",
        "Look at the device. If it heats, switch it off at the plug. If it is off, its meter is at fault: restart "
        "or replace it, or choose another one.",
    ),
    AlarmKind(
        "warms_while_off",
        Severity.ALARM,
        "Room warms although its miner is off",
        "It keeps telling the miner to be off and cuts its upstream plug where there is one.",
        "Check whether the device still heats. If it does, switch it off at the breaker.",
    ),
    AlarmKind(
        "cut_off",
        Severity.ALARM,
        "Plug cut",
        "It switched off the plug before the miner; nothing starts there any more.",
        "Find out why it did not switch off, then acknowledge this alarm. The plug comes on with the next start.",
    ),
    AlarmKind(
        "high_limit",
        Severity.ALARM,
        "High limit",
        "It switches off every miner that heats the zone until it has cooled by 2 K.",
        "If it is not hot there, check the sensor and the limit in the zone's settings.",
    ),
    AlarmKind(
        "high_limit_latched",
        Severity.ALARM,
        "High limit, latched",
        "It keeps every miner that heats the zone switched off.",
        "Find out why it got too hot three times, then acknowledge this alarm to allow heating again.",
    ),
    AlarmKind(
        "sensor_lost",
        Severity.ALARM,
        "Sensor lost",
        "It switches off every miner that heats the zone.",
        "Check its battery and connection. Heating resumes by itself when it has reported well for five minutes.",
    ),
    AlarmKind(
        "sensor_doubted",
        Severity.ALARM,
        "Sensor in doubt",
        "Nothing heats by it, but for short pulses against frost.",
        "If what it says is right, say so on the room's page. Else check the sensor and its unit.",
    ),
    AlarmKind(
        "frost_not_protected",
        Severity.ALARM,
        "Frost: not protected",
        "It wants to heat but may not or cannot.",
        "Heat the room by other means and look at the reason on its card.",
    ),
    AlarmKind(
        "doubled",
        Severity.ALARM,
        "One device, two miners",
        "It keeps both miners off: each would switch the device against the other.",
        "Remove one of the two miners, or choose another controller for it under Set-up → Miners.",
    ),
    AlarmKind(
        "switched_on_outside",
        Severity.ALARM,
        "Switched on outside",
        "It switched the miner off again each time.",
        "Find out who or what switches it on; set it to ‘on by hand’ here if you want it to run.",
    ),
    AlarmKind(
        "connection_lost",
        Severity.WARNING,
        "Connection lost",
        "It keeps asking and resumes by itself.",
        "Check that the other side runs, and its address and token under Set-up → Connections.",
    ),
    AlarmKind(
        "own_off_moved",
        Severity.WARNING,
        "Its own switch-off is moved",
        "It sets the switch-off back within one period each time it sees it moved.",
        "Look for a timer or an automation that sets it, in the maker's app or in Home Assistant, and remove it.",
    ),
    AlarmKind(
        "timer_not_restarting",
        Severity.WARNING,
        "Switched off by a timer",
        "It takes this for a timer, not for a person, and starts the miner again where its room is cold.",
        "Find the timer, in the plug or in Home Assistant, and remove it, or choose a plug whose timer starts again at "
        "each ‘on’. To switch the miner off yourself, use ‘Off’ here.",
    ),
    AlarmKind(
        "start_not_confirmed",
        Severity.WARNING,
        "Does not start",
        "It repeats the command with growing pauses.",
        "Look at the device: is it plugged in, is its breaker on?",
    ),
    AlarmKind(
        "level_not_reached",
        Severity.WARNING,
        "Runs at another level",
        "It repeats the command with growing pauses. Limits count what the miner really takes.",
        "Enter what each level really takes on the miner's page in Set-up. If its firmware was changed, detect the "
        "levels again there.",
    ),
    AlarmKind(
        "not_answering",
        Severity.WARNING,
        "Does not answer",
        "It keeps asking. What it was told last stands; nothing new is started through it.",
        "Check that the device has power and its network. In doubt look whether it heats.",
    ),
    AlarmKind(
        "pass_failed",
        Severity.ALARM,
        "Control failed",
        "It tries again with the next pass; other homes are not affected.",
        "Look at the log and report the message there.",
        found_by_pass=False,
    ),
    AlarmKind(
        "passes_late",
        Severity.ALARM,
        "Control is late",
        "The watchdog switched off every miner it believed on; when no pass ends any more, the program starts afresh.",
        "It ends with the next completed pass. If it stays, restart the program; in doubt switch heaters off by hand.",
    ),
    AlarmKind(
        "meters_contradict",
        Severity.WARNING,
        "Energy sensors contradict each other",
        "It uses the lower of the surpluses that these sensors allow.",
        "Check these sensors, their signs and what they count under Set-up → Energy monitors.",
    ),
    AlarmKind(
        "policy_problem",
        Severity.ALARM,
        "Policy cannot be used",
        "It starts nothing by this policy, and switches off what it started; frost protection goes on.",
        "Open the policy, correct the rule named here, or choose another policy for the unit.",
    ),
    AlarmKind(
        "settings_unusable",
        Severity.ALARM,
        "Settings cannot be used",
        "It keeps the miners concerned off, and switches off what was on; the rest of the home is controlled as usual.",
        "Open what is named here in Set-up and save it with correct settings, or remove it and add it again.",
    ),
    AlarmKind(
        "backup_missing",
        Severity.WARNING,
        "No backup",
        "Earlier backups are kept. It tries again every hour.",
        "Look at the disk. A backup to another place: ./run manage backup FILE, in the folder of Edge Mining.",
        found_by_pass=False,
    ),
)

KINDS: dict[str, AlarmKind] = {kind.key: kind for kind in _TABLE}


def is_found_by_pass(key: str) -> bool:
    """Also of a kind that only another version of the program knows."""
    return key not in KINDS or KINDS[key].found_by_pass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong right now, found by a pass. `subject`: "miner:<id>", "zone:<id>", …

    `remedy`: what the person can do, where its kind's own does not fit.
    """

    kind: str
    subject: str
    text: str
    remedy: str = ""
