"""One operator on one value as SQL."""

from collections.abc import Callable
from functools import reduce

from sqlglot import exp

from audiences.rules import moments, numbers
from audiences.rules.keys import as_text
from audiences.rules.model import Dates, Duration, Many, One, Operator, Range
from audiences.rules.moments import Holding
from audiences.rules.schema import Kind, element_type, kind_of

_OPPOSITES = {"NotEqual": "Equal", "NotIn": "In"}
_COMPARISONS: dict[str, type[exp.Binary]] = {
    "Equal": exp.EQ,
    "Greater": exp.GT,
    "GreaterEqual": exp.GTE,
    "Less": exp.LT,
    "LessEqual": exp.LTE,
}
_INVERSES: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.EQ: exp.NEQ,
    exp.GT: exp.LTE,
    exp.GTE: exp.LT,
    exp.LT: exp.GTE,
    exp.LTE: exp.GT,
}
_PARTS = {"Contain": "contains", "StartWith": "starts_with", "EndWith": "ends_with"}


def positive(operator: Operator) -> tuple[Operator, bool]:
    """NotEqual is the negation of Equal, NotIn of In. → the operator without any negation, and whether there is one."""
    type_ = _OPPOSITES.get(operator.type, operator.type)
    return Operator(type_, operator.operand), operator.negated != (type_ != operator.type)


def holds(value: exp.Expr, type_: str, kind: Kind, operator: Operator, *, zone: str, matching: str = "any") -> exp.Expr:
    """A positive operator on a value of that DuckDB type: true, false, or NULL where the value is."""
    if operator.type == "IsNull":
        return exp.Is(this=value, expression=exp.null())
    if kind is Kind.LIST:
        return _of_list(value, element_type(type_), operator, zone, matching)
    if operator.type.startswith("Time") or kind is Kind.TIME:
        return _time(value, type_, operator, zone)
    if kind is Kind.NUMBER:
        return _number(value, type_, operator)
    if kind is Kind.BOOLEAN:
        assert isinstance(operator.operand, One)
        return exp.EQ(this=value, expression=exp.Boolean(this=operator.operand.value))
    return _text(as_text(value, type_), operator)


def all_of(parts: list[exp.Expr]) -> exp.Expr:
    return _joined(exp.And, parts)


def any_of(parts: list[exp.Expr]) -> exp.Expr:
    return _joined(exp.Or, parts)


def negated(condition: exp.Expr) -> exp.Expr:
    """True where the condition is not, be it false or NULL."""
    if isinstance(condition, exp.EQ):
        return exp.NullSafeNEQ(this=condition.this, expression=condition.expression)
    if isinstance(condition, exp.Is):
        return exp.Not(this=condition)
    return exp.Not(this=exp.func("COALESCE", condition, exp.false()))


def inverted(condition: exp.Expr) -> exp.Expr:
    """The negation of what is never NULL."""
    if type(condition) in _INVERSES:
        return _INVERSES[type(condition)](this=condition.this, expression=condition.expression)
    return exp.Not(this=exp.Paren(this=condition) if isinstance(condition, exp.Connector) else condition)


def _joined(how: type[exp.Connector], parts: list[exp.Expr]) -> exp.Expr:
    if len(parts) == 1:
        return parts[0]
    wrapped = [exp.Paren(this=part) if isinstance(part, exp.Connector) else part for part in parts]
    return reduce(lambda left, right: how(this=left, expression=right), wrapped)


def _text(value: exp.Expr, operator: Operator) -> exp.Expr:
    match operator.operand:
        case One(text) if operator.type == "Regexp":
            return exp.Anonymous(this="regexp_matches", expressions=[value, _string(text)])
        case One(text):
            return exp.EQ(this=value, expression=_string(text))
        case Many(texts) if operator.type == "In":
            return exp.In(this=value, expressions=[_string(text) for text in texts])
        case Many(texts):
            name = _PARTS[operator.type]
            return any_of([exp.Anonymous(this=name, expressions=[value.copy(), _string(text)]) for text in texts])
    raise ValueError(f"{operator.type} does not compare texts.")


def _string(text: object) -> exp.Expr:
    return exp.Literal.string(str(text))


def _number(value: exp.Expr, type_: str, operator: Operator) -> exp.Expr:
    match operator.operand:
        case One(number):
            value, found = numbers.beside(value, type_, _read(number))
            return _COMPARISONS[operator.type](this=value, expression=found[0])
        case Many(values):
            value, found = numbers.beside(value, type_, _read(*values))
            return exp.In(this=value, expressions=found)
        case Range(low, high):
            bounds = [("GreaterEqual", low), ("LessEqual", high)]
            return all_of([_number(value.copy(), type_, Operator(name, One(x))) for name, x in bounds if x is not None])
    raise ValueError(f"{operator.type} does not compare numbers.")


def _read(*values: object) -> list[numbers.Number]:
    found = [numbers.read(value) for value in values if isinstance(value, str | int | float)]
    return [number for number in found if number is not None]


def _time(value: exp.Expr, type_: str, operator: Operator, zone: str) -> exp.Expr:
    how = moments.holding(type_)
    if how is Holding.WALL and type_.upper() != "TIMESTAMP":
        value = exp.TryCast(this=value, to=exp.DataType.build("timestamp"))  # nanoseconds reach less far
    if type_.upper().startswith("DECIMAL"):
        value = exp.cast(value, "double")
    compared = _Compared(value, how)
    match operator.operand:
        case Duration() as duration:
            past = operator.type == "TimeWithinPast"
            now = moments.now(zone)
            first, last = (moments.past(duration, zone), now) if past else (now, moments.coming(duration, zone))
            return all_of([compared.to(exp.GTE, first), compared.to(exp.LTE, last)])
        case Dates(since, until) | Range(since, until):
            parts = [] if since is None else [compared.after("GreaterEqual", moments.span(since, zone))]
            return all_of(parts + ([] if until is None else [compared.after("LessEqual", moments.span(until, zone))]))
        case One(moment):
            return compared.after(operator.type, moments.span(moment, zone))
    return compared.after("Equal", moments.today(zone))


class _Compared:
    """A column that holds times, beside moments."""

    def __init__(self, value: exp.Expr, how: Holding) -> None:
        self._value = value
        self._how = how

    def to(self, comparison: type[exp.Binary], moment: moments.Moment) -> exp.Expr:
        return comparison(this=self._value.copy(), expression=moment.held(self._how))

    def after(self, type_: str, span: moments.Span) -> exp.Expr:
        """Equal: within the span; Greater: after all of it, and so on."""
        by_day = self._how is Holding.DAY
        ends: dict[str, Callable[[], exp.Expr]] = {
            "GreaterEqual": lambda: self.to(exp.GTE, span.first),
            "Less": lambda: self.to(exp.LT, span.first),
            "LessEqual": lambda: self.to(exp.LTE, span.last) if by_day else self.to(exp.LT, span.after),
            "Greater": lambda: self.to(exp.GT, span.last) if by_day else self.to(exp.GTE, span.after),
        }
        if type_ == "Equal":
            return all_of([ends["GreaterEqual"](), ends["LessEqual"]()])
        return ends[type_]()


def _of_list(value: exp.Expr, element: str, operator: Operator, zone: str, matching: str) -> exp.Expr:
    """Any or all of its elements. A list without elements matches nothing, nor does a NULL within it."""
    name = exp.to_identifier("element")
    one = holds(exp.Column(this=name.copy()), element, kind_of(element), operator, zone=zone)
    matched = exp.Anonymous(this="list_filter", expressions=[value.copy(), exp.Lambda(this=one, expressions=[name])])
    count = exp.Anonymous(this="len", expressions=[matched])
    some = exp.GT(this=count, expression=exp.Literal.number(0))
    if matching == "any":
        return some
    return all_of([some, exp.EQ(this=count.copy(), expression=exp.Anonymous(this="len", expressions=[value.copy()]))])
