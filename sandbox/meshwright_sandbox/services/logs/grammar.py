"""The grammar of the Logging query language, and texts that do not follow it.

https://cloud.google.com/logging/docs/view/logging-query-language. AND binds weaker than OR, which
is unlike most languages, and stands between any two comparisons that no word joins.
"""

from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedEOF, UnexpectedInput, UnexpectedToken

from meshwright_sandbox.core.errors import ApiError, invalid

LONGEST = 20_000
_DEEPEST = 100
_GRAMMAR = r"""
start: [conjunction]
conjunction: disjunction ("AND"? disjunction)*
disjunction: _factor ("OR" _factor)*
_factor: negation | _term
negation: ("NOT" | "-") _factor
_term: comparison | call | global_search | "(" conjunction ")"

comparison: PATH OPERATOR _argument
global_search: PATH | STRING
call: FUNCTION parameters ")" [OPERATOR _argument]
parameters: [_parameter ("," _parameter)*]
_parameter: PATH | STRING | NUMBER

_argument: value | "(" values_conjunction ")"
value: PATH | STRING | NUMBER
values_conjunction: values_disjunction ("AND"? values_disjunction)*
values_disjunction: _values_factor ("OR" _values_factor)*
_values_factor: values_negation | value | "(" values_conjunction ")"
values_negation: ("NOT" | "-") _values_factor

OPERATOR: "!=" | "=~" | "!~" | "<=" | ">=" | "=" | "<" | ">" | ":"
FUNCTION.2: /(?!(?:AND|OR|NOT)\b)[A-Za-z_]\w*\(/
NUMBER.1: /-\d+(\.\d+)?(?![\w.])/
STRING: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/
PATH: /(?!(?:AND|OR|NOT)(?![\w.\-]))[^\s()=!<>:~,"'\-]/ (PLAIN | STEP)*
PLAIN: /[^\s()=!<>:~,"'.]/
STEP: /\.(?:"(?:[^"\\]|\\.)*")?/
COMMENT: /--[^\n]*/
%ignore /\s+/
%ignore COMMENT
"""


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


def parse(text: str) -> Tree[Token]:
    """The query's tree.

    Raises:
        ApiError: 400 for what is no query, with the place where it stops to be one.
    """
    if len(text) > LONGEST:
        raise invalid(f"Unparseable filter: it is longer than {LONGEST} characters")
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from error
    _require_shallow(tree)
    return tree


def _require_shallow(tree: Tree[Token]) -> None:
    """What evaluates the tree calls itself for each level, which Python does not do forever."""
    level = [tree]
    for _ in range(_DEEPEST):
        level = [child for branch in level for child in branch.children if isinstance(child, Tree)]
        if not level:
            return
    raise invalid("Unparseable filter: it is nested too deeply")


def _syntax_error(text: str, error: UnexpectedInput) -> ApiError:
    at_end = isinstance(error, UnexpectedEOF)
    token = ""
    if isinstance(error, UnexpectedToken):
        at_end = error.token.type == "$END"
        token = str(error.token)
    elif not at_end:
        token = text[error.pos_in_stream or 0]
    if at_end:
        return invalid("Unparseable filter: syntax error at end of input")
    return invalid(
        f"Unparseable filter: syntax error at line {error.line}, column {error.column}, "
        f"token '{token}'"
    )
