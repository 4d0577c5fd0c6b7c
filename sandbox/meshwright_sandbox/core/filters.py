"""`filter=` of list methods: AIP-160 comparisons and compute's regular expressions."""

import re
from collections.abc import Callable
from typing import Any

from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.schema import camel_case

Test = Callable[[dict[str, Any]], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<paren>[()])|(?P<op>!=|<=|>=|=|<|>|:)|"
    r"(?P<quoted>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s()=<>!:\"']+(?::[^\s()]*)?))"
)
_MOST_NESTED = 50
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def compile_filter(text: str) -> Test:
    """A test of documents.

    Raises:
        ApiError: 400 for an expression this emulator cannot evaluate faithfully.
    """
    if not text.strip():
        return lambda _: True
    parser = _Parser(text)
    test = parser.disjunction()
    if parser.rest():
        raise parser.error()
    return test


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._depth = 0
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if not match:
                raise self.error()
            kind = str(match.lastgroup)
            value = match[kind]
            # A word may hold colons (`a:b` in an id), but `field:value` is a comparison.
            if kind == "word" and ":" in value and not self._after_operator():
                value = value.partition(":")[0]
                at = match.start(kind) + len(value)
            else:
                at = match.end()
            self._tokens.append((kind, value))

    def _after_operator(self) -> bool:
        return bool(self._tokens) and (
            self._tokens[-1][0] == "op" or self._tokens[-1][1] in ("eq", "ne")
        )

    def error(self) -> ApiError:
        return ApiError(
            400,
            f"Invalid value for field 'filter': '{self._text}'. Invalid list filter expression.",
        )

    def rest(self) -> bool:
        return bool(self._tokens)

    def _peek(self) -> str:
        return self._tokens[0][1] if self._tokens else ""

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise self.error()
        return self._tokens.pop(0)

    def disjunction(self) -> Test:
        tests = [self._conjunction()]
        while self._peek() == "OR":
            self._next()
            tests.append(self._conjunction())
        return lambda document: any(test(document) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._term()]
        while self._tokens and self._peek() not in ("OR", ")"):
            if self._peek() == "AND":
                self._next()
            tests.append(self._term())
        return lambda document: all(test(document) for test in tests)

    def _term(self) -> Test:
        self._depth += 1
        if self._depth > _MOST_NESTED:
            raise self.error()
        try:
            return self._unnested_term()
        finally:
            self._depth -= 1

    def _unnested_term(self) -> Test:
        if self._peek() in ("NOT", "-"):
            self._next()
            inner = self._term()
            return lambda document: not inner(document)
        if self._peek() == "(":
            self._next()
            test = self.disjunction()
            if self._next()[1] != ")":
                raise self.error()
            return test
        kind, name = self._next()
        if kind != "word":
            raise self.error()
        operator_kind, operator = self._next()
        if operator_kind != "op" and operator not in ("eq", "ne"):
            raise self.error()
        value_kind, value = self._next()
        if value_kind in ("paren", "op"):
            raise self.error()
        if value_kind == "quoted":
            value = value[1:-1]
            if operator not in ("eq", "ne"):  # a regular expression keeps its backslashes
                value = re.sub(r"\\(.)", r"\1", value)
        return self._comparison(name, operator, value)

    def _comparison(self, name: str, operator: str, value: str) -> Test:
        path = [camel_case(part) for part in name.split(".")]
        raw = name.split(".")
        if operator in ("eq", "ne"):
            try:
                pattern = re.compile(value)
            except re.error as error:
                raise self.error() from error
            matches = lambda found: bool(pattern.fullmatch(found))  # noqa: E731 - one of four shapes
        elif operator in _COMPARE:
            matches = lambda found: _ordered(found, operator, value)  # noqa: E731
        elif operator == ":":
            matches = lambda found: value == "*" or value.lower() in found.lower()  # noqa: E731
        else:
            glob = re.escape(value).replace(r"\*", ".*")
            matches = lambda found: bool(re.fullmatch(glob, found, re.DOTALL))  # noqa: E731
        negative = operator in ("!=", "ne")
        return lambda document: (
            any(matches(_text(item)) for item in _values(document, path, raw)) is not negative
        )


def _ordered(found: str, operator: str, value: str) -> bool:
    try:
        return _COMPARE[operator](float(found), float(value))
    except ValueError:
        order = (found > value) - (found < value)
        return _COMPARE[operator](order, 0)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values(document: Any, path: list[str], raw: list[str]) -> list[Any]:
    if isinstance(document, list):
        return [found for item in document for found in _values(item, path, raw)]
    if not path:
        if isinstance(document, dict):
            return list(document)
        return [] if document is None else [document]
    if not isinstance(document, dict):
        return []
    value = document.get(path[0], document.get(raw[0]))
    return _values(value, path[1:], raw[1:])
