"""The miners of a draft in words, for its list and for the last look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations import registry
from integrations.registry import Kind
from miners.drivers import dead_man
from miners.models import MinerController
from sites.words import watts

from .add_miner_forms import NEW_PLUG, HeatForm
from .capabilities import DEAD_MAN, Capability, capabilities
from .setup_draft import Draft, opened, plug_driver


@dataclass(frozen=True)
class Summary:
    """A miner to be: what it is, what was answered, and what to be wary of."""

    name: str
    device: str
    said: list[tuple[str, str]]
    warnings: list[Capability]


def summaries(draft: Draft) -> list[Summary]:
    return [_summary(draft, miner) for miner in draft.miners]


def _summary(draft: Draft, answers: Mapping[str, Any]) -> Summary:
    form = HeatForm(home=draft.site, rooms=draft.room_choices(), is_plug=not answers.get("identity"))
    can = of_device(answers)
    # What ends the heat without this program is named with its minutes, also where it is no warning.
    ends = [(one.term, one.text) for one in can if one.term == DEAD_MAN and not one.is_warning]
    warnings = [one for one in can if one.is_warning]
    return Summary(answers["name"], device_words(answers), form.said(answers) + ends, warnings)


def device_words(answers: Mapping[str, Any]) -> str:
    """“Avalon Q at 192.168.1.40”, “switch.miner_plug, 3.2 kW”."""
    config = opened(answers["config"])
    if answers.get("identity"):
        return f"{answers['identity'].get('model', '')} at {config.get('address', '')}".strip()
    return f"{config.get('entity_switch', '')}, {watts(answers.get('watts'))}"


def of_device(answers: Mapping[str, Any]) -> list[Capability]:
    """What it can and cannot, as its driver and its upstream plug say."""
    adapter = registry.get(Kind.MINER_CONTROLLER, answers["adapter_type"])
    config = adapter.Config.model_validate(opened(answers["config"]))
    if not answers.get("identity"):
        ends = adapter.dead_man_of(config)
        if ends is not None:
            return [Capability(DEAD_MAN, f"{ends[:1].upper()}{ends[1:]}.")]
        more = "Give the plug an auto-off timer of its own and enter its minutes with the miner."
        return [Capability(DEAD_MAN, "Nothing switches it off.", is_warning=True, more=more)]
    return capabilities(
        answers["identity"],
        adapter,
        config,
        has_plug=bool(answers.get("plug")),
        plug_dead_man=plug_dead_man(answers),
    )


def plug_dead_man(answers: Mapping[str, Any]) -> str | None:
    """What cuts the chosen upstream plug when this program is gone, in words with its minutes; None: nothing does."""
    plug = answers.get("new_plug")
    if answers.get("plug") == NEW_PLUG:
        return None if plug is None else _dead_man_of(plug)
    row = MinerController.objects.filter(pk=answers["cutoff"]).first() if answers.get("cutoff") else None
    return None if row is None else dead_man.dead_man_of(row)


def _dead_man_of(plug: dict[str, Any]) -> str | None:
    adapter = registry.get(Kind.MINER_CONTROLLER, plug_driver(plug))
    return adapter.dead_man_of(adapter.Config.model_validate(plug["config"]))
