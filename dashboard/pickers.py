"""Lists of entities in forms: each with name, area, id and value, searched as one types (`setup.js`).

Without script it is a plain list that says the same; what does not look right stands in a group of its own. Whoever
chooses from that group, or something with a caution about its kind, is asked once whether it is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from .offers import Offer

_OTHERS = "Others, which do not look like it"


class EntityPicker(forms.Select):
    """A select whose options carry what a list shows of an entity."""

    offers: dict[str, Offer]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"data-picker": "", **(attrs or {})})
        self.offers = {}

    def create_option(self, name, value, *args, **kwargs) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        offer = self.offers.get(str(value))
        if offer is not None:
            told = {"name": offer.name, "area": offer.area, "value": offer.value, "doubt": offer.doubt}
            option["attrs"] |= {f"data-{key}": text for key, text in {**told, "taken": offer.taken}.items() if text}
            if offer.taken:
                option["attrs"]["disabled"] = True
        return option


class EntityField(forms.ChoiceField):
    """An entity of Home Assistant. `asks`: why it is asked whether the chosen one is meant."""

    widget = EntityPicker
    asks = ""

    def offer(self, offers: Sequence[Offer], empty: str) -> None:
        """What can be chosen; `empty` is how nothing is called."""
        self.widget.offers = {one.id: one for one in offers}
        fitting = [(one.id, _line(one)) for one in offers if not one.doubt]
        others = [(one.id, _line(one)) for one in offers if one.doubt]
        self.choices = [("", empty), *fitting, *([(_OTHERS, others)] if others else [])]

    def found(self, entity_id: str) -> Offer | None:
        return self.widget.offers.get(entity_id)


def _line(offer: Offer) -> str:
    return " · ".join(filter(None, (offer.words, offer.taken, offer.doubt)))


def sure_name(field_name: str) -> str:
    """The input that says that a doubtful entity is meant."""
    return f"{field_name}-sure"


class OffersForm(forms.Form):
    """A form with lists of entities: what is taken is refused, what is doubtful asked about.

    `sure`: what was asked about and meant before, by field.
    """

    def __init__(self, *args, sure: Sequence[str] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self._sure_before = set(sure)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name, field in self.fields.items():
            if isinstance(field, EntityField) and cleaned.get(name):
                self._check(name, field, field.found(cleaned[name]))
        return cleaned

    def _check(self, name: str, field: EntityField, offer: Offer | None) -> None:
        if offer is None:
            return
        if offer.taken:
            self.add_error(name, f"{offer.id} is set up already: {offer.taken}. Choose another one.")
        elif offer.doubt:
            field.asks = offer.doubt
            if not self.is_sure(name, offer.id):
                self.add_error(name, f"{offer.doubt} If it is the right one all the same, tick the box below.")

    def is_sure(self, name: str, entity_id: str) -> bool:
        return entity_id in self._sure_before or self.data.get(sure_name(self.add_prefix(name))) == entity_id
