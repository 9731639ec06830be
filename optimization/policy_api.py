"""Policies, their rules, and what a rule may look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.pagination import paginate
from ninja.responses import Status
from pydantic import Field

from sites.models import Site
from sites.rest import rows
from sites.rest.bodies import Answer, Body, field, patch_of
from sites.rest.paging import Paged
from sites.rest.problems import MOST_PROBLEMS, Conflict, Invalid, Missing, bounded, problem
from sites.words import ended

from . import policies
from .models import OptimizationUnit, Policy, Rule, RuleKind
from .policies import RuleRefused
from .policy_check import PolicyCheck, policy_errors, warnings_of
from .policy_check import check_policy as checked
from .policy_copy import duplicate_policy
from .rules import OPERATORS, RuleErrors, compile_rule
from .rules.parse import MAX_LEAVES, MAX_NESTING

router = Router(tags=["policies"])
engine_router = Router(tags=["rule-engine"])
context_router = Router(tags=["rule-engine"])


class RuleIn(Body):
    kind: RuleKind
    name: str = field(Rule, "name")
    description: str = Field("", max_length=2000)
    priority: int = Field(0, ge=-1_000_000, le=1_000_000, description="The highest is looked at first.")
    enabled: bool = True
    conditions: dict[str, Any] = Field(description="all_of, any_of, not_, or field + operator + value or value_ref.")


RulePatch = patch_of(RuleIn)


class RuleOut(Answer):
    """`zone_ids`: the zones that names in the conditions mean, as bound when they were saved; renaming a zone changes
    nothing, and what is called so later is not meant.
    """

    id: UUID
    kind: str
    name: str
    description: str
    priority: int
    enabled: bool
    conditions: dict[str, Any]
    zone_ids: dict[str, UUID | None]


class RuleSaid(RuleOut):
    """`warnings`: what it says but may not mean, and why it is never true here, if so."""

    warnings: list[str]

    @staticmethod
    def resolve_warnings(rule: Rule) -> list[str]:
        return warnings_of(rule)


class PolicyIn(Body):
    site_id: UUID | None = Field(None, description="Empty: for all sites; then its rules name no zone.")
    name: str = field(Policy, "name")
    description: str = Field("", max_length=5000)


PolicyPatch = patch_of(PolicyIn)


class PolicyOut(Answer):
    """`shipped_key` is set on policies that come with the program; those are copied, not changed."""

    id: UUID
    site_id: UUID | None
    name: str
    description: str
    shipped_key: str
    version: int
    start_rules: list[RuleOut]
    stop_rules: list[RuleOut]

    @staticmethod
    def resolve_start_rules(policy: Policy) -> list[Rule]:
        return [rule for rule in policy.rules.all() if rule.kind == RuleKind.START]

    @staticmethod
    def resolve_stop_rules(policy: Policy) -> list[Rule]:
        return [rule for rule in policy.rules.all() if rule.kind == RuleKind.STOP]


def _policies() -> QuerySet[Policy]:
    return Policy.objects.prefetch_related("rules")


def _own(pk: UUID) -> Policy:
    """A policy a person may change."""
    policy = rows.get(Policy.objects.select_related("site"), pk)
    if policy.shipped_key:
        raise Conflict(f"‘{policy}’ comes with the program and is renewed with it. Copy it and change the copy.")
    return policy


@contextmanager
def _still_usable(policy: Policy) -> Iterator[None]:
    """A change may not take the ground from under an enabled unit; one that could not use the policy anyway is no
    reason to keep it as it is.
    """
    units = [unit for unit in policy.units.filter(is_enabled=True).select_related("site") if not _errors(policy, unit)]
    with transaction.atomic():
        yield
        for unit in units:
            errors = _errors(policy, unit)
            if errors:
                why = " ".join(errors[:3])
                raise Conflict(f"The enabled unit ‘{unit}’ could not use it then: {why} Disable it first.", [unit])


def _errors(policy: Policy, unit: OptimizationUnit) -> list[str]:
    return policy_errors(Policy.objects.get(pk=policy.pk), unit.site)


def _refused(error: RuleRefused, conditions: Any) -> Invalid:
    """Each problem of the conditions with the keys and indexes that lead to it."""
    found = [
        problem(["body", *one.loc], _sentence(one.message), _at(conditions, one.loc[1:])) for one in error.problems
    ]
    return Invalid(*bounded(found[:MOST_PROBLEMS], len(found)))


def _sentence(message: str) -> str:
    return ended(f"{message[:1].upper()}{message[1:]}")


def _at(conditions: Any, steps: tuple[str | int, ...]) -> Any:
    """What was sent at that place; None where nothing was."""
    for step in steps:
        inside = isinstance(conditions, dict) and step in conditions
        if not inside and not (isinstance(conditions, list) and isinstance(step, int) and step < len(conditions)):
            return None
        conditions = conditions[step]
    return conditions


@router.get("", response=list[PolicyOut])
@paginate(Paged)
def list_policies(request: HttpRequest, site_id: UUID | None = None):
    """With `site_id`: the policies of this site and those for all sites."""
    if site_id is None:
        return _policies()
    return _policies().filter(site_id=site_id) | _policies().filter(site_id=None)


@router.post("", response={201: PolicyOut})
def create_policy(request: HttpRequest, response: HttpResponse, body: PolicyIn):
    """Without rules yet."""
    site = rows.site(body.site_id) if body.site_id else None
    return rows.created(request, response, rows.write(Policy(site=site), body))


@router.get("/{uuid:policy_id}", response=PolicyOut)
def get_policy(request: HttpRequest, policy_id: UUID):
    return rows.get(_policies(), policy_id)


@router.patch("/{uuid:policy_id}", response=PolicyOut)
def change_policy(request: HttpRequest, policy_id: UUID, body: PolicyPatch):
    return rows.write(_own(policy_id), body)


@router.delete("/{uuid:policy_id}", response={204: None})
def delete_policy(request: HttpRequest, policy_id: UUID):
    """409 names the units that use it."""
    return rows.remove(_own(policy_id), by=rows.person(request), used_through=("units",))


class CopyIn(Body):
    name: str | None = Field(None, min_length=1, max_length=80, description="Empty: “… (copy)”.")
    site_id: UUID | None = Field(None, description="Empty: the same site as the original.")


@router.post("/{uuid:policy_id}/copy", response={201: PolicyOut})
def copy_policy(request: HttpRequest, response: HttpResponse, policy_id: UUID, body: CopyIn | None = None):
    """A policy of one's own with the same rules."""
    original, body = rows.get(_policies().select_related("site"), policy_id), body or CopyIn()
    with transaction.atomic():
        copied = duplicate_policy(original, site=rows.site(body.site_id) if body.site_id else None)
        if body.name:
            copied.name = body.name
            copied.save()
        for rule in copied.rules.all():
            _check_copy(rule, copied.site, ["body", "site_id"] if body.site_id else ["path", "policy_id"])
    response["Location"] = f"/api/v1/policies/{copied.pk}"
    return Status(201, rows.get(_policies(), copied.pk))


def _check_copy(rule: Rule, site: Site | None, loc: list[str]) -> None:
    try:
        policies.check_rule(rule, site, is_new=False)
    except RuleRefused as error:
        found = [problem(loc, f"Rule ‘{rule.name}’: {ended(str(one))}") for one in error.problems]
        raise Invalid(*bounded(found[:MOST_PROBLEMS], len(found))) from None


class PolicyCheckOut(Answer):
    """`errors`: a unit cannot use it; `warnings`: probably not meant; `never_true`, by rule id: why that rule can never
    be true in this home (each is among the warnings, too).
    """

    policy_id: UUID
    policy_name: str
    valid: bool
    errors: list[str]
    warnings: list[str]
    never_true: dict[str, str]
    start_rules_count: int
    stop_rules_count: int
    enabled_start_rules_count: int
    enabled_stop_rules_count: int


@router.get("/{uuid:policy_id}/check", response=PolicyCheckOut)
def check_policy(request: HttpRequest, policy_id: UUID, site_id: UUID | None = None):
    """Whether a unit could use it; `site_id` checks a policy for all sites against that one's zones."""
    policy = rows.get(_policies().select_related("site"), policy_id)
    return answer_check(policy, checked(policy, _site_asked(site_id)))


def answer_check(policy: Policy, check: PolicyCheck) -> dict[str, Any]:
    """As `PolicyCheckOut` has it."""
    return {"policy_id": policy.pk, "policy_name": policy.name, **asdict(check)}


def _site_asked(site_id: UUID | None) -> Site | None:
    return rows.site(site_id, ["query", "site_id"]) if site_id else None


@router.get("/{uuid:policy_id}/rules", response=list[RuleOut])
@paginate(Paged)
def list_rules(request: HttpRequest, policy_id: UUID, kind: RuleKind | None = None):
    found = rows.get(Policy.objects.all(), policy_id).rules.all()
    return found if kind is None else found.filter(kind=kind)


@router.post("/{uuid:policy_id}/rules", response={201: RuleSaid})
def create_rule(request: HttpRequest, response: HttpResponse, policy_id: UUID, body: RuleIn):
    """Checked against the fields there are; what is wrong or can never be is refused with its place (`loc`)."""
    rule = _save(Rule(policy=_own(policy_id)), body.model_dump())
    return rows.created(request, response, rule)


def _rule(policy: Policy, pk: UUID) -> Rule:
    rule = policy.rules.filter(pk=pk).first()
    if rule is None:
        raise Missing(f"The policy ‘{policy}’ has no rule with the id {pk}.")
    rule.policy = policy
    return rule


def _save(rule: Rule, values: dict[str, Any]) -> Rule:
    is_new = rule._state.adding or values.get("conditions", rule.conditions) != rule.conditions
    for name, value in values.items():
        setattr(rule, name, value)
    if "conditions" in values:
        policies.forget_gone(rule, rule.policy.site)
    try:
        with _still_usable(rule.policy):
            policies.save_rule(rule, is_new=is_new)
    except RuleRefused as error:
        raise _refused(error, rule.conditions) from None
    return rule


@router.get("/{uuid:policy_id}/rules/{uuid:rule_id}", response=RuleSaid)
def get_rule(request: HttpRequest, policy_id: UUID, rule_id: UUID):
    return _rule(rows.get(Policy.objects.all(), policy_id), rule_id)


@router.patch("/{uuid:policy_id}/rules/{uuid:rule_id}", response=RuleSaid)
def change_rule(request: HttpRequest, policy_id: UUID, rule_id: UUID, body: RulePatch):
    """`enabled: false` keeps the rule without asking it. Without `conditions` it means the zones it meant before."""
    return _save(_rule(_own(policy_id), rule_id), body.model_dump(exclude_unset=True))


@router.delete("/{uuid:policy_id}/rules/{uuid:rule_id}", response={204: None})
def delete_rule(request: HttpRequest, policy_id: UUID, rule_id: UUID):
    """409 while an enabled unit could not do without it."""
    policy = _own(policy_id)
    with _still_usable(policy):
        _rule(policy, rule_id).delete()
        policies.touch_policy(policy)
    return Status(204, None)


class OperatorOut(Answer):
    name: str
    symbol: str
    types: list[str]
    words: str
    takes_list: bool
    takes_value_ref: bool


class EngineOut(Answer):
    """The grammar: groups, operators and limits of conditions."""

    groups: list[str]
    leaf: list[str]
    duration: str
    max_nesting: int
    max_conditions: int
    operators: list[OperatorOut]


@engine_router.get("/info", response=EngineOut)
def get_engine(request: HttpRequest):
    return EngineOut(
        groups=["all_of", "any_of", "not_"],
        leaf=["field", "operator", "value", "value_ref"],
        duration="`for`: true without a break that long, like 90s, 3m or 1h; any condition may carry it",
        max_nesting=MAX_NESTING,
        max_conditions=MAX_LEAVES,
        operators=[
            OperatorOut(
                name=operator.name,
                symbol=operator.symbol,
                types=list(operator.types),
                words=operator.when_true,
                takes_list=operator.takes_list,
                takes_value_ref=operator.takes_ref,
            )
            for operator in OPERATORS.values()
        ],
    )


class ValidateIn(Body):
    conditions: Any
    site_id: UUID | None = Field(None, description="Whose zones may be named; empty: none by name.")


class RuleProblemOut(Answer):
    """`loc`: the keys and indexes of `place`; `nearest`: the valid word most like the one written."""

    place: str
    loc: list[str | int]
    message: str
    nearest: str | None


class ValidateOut(Answer):
    valid: bool
    problems: list[RuleProblemOut]


@engine_router.post("/validate", response=ValidateOut)
def validate(request: HttpRequest, body: ValidateIn):
    """Everything wrong with these conditions at once; nothing is stored."""
    fields = policies.fields_for(rows.site(body.site_id) if body.site_id else None)
    try:
        compile_rule(body.conditions, fields, kind=RuleKind.START.value, name="unsaved")
    except RuleErrors as error:
        return ValidateOut(valid=False, problems=[{**one._asdict(), "loc": list(one.loc)} for one in error.problems])
    return ValidateOut(valid=True, problems=[])


class FieldOut(Answer):
    """A group, or a field with its type (number, text, boolean), unit and, for an enum, its values."""

    name: str
    path: str
    type: str
    description: str
    unit: str
    values: list[str] | None
    children: list["FieldOut"]


@context_router.get("/structure", response=list[FieldOut])
def get_structure(request: HttpRequest, site_id: UUID | None = None):
    """Every path a rule may name; with `site_id` also the zones of that site by name."""
    return policies.fields_for(_site_asked(site_id)).structure()
