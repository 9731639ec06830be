"""The frame of the wizard: which steps there are, who may take which, and the page around each.

One flow for the first set-up and for adding: Home Assistant → rooms → miners → energy → finish. For a home that is
there it begins with what is added, and leaves out what the home has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from . import scope
from .page import PageData, respond, signed_in
from .setup_draft import NEW_HOME, Draft, current

#: What somebody came for.
HOME, ROOM, MINER = "home", "room", "miner"
TITLES = {HOME: "Set up my home", ROOM: "Add a room", MINER: "Add a miner"}
_NEW_HOME_STEPS = (
    ("setup", "Home Assistant"),
    ("setup-rooms", "Rooms"),
    ("setup-miners", "Miners"),
    ("setup-energy", "Energy"),
    ("setup-finish", "Finish"),
)


def goal(draft: Draft) -> str:
    return HOME if draft.key == NEW_HOME else draft.get("goal", MINER)


def steps(draft: Draft) -> list[tuple[str, str]]:
    """The steps of this draft: view names and what they are called."""
    if draft.key == NEW_HOME:
        return list(_NEW_HOME_STEPS)
    found = [("setup-connection", "Home Assistant")] if "url" in draft or draft.connection() is None else []
    adds_rooms = goal(draft) == ROOM or draft.rooms
    if adds_rooms:
        found.append(("setup-rooms", "Rooms"))
    elif goal(draft) == MINER:
        found = []  # a miner at an address needs no Home Assistant
    return [*found, ("setup-miners", "What heats them" if adds_rooms else "Miner"), ("setup-finish", "Finish")]


def page(request: HttpRequest, draft: Draft, here: str, template: str = "", **context: Any) -> HttpResponse:
    """The page of a step, in the frame of its home or, for a home to be, of the welcome page."""
    every = steps(draft)
    names = [name for name, _ in every]
    at = names.index(here) if here in names else 0
    context |= {
        "steps": [(name, label, index < at, index == at) for index, (name, label) in enumerate(every)],
        "draft": draft,
        "answers": draft.answers,
        "goal": goal(draft),
        "wizard_title": TITLES[goal(draft)],
        "is_new": draft.key == NEW_HOME,
        "is_simulated": draft.site is not None and draft.site.is_demo,
    }
    template = template or f"dashboard/{here.replace('-', '_')}.html"
    if draft.key == NEW_HOME:
        return render(request, template, {**context, "frame": "dashboard/plain.html"})
    data = PageData(request, scope.scope_of(request))
    place = "miners" if goal(draft) == MINER else "home"
    return respond(data, template, [], place=place, frame="dashboard/base.html", **context)


def first_step(draft: Draft) -> str:
    return steps(draft)[0][0]


def after(draft: Draft, here: str) -> HttpResponse:
    """On to the next step."""
    names = [name for name, _ in steps(draft)]
    return redirect(names[min(names.index(here) + 1, len(names) - 1)])


def step(*needed: str, lost: str = "setup") -> Callable:
    """A step of the draft that is worked on; without the answers it needs it leads back to the beginning, and without
    any draft to `lost`.
    """

    def decorate(view: Callable[[HttpRequest, Draft], HttpResponse]) -> Callable[..., HttpResponse]:
        def wrapped(request: HttpRequest) -> HttpResponse:
            draft = current(request)
            if draft is None:
                return redirect(lost)
            if draft.key != NEW_HOME:
                if draft.site is None:
                    draft.drop()
                    return redirect("home")
                _show(request, draft)
            missing = [name for name in needed if name not in draft]
            if missing and not (draft.key != NEW_HOME and missing == ["url"] and draft.connection() is not None):
                return redirect(first_step(draft))
            return view(request, draft)

        wrapped.__doc__ = view.__doc__
        return never_cache(require_http_methods(["GET", "HEAD", "POST"])(signed_in(wrapped)))

    return decorate


def _show(request: HttpRequest, draft: Draft) -> None:
    """The frame shows the home that is added to, whatever another tab shows."""
    shown = scope.scope_of(request).site
    if shown is None or str(shown.pk) != draft.key:
        scope.choose(request, draft.key)
