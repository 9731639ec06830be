"""Rules as rows of the policy's form: JSON with its mistakes named by line, fields and operators by place."""

from __future__ import annotations

import json

from django import forms
from django.core.exceptions import ValidationError
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminTextareaWidget

from sites import json_text

from .models import Rule
from .policies import check_rule, forget_gone

EXAMPLE = {"field": "climate.zone.below_target", "operator": "eq", "value": True}


class ConditionsField(forms.JSONField):
    """The condition tree as indented JSON."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value):
        if isinstance(value, forms.fields.InvalidJSONInput):
            return value
        return json.dumps(value, indent=2, ensure_ascii=False)

    def to_python(self, value):
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return json_text.loads(value, parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            raise ValidationError(
                f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
            ) from None
        except json_text.DoubledKeys as error:
            raise ValidationError(
                [f"conditions{_below(place)}: this key is given twice. Leave one out." for place in error.places[:10]]
            ) from None
        except (ValueError, RecursionError) as error:
            raise ValidationError(f"This is not JSON: {error}.") from None

    def bound_data(self, data, initial):
        """What was typed comes back as typed, with its mistakes."""
        if self.disabled:
            return initial
        try:
            return json_text.loads(data)
        except (ValueError, TypeError, RecursionError):
            return forms.fields.InvalidJSONInput(data or "")


def _below(place: json_text.Place) -> str:
    steps = json_text.in_words(place).strip("‘’")
    return steps if steps.startswith("[") else f".{steps}"


def _refuse_constant(word: str):
    raise ValueError(f"{word} is no number a rule can use")


class RuleForm(forms.ModelForm):
    conditions = ConditionsField(
        initial=EXAMPLE,
        help_text="A comparison, or a group: all_of, any_of, not_. Add “for”: “3m” to ask that it holds that long. "
        "The names to use are listed above.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "class": "code", "spellcheck": "false"}),
    )

    class Meta:
        model = Rule
        fields = ("kind", "name", "priority", "enabled", "description", "conditions")
        widgets = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 2})}


class RuleFormSet(PaginationInlineFormSet):
    """All rules of one policy, checked against the fields its site really has."""

    def clean(self):
        super().clean()
        for form in self.forms:
            cleaned = getattr(form, "cleaned_data", {})
            if not form.has_changed() and form.instance._state.adding:
                continue
            if cleaned.get("DELETE") or cleaned.get("conditions") is None:
                continue
            self._check(form)

    def _check(self, form: RuleForm) -> None:
        rule, site = form.instance, self.instance.site
        is_new = "conditions" in form.changed_data
        if is_new:
            forget_gone(rule, site)
        try:
            check_rule(rule, site, is_new=is_new)
        except ValidationError as error:
            form.add_error("conditions", error.messages)
