"""Queries of Cloud Logging, as sinks, exclusions, views and `entries.list` have them.

Evaluated are AND, OR, NOT, parentheses (of values too), all comparison operators, searches of all
fields, and the functions log_id, source, sample and ip_in_net. Any other function is refused by
its name: a sink that seems to work here and routes nothing in the cloud helps nobody.
"""

import hashlib
import ipaddress
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import unquote

from lark import Token, Tree

from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.services.logs import fields, grammar
from meshwright_sandbox.services.logs.comparisons import (
    Test,
    Value,
    comparison,
    mentions,
    unquoted,
    unsupported,
)
from meshwright_sandbox.services.logs.fields import Field, field

Branch = Tree[Token]
_BITS = 64


@lru_cache(maxsize=512)
def compile_query(text: str) -> Test:
    """A test of log entries; the empty query takes them all.

    Raises:
        ApiError: 400 for what is no query, or none that can be evaluated faithfully.
    """
    tree = grammar.parse(text)
    return _test(_child(tree, 0)) if tree.children else lambda _: True


def _test(branch: Branch) -> Test:
    return _BRANCHES[branch.data](branch)


def _all(branch: Branch) -> Test:
    tests = [_test(child) for child in _branches(branch)]
    return tests[0] if len(tests) == 1 else lambda entry: all(test(entry) for test in tests)


def _any(branch: Branch) -> Test:
    tests = [_test(child) for child in _branches(branch)]
    return tests[0] if len(tests) == 1 else lambda entry: any(test(entry) for test in tests)


def _not(branch: Branch) -> Test:
    test = _test(_child(branch, 0))
    return lambda entry: not test(entry)


def _comparison(branch: Branch) -> Test:
    path, sign, argument = branch.children
    return _of_values(field(str(path)), str(sign), _as_branch(argument))


def _of_values(of: Field, sign: str, branch: Branch) -> Test:
    """`field = (a OR b)`: each value is compared with the field."""
    if branch.data == "value":
        return comparison(of, sign, Value(str(branch.children[0])))
    tests = [_of_values(of, sign, child) for child in _branches(branch)]
    if branch.data == "values_negation":
        return lambda entry: not tests[0](entry)
    if branch.data == "values_disjunction":
        return lambda entry: any(test(entry) for test in tests)
    return lambda entry: all(test(entry) for test in tests)


def _global_search(branch: Branch) -> Test:
    text = Value(str(branch.children[0])).text
    return lambda entry: mentions(entry, text)


def _call(branch: Branch) -> Test:
    name = str(branch.children[0])[:-1]
    function = _FUNCTIONS.get(name.lower())
    if function is None:
        raise unsupported(name)
    if len(branch.children) > 2:
        raise invalid(f"Unparseable filter: '{name}' is a test by itself; nothing follows it")
    given = [str(token) for token in _child(branch, 1).children]
    test = function(given)
    if test is None:
        raise invalid(f"Unparseable filter: wrong arguments of '{name}': {', '.join(given)}")
    return test


def _log_id(given: list[str]) -> Test | None:
    """`log_id("stdout")`: the last part of the entry's logName, decoded."""
    if len(given) != 1 or not _is_text(given[0]):
        return None
    wanted = unquoted(given[0]).casefold()
    return lambda entry: unquote(entry["logName"].partition("/logs/")[2]).casefold() == wanted


def _source(given: list[str]) -> Test | None:
    """`source("projects/p")`: where the entry was written."""
    if len(given) != 1 or not _is_text(given[0]):
        return None
    wanted = unquoted(given[0])
    return lambda entry: entry["logName"].partition("/logs/")[0] == wanted


def _sample(given: list[str]) -> Test | None:
    """`sample(insertId, 0.25)`: a quarter of all values of the field, always the same ones."""
    fraction = fields.number(given[1]) if len(given) == 2 else None
    if fraction is None or not 0 <= fraction <= 1:
        return None
    of, bound = field(given[0]), fraction * 2**_BITS
    return lambda entry: any(_hash(fields.shown(found)) < bound for found in of.values(entry))


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[: _BITS // 8], "big")


def _ip_in_net(given: list[str]) -> Test | None:
    """`ip_in_net(httpRequest.remoteIp, "10.0.0.0/8")`."""
    if len(given) != 2 or not _is_text(given[1]):
        return None
    try:
        network = ipaddress.ip_network(unquoted(given[1]), strict=False)
    except ValueError:
        return None
    of = field(given[0])
    return lambda entry: any(_is_in(found, network) for found in of.values(entry))


def _is_in(found: object, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.ip_address(str(found)) in network
    except ValueError:
        return False


def _is_text(written: str) -> bool:
    return written[:1] in ("'", '"')


def _branches(branch: Branch) -> list[Branch]:
    return [_as_branch(child) for child in branch.children]


def _child(branch: Branch, index: int) -> Branch:
    return _as_branch(branch.children[index])


def _as_branch(child: Token | Branch) -> Branch:
    assert isinstance(child, Tree), child
    return child


_BRANCHES: dict[str, Callable[[Branch], Test]] = {
    "conjunction": _all,
    "disjunction": _any,
    "negation": _not,
    "comparison": _comparison,
    "global_search": _global_search,
    "call": _call,
}
_FUNCTIONS: dict[str, Callable[[list[str]], Test | None]] = {
    "log_id": _log_id,
    "source": _source,
    "sample": _sample,
    "ip_in_net": _ip_in_net,
}
