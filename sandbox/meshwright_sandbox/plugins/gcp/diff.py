"""What a change of inputs means: nothing, an update, or a replacement."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp.check import DEFAULTED
from meshwright_sandbox.plugins.gcp.convert import full_reference
from meshwright_sandbox.plugins.gcp.kinds import EVERYTHING, Kind, relative
from meshwright_sandbox.plugins.gcp.schema import Property, tree
from meshwright_sandbox.plugins.values import UNKNOWN

Change = tuple[str, str]
"""A property path, and ``ADD``, ``DELETE`` or ``UPDATE``."""
_MISSING: Any = object()
# The API gives these back in its own spelling or order.
_CASELESS = frozenset({"location", "member"})


def changes(
    kind: Kind, old: Mapping[str, Any], outputs: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Change]:
    """Return what differs between the old and the new inputs.

    Args:
        kind: the resource's type.
        old: the inputs in the state.
        outputs: the outputs in the state: what the program newly says may hold already.
        new: the checked inputs of the program.
    """
    found: list[Change] = []
    # An import takes over all that the API tells, of which the program need not say anything.
    imported = DEFAULTED not in old
    for name, property_ in tree(kind).properties.items():
        if not property_.settable:
            continue
        if imported and (name in kind.unread or not property_.path):
            continue
        before, after = old.get(name, _MISSING), new.get(name, _MISSING)
        if after is _MISSING and (imported or property_.computed or empty(before)):
            continue
        if imported:
            before = _only(before, after)
        if before is _MISSING:
            before = outputs.get(name, _MISSING)
        if name in kind.refs:
            before, after = (_linked(kind, name, v, new) for v in (before, after))
        found.extend(_compare(property_, before, after, name))
    return found


def _only(value: Any, like: Any) -> Any:
    """Return the value without the keys that ``like`` does not have."""
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: _only(inner, like[key]) for key, inner in value.items() if key in like}
    if isinstance(value, list) and isinstance(like, list) and len(value) == len(like):
        return [_only(inner, wanted) for inner, wanted in zip(value, like, strict=True)]
    return value


def _linked(kind: Kind, name: str, value: Any, inputs: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or any(inputs.get(p) is UNKNOWN for p in kind.placeholders):
        return value
    return full_reference(kind.refs[name], value, inputs)


def _compare(property_: Property, old: Any, new: Any, path: str) -> Iterator[Change]:
    if new is UNKNOWN:
        if old is not UNKNOWN:
            yield path, "UPDATE" if old is not _MISSING else "ADD"
    elif old is _MISSING or (old is None and new is not None):
        if new is not _MISSING and not empty(new):
            yield path, "ADD"
    elif new is _MISSING:
        if not empty(old):
            yield path, "DELETE"
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key != DEFAULTED:
                inner = property_.properties.get(key) or property_.element or property_
                step = f"{path}.{key}" if key.isidentifier() else f'{path}["{key}"]'
                before, after = old.get(key, _MISSING), new.get(key, _MISSING)
                yield from _compare(inner, before, after, step)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(property_, old, new, path)
    elif not same(old, new, property_.name):
        yield path, "UPDATE"


def _compare_lists(property_: Property, old: list[Any], new: list[Any], path: str) -> Any:
    if same(old, new):
        return
    inner = property_.element or property_
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else _MISSING
        after = new[index] if index < len(new) else _MISSING
        yield from _compare(inner, before, after, f"{path}[{index}]")


def empty(value: Any) -> bool:
    """Whether a value says no more than its absence would."""
    return value is _MISSING or value is None or value in (False, 0, "", [], {})


def same(old: Any, new: Any, name: str = "") -> bool:
    """Whether two values mean the same to the API."""
    if isinstance(old, str) and isinstance(new, str):
        if name in _CASELESS:
            return old.casefold() == new.casefold()
        return old == new or ("/" in old + new and relative(old) == relative(new))
    if isinstance(old, dict) and isinstance(new, dict):
        return all(
            same(old.get(k), new.get(k), k) or (empty(old.get(k)) and empty(new.get(k)))
            for k in {**old, **new}
        )
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return False
        if all(isinstance(item, str) for item in [*old, *new]):
            return sorted(map(relative, old)) == sorted(map(relative, new))
        return all(same(a, b) for a, b in zip(old, new, strict=True))
    return bool(old == new)


def replacing(
    kind: Kind, found: list[Change], old: Mapping[str, Any], new: Mapping[str, Any]
) -> set[str]:
    """Return the changed paths that only a replacement can bring about."""
    fixed = {"name", *kind.placeholders} | kind.replaces
    results = set()
    for path, _ in found:
        plain = _without_indexes(path)
        top = plain.partition(".")[0]
        everything = kind.replaces is EVERYTHING and top not in kind.mutable
        settable = top in (kind.labels, "deletionPolicy")
        if top in kind.grows:
            if not _grows(old.get(top), new.get(top)):
                results.add(path)
        elif (everything and not settable) or any(
            plain == f or plain.startswith(f"{f}.") for f in fixed
        ):
            results.add(path)
        elif any(f.startswith(f"{plain}.") for f in kind.replaces):
            # The block as a whole came, went, or is unknown: only what it holds can tell.
            inside = {f for f in kind.replaces if f.startswith(f"{plain}.")}
            if new.get(top) is UNKNOWN or any(_holds(old, f) != _holds(new, f) for f in inside):
                results.add(path)
    return results


def _holds(values: Mapping[str, Any], path: str) -> Any:
    current: Any = values
    for step in path.split("."):
        current = current.get(step) if isinstance(current, Mapping) else None
    return None if empty(current) else current


def _grows(old: Any, new: Any) -> bool:
    if old is UNKNOWN or new is UNKNOWN:
        return True
    try:
        return ipaddress.ip_network(old).subnet_of(ipaddress.ip_network(new))
    except (ValueError, TypeError):
        return False


def _without_indexes(path: str) -> str:
    return "".join(part.partition("]")[2] if i else part for i, part in enumerate(path.split("[")))


def live_inputs(
    kind: Kind, old: Mapping[str, Any], before: Mapping[str, Any], live: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the inputs that would make the resource as it is now.

    Only what differs from the state shows: values that the API filled in by itself are no drift.

    Args:
        kind: the resource's type.
        old: the inputs in the state; empty at import.
        before: the outputs in the state.
        live: the outputs as read now.
    """
    found: dict[str, Any] = {}
    for name, property_ in tree(kind).properties.items():
        if not property_.settable:
            continue
        now = live.get(name)
        unread = (not property_.path and now is None) or name in kind.unread
        if name in kind.refs and same(
            _linked(kind, name, old.get(name), live), _linked(kind, name, now, live)
        ):
            now = old.get(name, now)
        if name in old:
            kept = old[name] if unread else _drifted(old[name], before.get(name), now)
            if kept is not None:
                found[name] = kept
        elif not old:
            if not empty(now) and name not in kind.unread:
                found[name] = now
        elif not (property_.computed or unread or empty(now) or same(before.get(name), now, name)):
            found[name] = now
    if DEFAULTED in old:
        found[DEFAULTED] = old[DEFAULTED]
    return found


def _drifted(old: Any, before: Any, now: Any) -> Any:
    """Return the old input where the live value still means the same, else the live value."""
    if now is None:
        return old if empty(old) else None
    if isinstance(old, dict) and isinstance(now, dict):
        known = before if isinstance(before, dict) else {}
        merged = {key: _drifted(old[key], known.get(key), now.get(key)) for key in old}
        added = {
            key: value
            for key, value in now.items()
            if key not in old and not empty(value) and not same(known.get(key), value, key)
        }
        return {key: value for key, value in {**merged, **added}.items() if value is not None}
    if isinstance(old, list) and isinstance(now, list):
        if same(old, now):
            return old
        if len(old) == len(now):
            known = before if isinstance(before, list) and len(before) == len(now) else now
            return [_drifted(o, b, n) for o, b, n in zip(old, known, now, strict=True)]
        return now
    return old if same(old, now) else now
