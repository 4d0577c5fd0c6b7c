"""How much the Gateway API takes in one route, and in what order it tries the rules.

Follows https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule and its CRDs' own limits.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from ._validation import is_plain

# Rules of a route, backends of a rule, headers of a match, host names: all the same.
MOST = 16


def gateway_api_limits(given: Mapping[str, Any], who: str) -> Iterator[tuple[str, str]]:
    """What is more than one route holds, or is tried in another order than it is given in."""
    yield from _order(given.get("matches", []), who)
    yield from _sizes(given, who)


def _sizes(given: Mapping[str, Any], who: str) -> Iterator[tuple[str, str]]:
    matches, weights = given.get("matches", []), given.get("weights", {})
    keeps = given.get("sticky", {}).get("to") == "version"
    shares = weights or dict.fromkeys([given.get("active", "")], 100)
    kept = sum(not is_plain(share) or share != 0 for share in shares.values()) if keeps else 0
    rules = len(matches) + kept + 1
    if rules > MOST:
        text = f"{len(matches)} matches, {kept} versions that keep callers, 1 rule for the rest"
        path = "matches" if matches else "sticky.to"
        yield path, f"{who}: a route has at most {MOST} rules, this has {rules} ({text})"
    counted = [("weights", weights, "versions of a rule"), ("hosts", given.get("hosts", []), "")]
    for index, match in enumerate(matches):
        headers = [*match.get("headers", {}), *(["cookie"] if "cookie" in match else [])]
        counted.append((f"matches[{index}].headers", headers, "headers of a match"))
        below = match.get("weights", {})
        counted.append((f"matches[{index}].weights", below, "versions of a rule"))
    for path, values, what in counted:
        if len(values) > MOST:
            yield path, f"{who}: {len(values)} are too many {what or path}; {MOST} at most"


def _order(matches: Sequence[Mapping[str, Any]], who: str) -> Iterator[tuple[str, str]]:
    """Rules with more headers are tried first there, whatever their place."""
    for (early, first), (late, second) in combinations(enumerate(matches), 2):
        if _conditions(second) <= _conditions(first) or _same_end(first, second):
            continue
        if not _exclude_each_other(first, second):
            yield (
                f"matches[{late}]",
                f"{who}: the Gateway API tries matches[{late}] before matches[{early}], since it "
                "has more headers, and calls that fit both would go elsewhere; put it first, or "
                "give both as many",
            )


def _conditions(match: Mapping[str, Any]) -> int:
    return len(match.get("headers", {})) + ("cookie" in match)


def _same_end(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return "version" in first and first["version"] == second.get("version")


def _exclude_each_other(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether no call fits both: one header or cookie has another value in each."""
    one, other = _wanted(first), _wanted(second)
    both = one.keys() & other.keys()
    return any(
        is_plain(one[key]) and is_plain(other[key]) and one[key] != other[key] for key in both
    )


def _wanted(match: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    wanted: dict[tuple[str, str], Any] = {
        ("header", name.lower()): value for name, value in match.get("headers", {}).items()
    }
    if "cookie" in match:
        wanted["cookie", match["cookie"]["name"]] = match["cookie"]["value"]
    return wanted
