"""Set-up pages of connections, and the base of the pages of monitors and controllers.

Every one of them has "Test connection" and "Read now": for stored rows as a list action, and on
the form for what is typed but not saved yet. Those and the entity suggestions are the only pages
that talk to a device outside the pass (≤ 5 s).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET, require_POST
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from sites.admin_base import SiteRowAdmin, SiteRowForm, refuse_unless
from sites.fields import Secret
from sites.words import NOTHING, listed

from . import registry
from .connections.home_assistant_address import without_page
from .forms import adapter_form, fieldsets, input_name, real_first
from .models import CONNECTIONS, AdapterRow, HomeAssistant, MqttBroker, SimulatedHouse
from .probe import Probe, probe
from .registry import Advice
from .suggestions import suggest

#: How many devices one list action asks at the same time.
AT_ONCE = 8


def in_words(form: forms.ModelForm, error_fields: list[str]) -> str:
    """What must be put right before anything can be asked."""
    parts = []
    for name in error_fields:
        label = form.fields[name].label if name in form.fields else "Form"
        parts.append(f"{str(label).capitalize()}: {' '.join(form.errors[name])}")
    return "First put this right. " + " ".join(parts)


class ProbeAdmin(SiteRowAdmin):
    """Adds the test buttons to the page of a row that can be asked."""

    actions = ("read_now",)
    change_form_after_template = "admin/probe_panel.html"
    #: Mistakes in these fields do not matter to the device.
    not_asked_for = frozenset({"name", "stale_after_seconds"})
    tests_connection_only = False

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_probe"
        view = self.admin_site.admin_view(require_POST(self.probe_view))
        return [
            path("probe/", view, name=name),
            path("<uuid:object_id>/probe/", view, name=f"{name}_stored"),
            *super().get_urls(),
        ]

    def probe_view(self, request: HttpRequest, object_id=None) -> JsonResponse:
        """Ask the device described by the posted form; nothing is saved."""
        obj = self.get_object(request, str(object_id)) if object_id else None
        refuse_unless(self.has_change_permission(request, obj) if object_id else self.has_add_permission(request))
        form_class = self.get_form(request, obj, change=obj is not None)
        form = form_class(request.POST, instance=obj)
        wrong = [name for name in form.errors if name not in self.not_asked_for]
        if wrong:
            return JsonResponse({"ok": False, "sentence": in_words(form, wrong), "values": {}})
        row = form.instance
        if request.POST.get("what") == "connection":
            row = getattr(row, "connection", None) or row
        result = probe(row)
        return JsonResponse(as_json(result) | {"advice": [filled_in(row, one) for one in result.advice]})

    @admin.action(description="Test and read now", permissions=["view"])
    def read_now(self, request, queryset):
        rows = list(queryset)
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            for row, result in zip(rows, pool.map(probe, rows), strict=True):
                level = messages.SUCCESS if result.ok else messages.ERROR
                self.message_user(request, f"{row}: {result.sentence}", level)


def filled_in(row: AdapterRow, advice: Advice) -> dict:
    """A piece of advice, and what it puts into which inputs of the form."""
    settings = {input_name(row.adapter, name): value for name, value in advice.settings.items()}
    return {"sentence": advice.sentence, "fill": {**settings, **advice.fields}}


def as_json(result: Probe) -> dict:
    return {
        "ok": result.ok,
        "sentence": result.sentence,
        "values": {str(key): str(value) for key, value in result.values.items()},
    }


class AdapterAdmin(ProbeAdmin):
    """Base of the pages of monitors and controllers: the adapter's own settings as inputs."""

    heats = True
    list_select_related = ("site", *map(str, CONNECTIONS))
    #: Fields of the row itself that stand after the adapter's settings.
    after_settings: tuple[str, ...] = ()

    def _adapters(self, obj: AdapterRow | None) -> dict[str, type[registry.Adapter]]:
        known = real_first(registry.adapters(self.model.adapter_kind))
        if obj is None:
            return known
        return {key: adapter for key, adapter in known.items() if key == obj.adapter_type}

    def get_fieldsets(self, request, obj=None):
        return fieldsets(self._adapters(obj), ("site", "name"), self.after_settings)

    def get_form(self, request, obj=None, change=False, **kwargs):
        kwargs["form"] = adapter_form(self.model, self._adapters(obj))
        return super().get_form(request, obj, change=change, **kwargs)

    @admin.display(description="kind", ordering="adapter_type")
    def kind(self, row: AdapterRow) -> str:
        try:
            return row.adapter.label + ("" if row.adapter.is_real else " (not real)")
        except LookupError:
            return f"{row.adapter_type} (not installed)"

    @admin.display(description="connection")
    def connected_by(self, row: AdapterRow) -> str:
        return next((str(found) for kind in CONNECTIONS if (found := getattr(row, str(kind)))), NOTHING)


def last_seen(row: HomeAssistant | MqttBroker) -> str:
    """What the last pass saw of a connection."""
    seen = row.live.get("connections", {}).get(str(row.pk))
    if seen is None:
        return "not asked yet"
    return "answers" if seen["ok"] else seen["problem"]


class HomeAssistantForm(SiteRowForm):
    """The token is typed, never shown: left empty, the stored one stays."""

    class Meta:
        widgets = {
            "url": UnfoldAdminTextInputWidget(
                attrs={"inputmode": "url", "placeholder": "http://homeassistant.local:8123"}
            )
        }

    token = forms.CharField(
        label="Long-lived access token",
        required=False,
        max_length=2000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=HomeAssistant._meta.get_field("token").help_text,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.stored_token = self.instance.token
        self.initial.pop("token", None)
        if self.stored_token:
            self.fields[
                "token"
            ].help_text = "A token is stored. Leave this empty to keep it. Another address needs it again."

    def clean_url(self) -> str:
        return without_page(self.cleaned_data["url"])

    def clean_token(self) -> str:
        typed = self.cleaned_data["token"].strip()
        if not (typed or self.stored_token):
            raise ValidationError("Home Assistant asks for a token. Create one there and paste it here.")
        return Secret(typed) if typed else self.stored_token


@admin.register(HomeAssistant)
class HomeAssistantAdmin(ProbeAdmin):
    """Home Assistant: address and token, tested before saving."""

    form = HomeAssistantForm
    heats = True
    tests_connection_only = True
    fields = ("site", "name", "url", "token", "certificate")
    list_display = ("name", "url", "state")
    alternative = "If it only moved, change its address instead; everything that reads from it stays."

    @admin.display(description="state")
    def state(self, row: HomeAssistant) -> str:
        return last_seen(row)

    def get_urls(self):
        view = self.admin_site.admin_view(require_GET(self.entities_view))
        return [
            path("<uuid:object_id>/entities/", view, name="integrations_homeassistant_entities"),
            *super().get_urls(),
        ]

    def entities_view(self, request: HttpRequest, object_id) -> JsonResponse:
        """Entities whose id or name contains `q`, of `domains`, with their present state."""
        row = self.get_object(request, str(object_id))
        refuse_unless(row is not None and self.has_view_permission(request, row))
        domains, classes = (
            [word for word in request.GET.get(name, "").split(",") if word] for name in ("domains", "classes")
        )
        found, problem = suggest(row, domains, request.GET.get("q", ""), classes)
        return JsonResponse({"entities": found, "problem": problem})


class MqttBrokerForm(SiteRowForm):
    """The password is typed, never shown: left empty, the stored one stays as long as there is a user."""

    class Meta:
        widgets = {
            "host": UnfoldAdminTextInputWidget(attrs={"placeholder": "homeassistant.local", "autocomplete": "off"}),
            "username": UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        }

    password = forms.CharField(
        label="Password",
        required=False,
        max_length=1000,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.stored_password = self.instance.password
        self.initial.pop("password", None)
        if self.stored_password:
            self.fields[
                "password"
            ].help_text = "A password is stored. Leave this empty to keep it. Another address needs it again."

    def clean(self):
        cleaned = super().clean()
        typed = cleaned.get("password")
        kept = Secret(typed) if typed else self.stored_password
        cleaned["password"] = kept if cleaned.get("username") else ""
        return cleaned


@admin.register(MqttBroker)
class MqttBrokerAdmin(ProbeAdmin):
    """An MQTT broker: address and user, tested before saving."""

    form = MqttBrokerForm
    heats = True
    tests_connection_only = True
    fields = ("site", "name", "host", "port", "tls", "username", "password", "certificate")
    list_display = ("name", "host", "port", "state")
    alternative = "If it only moved, change its address instead; everything that reads from it stays."

    @admin.display(description="state")
    def state(self, row: MqttBroker) -> str:
        return last_seen(row)


@admin.register(SimulatedHouse)
class SimulatedHouseAdmin(ProbeAdmin):
    """A house of pure physics, to try things on."""

    heats = True
    tests_connection_only = True
    fields = ("site", "name", "seed")
    list_display = ("name", "seed", "used_by")
    alternative = "Nothing in it is real, so it can also just stay."

    @admin.display(description="used by")
    def used_by(self, row: SimulatedHouse) -> str:
        rows = [*row.climatemonitors.all(), *row.energymonitors.all(), *row.minercontrollers.all()]
        return listed(rows) or NOTHING
