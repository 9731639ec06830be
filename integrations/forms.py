"""The form of an adapter, made from its `Config`: one input per setting instead of raw JSON.

All adapters' settings stand on the add page, each in a group of its own whose inputs are named
``<adapter key>__<setting>``; a few lines of script show only the chosen adapter's group, and
without script the group headings say which one counts. Only the chosen adapter's settings are
read and checked, by pydantic alone, and each problem is shown beside its input.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from django.core.exceptions import ValidationError
from pydantic import ValidationError as ConfigError
from pydantic.fields import FieldInfo
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from sites.admin_base import SiteRowForm

from . import registry
from .problems import sentence
from .registry import Adapter, AdapterConfig, ConnectionKind

CONNECTION_LABELS = {
    ConnectionKind.HOME_ASSISTANT: "Home Assistant",
    ConnectionKind.SIMULATED_HOUSE: "Simulated house",
    ConnectionKind.MQTT: "MQTT broker",
}
#: Last words of a setting's name that only repeat its unit.
_UNIT_WORDS = frozenset({"celsius", "percent", "seconds", "minutes", "w", "wh", "kwh", "sat"})
#: Words that a label writes otherwise than a name in the code does.
_AS_WRITTEN = {"json": "JSON", "url": "URL", "btc": "BTC", "soc": "state of charge"}
CONNECTIONS = tuple(str(kind) for kind in ConnectionKind)


def input_name(adapter: type[Adapter], setting: str) -> str:
    return f"{adapter.key}__{setting}"


def label_of(name: str, info: FieldInfo) -> str:
    """“Highest temperature” of `highest_temperature_celsius`: the unit stands in the input, entities are said so."""
    words = name.split("_")
    if extra_of(info).get("entity_domains") and words[0] == "entity" and len(words) > 1:
        words = words[1:]
    if extra_of(info).get("unit") and words[-1] in _UNIT_WORDS and len(words) > 1:
        words = words[:-1]
    if info.title:
        return info.title
    label = " ".join(_AS_WRITTEN.get(word, word) for word in words)
    return f"{label[:1].upper()}{label[1:]}"


def extra_of(info: FieldInfo) -> Mapping[str, Any]:
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def base_type(annotation: Any) -> tuple[Any, bool]:
    """The type without its `None`, and whether it had one."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        if len(inner) < len(get_args(annotation)):
            return (inner[0] if len(inner) == 1 else Union[tuple(inner)]), True  # noqa: UP007
    return annotation, False


def choices_of(kind: Any) -> list[Any] | None:
    """The values of a Literal or an Enum, None for any other type."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [member.value for member in kind]
    return None


def form_field(name: str, info: FieldInfo) -> forms.Field:
    """The input of one setting. Never `required` itself: only the chosen adapter's are, see `clean`."""
    kind, is_optional = base_type(info.annotation)
    extra = extra_of(info)
    label = label_of(name, info) + (" *" if info.is_required() else "")
    common = {"required": False, "label": label, "help_text": info.description or ""}
    if kind is bool:
        return forms.BooleanField(widget=UnfoldBooleanSwitchWidget(), **common)
    values = choices_of(kind)
    if values is not None:
        return _select(values, with_blank=is_optional or info.is_required(), **common)
    if extra.get("secret"):
        # Never rendered back; blank keeps what is stored.
        common["help_text"] = f"{common['help_text']} Leave empty to keep the stored one.".strip()
        return forms.CharField(widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}), **common)
    if get_origin(kind) in (list, tuple, set, dict) or kind in (list, tuple, set, dict):
        return forms.JSONField(widget=UnfoldAdminTextareaWidget(), **common)
    return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs=_input_attributes(kind, info, extra)), **common)


def _select(values: list[Any], *, with_blank: bool, **common) -> forms.Field:
    by_text = {str(value): value for value in values}
    choices = [(text, text.replace("_", " ")) for text in by_text]
    return forms.TypedChoiceField(
        choices=[("", "—"), *choices] if with_blank else choices,
        coerce=lambda text: by_text.get(text, text),
        empty_value="",
        widget=UnfoldAdminSelectWidget(),
        **common,
    )


def _input_attributes(kind: Any, info: FieldInfo, extra: Mapping[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = {"autocomplete": "off", "spellcheck": "false"}
    if kind in (int, float):
        attributes["inputmode"] = "decimal"
    if extra.get("unit"):
        attributes["suffix"] = extra["unit"]
    if extra.get("entity_domains"):
        attributes["data-entity-domains"] = ",".join(extra["entity_domains"])
        attributes["data-entity-classes"] = ",".join(extra.get("entity_classes", ()))
    return attributes


def shown(value: Any) -> Any:
    """A stored setting as its input shows it."""
    if isinstance(value, Enum):
        value = value.value
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else value


class AdapterForm(SiteRowForm):
    """Base of the forms of monitors and controllers; `adapter_form` adds each adapter's inputs."""

    adapters: Mapping[str, type[Adapter]] = {}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in CONNECTIONS:
            if name in self.fields:
                self.fields[name].label = CONNECTION_LABELS[name]
        kind = self.fields["adapter_type"]
        if self.instance._state.adding:
            self._preselect_connections()
        else:
            kind.disabled = True
            kind.help_text = "It stays what it is. Add a new one to use another kind."
        for adapter in self.adapters.values():
            self._fill(adapter)

    def _preselect_connections(self) -> None:
        for name in CONNECTIONS:
            rows = list(self.fields[name].queryset[:2]) if name in self.fields else []
            if len(rows) == 1:
                self.initial.setdefault(name, rows[0].pk)

    def _fill(self, adapter: type[Adapter]) -> None:
        """Initial values: what is stored, else the default. A secret is never shown."""
        stored = self.instance.config if self.instance.adapter_type == adapter.key else {}
        for setting, info in adapter.Config.model_fields.items():
            name = input_name(adapter, setting)
            if name not in self.fields or extra_of(info).get("secret"):
                continue
            value = stored.get(setting, None if info.is_required() else info.get_default(call_default_factory=True))
            if value is not None:
                self.initial[name] = shown(value)

    def clean(self):
        cleaned = super().clean()
        adapter = self.adapters.get(cleaned.get("adapter_type") or "")
        if adapter is None:
            return cleaned
        for name in CONNECTIONS:
            if name in self.fields and name != adapter.connection:
                cleaned[name] = None
        self.instance.adapter_type = adapter.key
        typed = {name for name in adapter.Config.secrets() if cleaned.get(input_name(adapter, name))}
        self.instance.put_config(self._checked(adapter, self._typed(adapter, cleaned)), typed)
        for setting, problem in self.instance.moved_secrets().items():
            self.add_error(input_name(adapter, setting), problem)
        return cleaned

    def _typed(self, adapter: type[Adapter], cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """The settings as typed; an empty input is the default, or None where that is allowed."""
        typed = {}
        for setting, info in adapter.Config.model_fields.items():
            name = input_name(adapter, setting)
            if name not in self.fields or name in self.errors:
                continue
            value = cleaned.get(name)
            if value not in ("", None):
                typed[setting] = value
            elif extra_of(info).get("secret") and setting in self.instance.config:
                typed[setting] = self.instance.config[setting]
            elif base_type(info.annotation)[1] and not info.is_required():
                typed[setting] = None
        return typed

    def _checked(self, adapter: type[Adapter], typed: dict[str, Any]) -> dict[str, Any]:
        """The settings to store; every problem becomes an error beside its input."""
        try:
            config: AdapterConfig = adapter.Config.model_validate(typed)
        except ConfigError as error:
            for problem in error.errors():
                setting = str(problem["loc"][0]) if problem["loc"] else ""
                info = adapter.Config.model_fields.get(setting)
                name = input_name(adapter, setting)
                if name in self.errors:
                    continue
                is_secret = info is not None and bool(extra_of(info).get("secret"))
                unit = extra_of(info).get("unit", "") if info is not None else ""
                self.add_error(name if name in self.fields else None, sentence(problem, unit=unit, is_secret=is_secret))
            return typed
        return config.model_dump(mode="json")

    def _update_errors(self, errors: ValidationError) -> None:
        """The row checks its config again; those problems are already beside their inputs."""
        if hasattr(errors, "error_dict"):
            errors.error_dict.pop("config", None)
            if not errors.error_dict:
                return
        super()._update_errors(errors)


def adapter_form(model, adapters: Mapping[str, type[Adapter]] | None = None) -> type[AdapterForm]:
    """The form class of `model` (a kind of `AdapterRow`) for `adapters`, by default all there are.

    Made when a page is asked for, because adapters register after the admin is loaded.
    """
    adapters = real_first(registry.adapters(model.adapter_kind)) if adapters is None else adapters
    fields: dict[str, Any] = {
        input_name(adapter, setting): form_field(setting, info)
        for adapter in adapters.values()
        for setting, info in adapter.Config.model_fields.items()
    }
    fields["adapter_type"] = forms.ChoiceField(
        label="Kind",
        choices=[(key, adapter.label) for key, adapter in adapters.items()],
        widget=UnfoldAdminSelectWidget(attrs={"data-adapter-switch": "1"}),
    )
    fields["adapters"] = adapters
    return type(f"{model.__name__}Form", (AdapterForm,), fields)


def real_first(adapters: Mapping[str, type[Adapter]]) -> dict[str, type[Adapter]]:
    """Most people want the real thing; what only pretends stands last."""
    return dict(sorted(adapters.items(), key=lambda item: (not item[1].is_real, item[1].label)))


def fieldsets(adapters: Mapping[str, type[Adapter]], common: tuple[str, ...], after: tuple[str, ...]) -> list:
    """The groups of the page: what it is, its connection, and each adapter's own settings."""
    connections = sorted({str(one.connection) for one in adapters.values() if one.connection})
    groups = [(None, {"fields": [*common, "adapter_type"]})]
    groups += [(None, {"fields": [name], "classes": ["needs", f"needs-{name}"]}) for name in connections]
    for key, adapter in adapters.items():
        settings = [input_name(adapter, setting) for setting in adapter.Config.model_fields]
        needs = f"needs-{adapter.connection}" if adapter.connection else "needs-nothing"
        options = {"fields": settings, "classes": ["adapter", f"adapter-{key}", needs], "description": about(adapter)}
        groups.append((adapter.label, options))
    return [*groups, ("More", {"fields": list(after)})] if after else groups


def about(adapter: type[Adapter]) -> str:
    """What the adapter is and, for controllers, what cuts the power when this program is gone."""
    lines = [adapter.description]
    if adapter.kind == registry.Kind.MINER_CONTROLLER and adapter.is_real:
        if adapter.dead_man:
            lines.append(f"If this program stops: {adapter.dead_man}. {adapter.dead_man_help}")
        else:
            lines.append(
                "If this program stops while it heats, nothing switches it off by itself unless you provide for it. "
                f"{adapter.dead_man_help}"
            )
    return " ".join(line.strip() for line in lines if line.strip())
