"""The look and the sidebar of the set-up pages (django-unfold): in the order a person sets a home up."""

from __future__ import annotations

from functools import partial

from django.apps import apps
from django.templatetags.static import static
from django.urls import reverse_lazy


def _may_view(request, permission: str) -> bool:
    return request.user.has_perm(permission)


def _item(title: str, icon: str, model: str) -> dict:
    """One line of the sidebar: `model` as `app.model`; shown to whoever may view it."""
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "model": apps.get_model(app, name),
        "permission": partial(_may_view, permission=f"{app}.view_{name}"),
    }


def _group(title: str, *items: dict, collapsible: bool = False) -> dict:
    return {"title": title, "items": list(items), "separator": True, "collapsible": collapsible}


def navigation(request) -> list[dict]:
    """The groups whose items this person may see at least one of."""
    groups = [
        _group("1 · Site", _item("Sites", "home", "sites.site")),
        _group(
            "2 · Connections",
            _item("Home Assistant", "hub", "integrations.homeassistant"),
            _item("MQTT brokers", "cell_tower", "integrations.mqttbroker"),
            _item("Simulated houses", "science", "integrations.simulatedhouse"),
        ),
        _group(
            "3 · Zones",
            _item("Sensors", "device_thermostat", "climate.climatemonitor"),
            _item("Zones", "meeting_room", "climate.climatezone"),
            _item("Away & holidays", "luggage", "climate.targetperiod"),
        ),
        _group(
            "4 · Miners",
            _item("Controllers", "power", "miners.minercontroller"),
            _item("Circuits", "electrical_services", "miners.circuit"),
            _item("Miners", "memory", "miners.miner"),
            _item("Wishes by hand", "touch_app", "miners.manualrequest"),
            _item("Pools", "waves", "miners.poolaccount"),
            _item("Hash price", "payments", "miners.hashpricesource"),
        ),
        _group(
            "5 · Energy",
            _item("Meters", "speed", "energy.energymonitor"),
            _item("Sources", "solar_power", "energy.energysource"),
        ),
        _group("6 · Policies", _item("Policies", "rule", "optimization.policy")),
        _group("7 · Units", _item("Units", "tune", "optimization.optimizationunit")),
        _group(
            "Records",
            _item("Alarms", "notifications", "sites.alarm"),
            _item("Decisions", "fact_check", "optimization.decision"),
            _item("Activity", "history", "sites.activitylog"),
            _item("Commands", "terminal", "miners.commandlog"),
        ),
        _group("Access", _item("Users", "person", "auth.user"), _item("API tokens", "key", "sites.apitoken")),
    ]
    return [group for group in groups if any(item["permission"](request) for item in group["items"])]


def index(request, context: dict) -> dict:
    """The first page: the same groups, each with how many there are, instead of a list of tables."""
    steps = []
    for group in navigation(request):
        items = [item | {"count": item["model"]._base_manager.count()} for item in group["items"]]
        steps.append({"title": group["title"], "items": [one for one in items if one["permission"](request)]})
    return context | {"title": "Set-up", "steps": steps}


def _blue(weight: str, lightness: str, chroma: str) -> tuple[str, str]:
    return weight, f"oklch({lightness} {chroma} 240)"


UNFOLD = {
    "SITE_TITLE": "Edge Mining",
    "SITE_HEADER": "Edge Mining",
    "SITE_SUBHEADER": "Set-up",
    "SITE_SYMBOL": "mode_heat",
    "SITE_URL": "/",
    "DASHBOARD_CALLBACK": "edgemining.admin_menu.index",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "8px",
    # Colour only for meaning: amber and red belong to heating and alarms, so the accent is a calm blue.
    "COLORS": {
        "primary": dict(
            _blue(*shade)
            for shade in (
                ("50", "97.5%", ".013"),
                ("100", "95%", ".026"),
                ("200", "90%", ".05"),
                ("300", "82%", ".09"),
                ("400", "73%", ".13"),
                ("500", "62%", ".15"),
                ("600", "52%", ".14"),
                ("700", "45%", ".12"),
                ("800", "39%", ".1"),
                ("900", "34%", ".08"),
                ("950", "25%", ".06"),
            )
        ),
    },
    "STYLES": [lambda request: static("admin_extra/setup.css")],
    "SCRIPTS": [lambda request: static("admin_extra/setup.js")],
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": navigation},
}
