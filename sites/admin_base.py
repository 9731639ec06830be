"""What the set-up pages of every floor share: rows of one site, safe deletion, records nobody edits."""

from __future__ import annotations

from datetime import UTC

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import ProtectedError, Q, TextField
from django.forms.utils import pretty_name
from django.http import HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from . import consequences, hooks, live, lowering
from .faults import DATABASE_ERRORS, fault_of
from .held import Order
from .models import Site
from .secret_inputs import ask_again
from .words import listed, local_time


def only_site() -> Site | None:
    """The site a new row most likely belongs to: the only one a person set up, or the only one at all."""
    own = list(Site.objects.filter(is_demo=False)[:2])
    candidates = own or list(Site.objects.all()[:2])
    return candidates[0] if len(candidates) == 1 else None


def has_field(model, name: str) -> bool:
    return any(field.name == name for field in model._meta.fields)


class SiteRowForm(forms.ModelForm):
    """A form whose choices belong to the row's own site; a choice of another site is refused by name."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        several = Site.objects.count() > 1
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField) and has_field(field.queryset.model, "site"):
                self._of_this_site(field, several)

    def _of_this_site(self, field: forms.ModelChoiceField, several: bool) -> None:
        site_id = getattr(self.instance, "site_id", None)
        if site_id is not None:
            field.queryset = field.queryset.filter(Q(site=site_id) | Q(site=None))
        elif several:
            field.queryset = field.queryset.select_related("site")
            field.label_from_instance = lambda row: f"{row} · {row.site}" if row.site_id else str(row)

    @property
    def site(self) -> Site | None:
        """The site chosen, or the row's own; None while nobody chose."""
        chosen = getattr(self, "cleaned_data", {}).get("site")
        return chosen or (self.instance.site if getattr(self.instance, "site_id", None) else None)

    def full_clean(self):
        super().full_clean()
        ask_again(self)

    def clean(self):
        cleaned = super().clean()
        site = self.site
        if site is None:
            return cleaned
        for name, field in self.fields.items():
            if not isinstance(field, forms.ModelChoiceField) or not has_field(field.queryset.model, "site"):
                continue
            chosen = cleaned.get(name)
            rows = chosen if isinstance(field, forms.ModelMultipleChoiceField) else [chosen] if chosen else []
            for row in rows or ():
                if row.site_id not in (None, site.pk):
                    self.add_error(name, f"‘{row}’ belongs to ‘{row.site}’, this to ‘{site}’. Choose one of ‘{site}’.")
        return cleaned


def name_inputs(form: forms.BaseForm, *, all_of_them: bool = False) -> None:
    """Give inputs a name that no label of their own gives: the parts of a date with a time, and, where
    `all_of_them`, the cells of a table, whose heads label nobody."""
    for name, field in form.fields.items():
        label = str(field.label or pretty_name(name))
        widget = getattr(field.widget, "widget", field.widget)
        if isinstance(widget, forms.SplitDateTimeWidget):
            for part, what in zip(widget.widgets, ("date", "time"), strict=True):
                part.attrs.setdefault("aria-label", f"{label}: {what}")
        elif all_of_them:
            widget.attrs.setdefault("aria-label", label)


class NamedCells:
    """A form in a row of a table."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        name_inputs(self, all_of_them=True)


class TableInline(TabularInline):
    """Rows in a table whose inputs have the names of their columns."""

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        formset.form = type(formset.form.__name__, (NamedCells, formset.form), {})
        return formset


class PageAdmin(ModelAdmin):
    """The look every page of the set-up shares."""

    compressed_fields = False
    list_fullwidth = True
    show_full_result_count = False
    list_per_page = 50

    def render_change_form(self, request, context, *args, **kwargs):
        name_inputs(context["adminform"].form)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_actions(self, request):
        """Things are deleted one at a time, on a page that says what depends on them."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        kwargs.setdefault("widget", UnfoldAdminCheckboxSelectMultipleWidget())
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = getattr(field, "widget", None)
        if isinstance(db_field, TextField):
            widget.attrs["rows"] = 3
        if hasattr(widget, "can_delete_related"):
            # "Add" beside a choice helps while setting up; deleting from there would bypass the warnings.
            widget.can_delete_related = widget.can_change_related = widget.can_view_related = False
            if db_field.many_to_many:
                field.widget = widget.widget  # the pop-up that adds a row cannot add a checkbox
        return field


class DeletionAdmin(PageAdmin):
    """Deleting says first what depends on the thing, offers the alternative, and goes the safe way."""

    #: True: it heats, or something that heats depends on it; miners are switched off first.
    heats = False
    #: The gentler way, one sentence; shown with a link to the form.
    alternative = ""

    def get_deleted_objects(self, objs, request):
        """Sentences instead of the tree of rows (a zone has half a million readings)."""
        found = [consequences.of_deleting(obj) for obj in objs]
        blocked = [line for one in found for line in one.blocked]
        return [line for one in found for line in one.follows], {}, set(), blocked

    def delete_view(self, request, object_id, extra_context=None):
        """No transaction around it: waiting for a miner to be off must not hold the database."""
        obj = self.get_object(request, unquote(object_id))
        context = {"consequences": True, "alternative": self.alternative, "heats": self.heats, **(extra_context or {})}
        if obj is not None:
            context["change_url"] = self.change_url(obj)
        try:
            return self._delete_view(request, object_id, context)
        except ValidationError as error:
            problems = error.messages
        except ProtectedError as error:
            problems = [f"Nothing was deleted, because something still needs it: {listed(error.protected_objects)}."]
        for line in problems:
            messages.error(request, line)
        return HttpResponseRedirect(self.change_url(obj))

    def log_deletions(self, request, queryset):
        """Nothing yet: a deletion can still be refused; `delete_model` writes it down when it is done."""

    def delete_model(self, request, obj):
        pk = obj.pk
        if self.heats:
            hooks.delete_safely.call(obj, by=request.user.get_username())
        else:
            super().delete_model(request, obj)
        obj.pk = pk
        super().log_deletions(request, [obj])

    def change_url(self, obj) -> str:
        meta = self.model._meta
        return reverse(f"{self.admin_site.name}:{meta.app_label}_{meta.model_name}_change", args=[obj.pk])


class LoweringAdmin(DeletionAdmin):
    """Forms that may ask for less heat: that is done at once and held where it cannot be stored."""

    def lowers(self, request, obj) -> Order | None:
        """What this form asks of the stored row, when that is less heat."""
        raise NotImplementedError

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DATABASE_ERRORS as error:
            fault = fault_of(error)
            if fault is None or not fault.reads or request.method != "POST" or object_id is None:
                raise
            obj = self.get_object(request, unquote(object_id))
            order = self.lowers(request, obj) if obj is not None else None
            if order is None or not self.has_change_permission(request, obj):
                raise
            lowering.hold([order], fault)


class SetAsideAdmin(LoweringAdmin):
    """Rows that can be deactivated: what they heat is switched off, and the form waits until that is seen."""

    def lowers(self, request, obj) -> Order | None:
        is_set_aside = obj.is_active and "is_active" not in request.POST
        return lowering.set_aside(obj, by=request.user.get_username()) if is_set_aside else None

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if change and form.initial.get("is_active") and not obj.is_active:
            # After the commit: waiting for a miner to be off must not hold the database.
            transaction.on_commit(lambda: self._see_off(request, obj))

    def _see_off(self, request, obj) -> None:
        for line in hooks.see_off.call(obj, by=request.user.get_username()):
            messages.error(request, line)


class SiteRowAdmin(DeletionAdmin):
    """Rows of one site: the site is chosen once, and every change asks for a pass."""

    form = SiteRowForm
    search_fields = ("name",)
    list_select_related = ("site",)

    def get_readonly_fields(self, request, obj=None):
        fields = tuple(super().get_readonly_fields(request, obj))
        return (*fields, "site") if obj is not None else fields

    def get_changeform_initial_data(self, request):
        initial = super().get_changeform_initial_data(request)
        site = only_site()
        if site is not None:
            initial.setdefault("site", str(site.pk))
        return initial

    def get_list_display(self, request):
        columns = list(super().get_list_display(request))
        return [*columns, "site"] if Site.objects.count() > 1 else columns

    def get_list_filter(self, request):
        filters = tuple(super().get_list_filter(request))
        return ("site", *filters) if Site.objects.count() > 1 else filters

    def get_changelist_instance(self, request):
        """Each row of the list gets `live`, what the last pass said about its site."""
        changelist = super().get_changelist_instance(request)
        snapshots: dict = {}
        for row in changelist.result_list:
            if row.site_id not in snapshots:
                snapshots[row.site_id] = live.read(row.site_id) or {}
            row.live = snapshots[row.site_id]
        return changelist

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if form.instance.site_id is not None:
            form.instance.site.wake()


class RecordAdmin(PageAdmin):
    """What happened: to be read, never written. Times are those of the site it happened at."""

    @admin.display(description="when", ordering="at")
    def when(self, row) -> str:
        site = row.site if hasattr(row, "site") else row.miner.site
        return local_time(row.at, site.tz if site else UTC)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


def refuse_unless(allowed: bool) -> None:
    """For views beside the stock ones, which check permissions themselves."""
    if not allowed:
        raise PermissionDenied
