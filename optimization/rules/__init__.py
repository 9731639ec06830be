"""The rule engine: pure, no Django, no clock, no network.

    fields = FieldTree.for_zones([("living_room", "Living room")])
    rule   = compile_rule(conditions, fields, kind="start", name="Cold", rule_id="…")   # RuleErrors
    policy = CompiledPolicy([rule], [...])
    holds  = policy.update_holds([ctx], holds, now)
    policy.decide([ctx], running=False, holds=holds, now=now)                            # Verdict

`truth` is the logic, `catalogue` the fields, `parse` the grammar, `compile` the fast path, `explain`
and `words` what a person reads.
"""

from .advice import RuleWarning, about_no_zone
from .context import Context, Value
from .errors import RuleErrors, RuleProblem
from .explain import deciding_zone, explain, sentence
from .fields import Field, FieldTree
from .operators import OPERATORS, Operator
from .policy import CompiledPolicy, Verdict
from .rule import CompiledRule, compile_rule
from .told import Told, told
from .truth import ABSENT, Truth

__all__ = [
    "ABSENT",
    "OPERATORS",
    "CompiledPolicy",
    "CompiledRule",
    "Context",
    "Field",
    "FieldTree",
    "Operator",
    "RuleErrors",
    "RuleProblem",
    "RuleWarning",
    "Told",
    "Truth",
    "Value",
    "Verdict",
    "about_no_zone",
    "compile_rule",
    "deciding_zone",
    "explain",
    "sentence",
    "told",
]
