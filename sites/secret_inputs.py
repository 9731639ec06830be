"""Inputs of secrets in forms: what was typed is never sent back, so a form that is shown again asks for it again."""

from __future__ import annotations

from django import forms


def ask_again(form: forms.BaseForm) -> None:
    """Say beside each secret that was typed in a form that does not hold that it is not kept."""
    for bound in form:
        if form.errors and form.is_bound and bound.data and isinstance(bound.field.widget, forms.PasswordInput):
            bound.field.help_text = bound.help_text = "It is not kept before everything here holds: enter it again."
