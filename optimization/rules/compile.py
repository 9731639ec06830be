"""A checked tree becomes one Python function a rule, built with the `ast` module.

Closures (one call per node) were tried first: 4.6 × the time of the same policy written by hand; this is
within 3 ×. No text of a rule ever becomes source: paths and constants enter as constant nodes and bound
names of the syntax tree.

Every function is `test(ctx, clock) -> True | False | None` and answers one half of a node's pair (see
`truth`): whether it is true, or whether its opposite is; `not_` is pushed down to the leaves beforehand.
`clock` is (holds, now). The code of a group reads

    t = <first>                              t = <first>
    if t is not False:      (all_of)         if t is not True:      (any_of)
        u = <second>                             u = <second>
        if u is not True: t = u                  if u is not False: t = u
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from .context import Context, clean, clean_number, side
from .holds import elapsed, key_in, timer_key
from .nodes import Leaf, Node, Not, signature
from .operators import BOOLEAN, NUMBER, Operator
from .truth import ABSENT, Kleene

Clock = tuple[Mapping[str, float], float]
Test = Callable[[Context, Clock], Kleene]


class RuleCompiler:
    """Compiles the nodes of one rule; `rule` = (kind, id) names its timers."""

    def __init__(self, rule: tuple[str, str]):
        self.rule = rule
        self._done: dict[tuple[str, bool, bool], Test] = {}

    def whole(self, node: Node) -> Test:
        """The test of `node`, its own `for` included."""
        return self._function(node, negated=False, held=True)

    def inner(self, node: Node) -> Test:
        """The test of `node` without its own `for`: what its timer watches."""
        return self._function(node, negated=False, held=False)

    def opposite(self, node: Node) -> Test:
        """The test of the opposite of `node` without its own `for`."""
        return self._function(node, negated=True, held=False)

    def timer(self, node: Node) -> str:
        return timer_key(*self.rule, node.place, signature(node))

    def _function(self, node: Node, negated: bool, held: bool) -> Test:
        key = (node.place, negated, held)  # each once, or nested timers would double the code each time
        if key not in self._done:
            self._done[key] = _Writer(self).function(node, negated, held)
        return self._done[key]


_TEMPLATE = """
def test(ctx, clock):
    shared, own, key = ctx
    return t
"""
_NAMES = {"ABSENT": ABSENT, "float": float, "str": str}


class _Writer:
    """Writes one function. Each `_…` method returns the statements that leave a truth in `target`."""

    def __init__(self, compiler: RuleCompiler):
        self.compiler = compiler
        self.names: dict[str, object] = {}

    def function(self, node: Node, negated: bool, held: bool) -> Test:
        tree = ast.parse(_TEMPLATE)
        body = tree.body[0].body
        body[1:1] = (self.write if held else self._plain)(node, negated, "t")
        self.names |= _NAMES
        exec(compile(ast.fix_missing_locations(tree), "<rule>", "exec"), self.names)  # noqa: S102
        return self.names["test"]

    def bind(self, value: object) -> str:
        """A name of the function's globals for `value`."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def write(self, node: Node, negated: bool, target: str) -> list[ast.stmt]:
        if not node.hold_seconds:
            return self._plain(node, negated, target)
        held = self.bind(_timer_test(self.compiler.timer(node), node.hold_seconds))
        if negated:
            name = self.bind(_not_held(self.names[held], self.compiler.inner(node), self.compiler.opposite(node)))
            return _code(f"{target} = {name}(ctx, clock)")
        return self._plain(node, False, target) + _code(f"if {target} is True:\n {target} = {held}(clock, key)")

    def _plain(self, node: Node, negated: bool, target: str) -> list[ast.stmt]:
        if isinstance(node, Leaf):
            return self._leaf(node, negated, target)
        if isinstance(node, Not):
            return self.write(node.child, not negated, target)
        is_all = (node.word == "all_of") is not negated  # de Morgan
        decided, neutral = (False, True) if is_all else (True, False)
        code = self.write(node.children[0], negated, target)
        for child in node.children[1:]:
            inner = target + "t"
            (branch,) = _code(f"if {target} is not {decided}:\n pass")
            branch.body = self.write(child, negated, inner)
            branch.body += _code(f"if {inner} is not {neutral}:\n {target} = {inner}")
            code.append(branch)
        return code

    def _leaf(self, leaf: Leaf, negated: bool, target: str) -> list[ast.stmt]:
        if leaf.missing:
            return _code(f"{target} = None")
        compare = leaf.operator.opposite if negated else leaf.operator.test
        symbol = _symbol(leaf.operator, negated)
        load = _load("v", leaf.field.path)
        if leaf.ref is not None:
            return load + _load("w", leaf.ref.path) + self._reference(leaf, compare, symbol, target)
        if leaf.field.type == BOOLEAN:
            wanted = leaf.expected is ((leaf.operator.name == "eq") is not negated)
            return load + _code(
                f"if v is {wanted}: {target} = True\n"
                f"elif v is {not wanted} or v is ABSENT: {target} = False\n"
                f"else: {target} = None"
            )
        return load + self._constant(leaf, compare, symbol, target)

    def _constant(self, leaf: Leaf, compare: Callable, symbol: str, target: str) -> list[ast.stmt]:
        """A number or text against the constant; anything but a plain value takes the slow way."""
        expected, compare = self.bind(leaf.expected), self.bind(compare)
        quick = f"v {symbol} {expected}" if symbol else f"{compare}(v, {expected})"
        if leaf.field.type == NUMBER:
            plain, slow = "v.__class__ is float and v - v == 0.0", self.bind(_slow_number)
        else:
            plain, slow = "v.__class__ is str", self.bind(_slow_text)
        return _code(
            f"if {plain}: {target} = {quick}\n"
            f"elif v is ABSENT: {target} = False\n"
            f"else: {target} = {slow}(v, {compare}, {expected})"
        )

    def _reference(self, leaf: Leaf, compare: Callable, symbol: str, target: str) -> list[ast.stmt]:
        slow, compare = self.bind(_slow_reference), self.bind(compare)
        otherwise = f"{target} = {slow}(v, w, {leaf.field.type!r}, {compare})"
        if leaf.field.type != NUMBER:
            return _code(otherwise)
        plain = "v.__class__ is float and w.__class__ is float and v - v == 0.0 and w - w == 0.0"
        return _code(f"if {plain}: {target} = v {symbol} w\nelse: {otherwise}")


def _code(source: str) -> list[ast.stmt]:
    """Statements from a fixed pattern; only ever called with names of our own making."""
    return ast.parse(source).body


def _load(name: str, path: str) -> list[ast.stmt]:
    """`name = half.get(path, ABSENT)`; the path is a constant node, never source text."""
    half = ("shared", "own")[side(path)]
    statements = _code(f"{name} = {half}.get('', ABSENT)")
    statements[0].value.args[0] = ast.Constant(path)
    return statements


def _symbol(operator: Operator, negated: bool) -> str:
    """The Python comparison of an operator, or "" if it needs a call."""
    pairs = {
        "eq": "== !=",
        "ne": "!= ==",
        "gt": "> <=",
        "gte": ">= <",
        "lt": "< >=",
        "lte": "<= >",
        "in": "in not-in",
        "not_in": "not-in in",
    }
    return pairs[operator.name].split()[negated].replace("-", " ") if operator.name in pairs else ""


def _slow_number(seen: object, compare: Callable, expected: object) -> Kleene:
    seen = clean_number(seen)
    return None if seen is None else compare(seen, expected)


def _slow_text(seen: object, compare: Callable, expected: object) -> Kleene:
    return compare(str(seen), expected) if isinstance(seen, str) else None


def _slow_reference(left: object, right: object, type_name: str, compare: Callable) -> Kleene:
    left, right = clean(left, type_name), clean(right, type_name)
    if left is ABSENT or right is ABSENT:
        return False
    return None if left is None or right is None else compare(left, right)


def absence_mask(places: Sequence[tuple[int, str]]) -> Callable[[Context], int]:
    """`mask(ctx)`: bit i is set if the value at places[i] = (half, path) is absent."""
    tree = ast.parse("def test(ctx):\n shared, own, key = ctx\n mask = 0\n return mask")
    for bit, (half, path) in enumerate(places):
        (branch,) = _code(f"if {('shared', 'own')[half]}.get('', ABSENT) is ABSENT: mask |= {1 << bit}")
        branch.test.left.args[0] = ast.Constant(path)
        tree.body[0].body.insert(-1, branch)
    names = dict(_NAMES)
    exec(compile(ast.fix_missing_locations(tree), "<absence>", "exec"), names)  # noqa: S102
    return names["test"]


def _timer_test(key: str, seconds: int) -> Callable[[Clock, str], bool]:
    def held(clock, context_key):
        holds, now = clock
        name = key_in(key, context_key) if context_key else key
        start = holds.get(name)
        if start is None:
            return False
        if start.__class__ is float and start <= now and start - start == 0.0:  # the usual case, quickly
            return now - start >= seconds
        return elapsed(holds, name, now) >= seconds

    return held


def _not_held(held: Callable[[Clock, str], bool], inner: Test, opposite: Test) -> Test:
    """The opposite of a node with `for`: true while the inner is true but not long enough."""

    def test(ctx, clock):
        truth = inner(ctx, clock)
        if truth is True:
            return not held(clock, ctx.key)
        return None if truth is None else opposite(ctx, clock)

    return test
