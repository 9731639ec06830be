"""Lists of what only people change: answered with 304, or from memory, while the configuration stays as it is.

The version of a site's configuration moves in the transaction of any write to it (`optimization.site_plan.triggers`).
It is read before an answer is made: a write in between costs one more answer and never leaves an old one behind.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from climate import api as climate_api
from energy import api as energy_api
from integrations import adapter_api
from miners import api as miners_api
from optimization.site_plan.cache import versions_of

#: Addresses whose answers hold nothing but configuration, the same for every account.
LISTS = frozenset({"climate-zones", "climate-monitors", "energy-sources", "energy-monitors", "circuits"})

#: Another program may answer otherwise.
_SOURCES = (adapter_api, climate_api, energy_api, miners_api)
_PROGRAM = hashlib.sha256(b"".join(Path(one.__file__).read_bytes() for one in _SOURCES)).hexdigest()
#: Answers kept by this process, and how large one may be (bytes).
_MOST, _LARGEST = 16, 262_144
_kept: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
_lock = threading.Lock()


def answer(request: HttpRequest, route: str, make: Callable[[], HttpResponse]) -> HttpResponse:
    """What `make` answers, or the same from an earlier request; 304 for who has it already."""
    tag = _tag(request) if route in LISTS and request.method in ("GET", "HEAD") else None
    if tag is None:
        return make()
    response = _from_memory(tag)
    if response is None:
        response = make()
        if response.status_code != 200:
            return response
        _keep(tag, response)
    response.headers["ETag"] = tag
    # Nobody but the one who asked may keep it, and only to ask whether it is still so.
    response.headers["Cache-Control"] = "private, no-cache"
    return get_conditional_response(request, etag=tag, response=response)


def _tag(request: HttpRequest) -> str | None:
    """Stands for what was asked, by which program, at which configuration; None: that cannot be told."""
    site_id = request.GET.get("site_id")
    try:
        versions = versions_of(None if site_id is None else UUID(site_id))
    except ValueError:
        return None
    if versions is None:
        return None
    asked = f"{_PROGRAM} {request.get_full_path()} {versions}"
    return f'"{hashlib.sha256(asked.encode()).hexdigest()[:32]}"'


def _from_memory(tag: str) -> HttpResponse | None:
    with _lock:
        found = _kept.get(tag)
        if found is None:
            return None
        _kept.move_to_end(tag)
    return HttpResponse(found[0], content_type=found[1])


def _keep(tag: str, response: HttpResponse) -> None:
    if len(response.content) > _LARGEST:
        return
    with _lock:
        _kept[tag] = (response.content, response.headers["Content-Type"])
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
