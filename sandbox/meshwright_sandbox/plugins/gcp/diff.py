"""What a change of inputs means: nothing, an update, or a replacement."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp.check import DEFAULTED
from meshwright_sandbox.plugins.gcp.convert import BASIC_ROLES, full_reference
from meshwright_sandbox.plugins.gcp.kinds import Kind, dig, last_segment, relative
from meshwright_sandbox.plugins.gcp.labels import wanted
from meshwright_sandbox.plugins.gcp.schema import tree
from meshwright_sandbox.plugins.values import UNKNOWN

Change = tuple[str, str]
"""A property path, and ``ADD``, ``DELETE`` or ``UPDATE``."""
Values = Mapping[str, Any]
_MISSING: Any = object()
# The API gives these back in its own spelling.
_CASELESS = ("location", "member")


def said(old: Any, new: Any) -> Any:
    """Return the old inputs without defaults that the new ones do not have.

    They are those of the official plugin, which has others, and keeps them inside of blocks too.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        filled = set(old.get(DEFAULTED) or ()) - new.keys()
        return {k: said(v, new.get(k)) for k, v in old.items() if k not in filled}
    if isinstance(old, list) and isinstance(new, list):
        return [said(v, new[i] if i < len(new) else None) for i, v in enumerate(old)]
    return old


def changes(kind: Kind, old: Values, outputs: Values, new: Values) -> list[Change]:
    """Return what differs between the inputs in the state and the program's.

    Args:
        kind: the resource's type.
        old: the inputs in the state.
        outputs: the outputs in the state: what the program newly says may hold already.
        new: the checked inputs of the program.
    """
    found: list[Change] = []
    # An import takes over all that the API tells, of which the program need not say anything.
    imported = DEFAULTED not in old
    for name, known in tree(kind).properties.items():
        if not known.settable or (imported and (name in kind.unread or not known.path)):
            continue
        before, after = old.get(name, _MISSING), new.get(name, _MISSING)
        if after is _MISSING and (imported or known.computed):
            continue
        before = _arranged(kind, before, after, name)
        if imported:
            before = _only(before, after)
        if before is _MISSING and after is not _MISSING:
            before = outputs.get(name, _MISSING)
        if name in kind.refs:
            before, after = (_linked(kind, name, v, new) for v in (before, after))
        found.extend(_compare(before, after, name))
    return found


def label_changes(kind: Kind, outputs: Values, new: Values, provider: Values) -> Iterator[Change]:
    """Yield what differs between the provider's labels in the state and those it wants now."""
    before, own = outputs.get("pulumiLabels"), new.get(kind.labels) or {}
    if not kind.labels or not isinstance(before, Mapping) or own is UNKNOWN:
        return
    now = wanted(provider, own, outputs)
    told = {*own, *(outputs.get(kind.labels) or {})}  # as changes of the program's own labels
    for key in {**before, **now}.keys() - told:
        yield from _compare(
            before.get(key, _MISSING), now.get(key, _MISSING), f"pulumiLabels.{key}"
        )


def _arranged(kind: Kind, value: Any, like: Any, path: str) -> Any:
    """Return the value with the items of unordered lists where ``like`` has what they say."""
    if isinstance(value, dict) and isinstance(like, dict):
        return {k: _arranged(kind, v, like.get(k), f"{path}.{k}") for k, v in value.items()}
    if path not in kind.unordered or not isinstance(value, list) or not isinstance(like, list):
        return value
    rest, placed = list(value), []
    for wanted_item in like:
        index = next((i for i, item in enumerate(rest) if _says(item, wanted_item)), None)
        placed.append(_MISSING if index is None else rest.pop(index))
    placed = [rest.pop(0) if item is _MISSING and rest else item for item in placed]
    return [item for item in placed if item is not _MISSING] + rest


def _says(item: Any, like: Any) -> bool:
    """Whether an item has all that another one has."""
    if not isinstance(item, dict) or not isinstance(like, dict):
        return same(item, like)
    return same({key: item.get(key) for key in like}, like)


def _only(value: Any, like: Any) -> Any:
    """Return the value without the keys that ``like`` does not have."""
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: _only(inner, like[key]) for key, inner in value.items() if key in like}
    if isinstance(value, list) and isinstance(like, list) and len(value) == len(like):
        return [_only(inner, wanted) for inner, wanted in zip(value, like, strict=True)]
    return value


def _linked(kind: Kind, name: str, value: Any, inputs: Values) -> Any:
    if not isinstance(value, str) or any(inputs.get(p) is UNKNOWN for p in kind.placeholders):
        return value
    return full_reference(kind.refs[name], value, inputs)


def _compare(old: Any, new: Any, path: str) -> Iterator[Change]:
    if new is UNKNOWN:
        yield path, "UPDATE" if old is not _MISSING else "ADD"
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key != DEFAULTED:
                step = f"{path}.{key}" if key.isidentifier() else f'{path}["{key}"]'
                yield from _compare(old.get(key, _MISSING), new.get(key, _MISSING), step)
    elif isinstance(old, list) and isinstance(new, list) and not same(old, new):
        for index in range(max(len(old), len(new))):
            before, after = (v[index] if index < len(v) else _MISSING for v in (old, new))
            yield from _compare(before, after, f"{path}[{index}]")
    elif not same(old, new, path.rpartition(".")[2]) and not (empty(old) and empty(new)):
        how = "DELETE" if new is _MISSING else "ADD" if old in (_MISSING, None) else "UPDATE"
        yield path, how


def empty(value: Any) -> bool:
    """Whether a value says no more than its absence would."""
    return value is _MISSING or value is None or value in (False, 0, "", [], {})


def same(old: Any, new: Any, name: str = "") -> bool:
    """Whether two values mean the same to the API."""
    if isinstance(old, str) and isinstance(new, str):
        if name in _CASELESS:
            return old.casefold() == new.casefold()
        old, new = BASIC_ROLES.get(old, old), BASIC_ROLES.get(new, new)
        return old == new or ("/" in old + new and relative(old) == relative(new))
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = ((old.get(k), new.get(k), k) for k in {**old, **new})
        return all(same(a, b, k) or (empty(a) and empty(b)) for a, b, k in pairs)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        if all(isinstance(item, str) for item in [*old, *new]):
            return sorted(map(relative, old)) == sorted(map(relative, new))
        return all(same(a, b) for a, b in zip(old, new, strict=True))
    return bool(old == new)


def replacing(kind: Kind, found: list[Change], old: Values, new: Values) -> set[str]:
    """Return the changed paths that only a replacement can bring about."""
    fixed = {"name", *kind.placeholders} | kind.replaces
    return {path for path, _ in found if _replaces(kind, fixed, path, old, new)}


def deletes_first(kind: Kind, changed: Container[str], new: Values) -> bool:
    """Whether a replacement waits until the old resource is gone.

    As with the official plugin, that is what happens wherever the program chose the name itself,
    even if the place or that name is another one: ranges and the like would be taken twice.
    """
    if "name" not in new or "name" in new.get(DEFAULTED, ()):
        return False
    return not (kind.renamed_first and "name" in changed)


def _replaces(kind: Kind, fixed: set[str], path: str, old: Values, new: Values) -> bool:
    plain = re.sub(r"\[.*?\]", "", path)
    top = plain.partition(".")[0]
    if top in kind.grows:
        return not _grows(old.get(top), new.get(top))
    if "*" in fixed and top not in {*kind.mutable, kind.labels, "pulumiLabels", "deletionPolicy"}:
        return True
    if any(f"{plain}.".startswith(f"{f}.") for f in fixed):
        return True
    # Where the block as a whole came, went, or is unknown, only what it holds can tell.
    inside = [f for f in fixed if f.startswith(f"{plain}.")]
    return any(
        new.get(top) is UNKNOWN or not (dig(old, f) == dig(new, f) or empty(dig(new, f)))
        for f in inside
    )


def _grows(old: Any, new: Any) -> bool:
    try:
        after = ipaddress.ip_network(new, strict=False)
        return ipaddress.ip_network(old, strict=False).subnet_of(after)
    except (ValueError, TypeError):
        return new is UNKNOWN


def live_inputs(kind: Kind, old: Values, before: Values, live: Values) -> dict[str, Any]:
    """Return the inputs that would make the resource as it is now.

    Only what differs from the state shows: values that the API filled in by itself are no drift.

    Args:
        kind: the resource's type.
        old: the inputs in the state; empty at import.
        before: the outputs in the state.
        live: the outputs as read now.
    """
    found: dict[str, Any] = {}
    for name, known in tree(kind).properties.items():
        now, was = (
            _arranged(kind, outputs.get(name), old.get(name), name) for outputs in (live, before)
        )
        # An import takes what must be said as it is told, though the API may tell more of it.
        needed = known.required and not old
        unread = (not known.path and now is None) or (name in kind.unread and not needed)
        if name in kind.refs:
            links = [_linked(kind, name, v, live) for v in (old.get(name), now)]
            now = old.get(name) if same(*links) else now
        if not known.settable or (name not in old and (unread or empty(now))):
            continue
        if name in old:
            kept = old[name] if unread else _drifted(old[name], was, now)
            if kept is not None:
                found[name] = kept
        elif not old or not (known.computed or same(before.get(name), now, name)):
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
        for key, value in now.items():
            if key not in old and not empty(value) and not same(known.get(key), value, key):
                merged[key] = value
        return {key: value for key, value in merged.items() if value is not None}
    if isinstance(old, list) and isinstance(now, list) and len(old) == len(now):
        if same(old, now):
            return old
        known = before if isinstance(before, list) and len(before) == len(now) else now
        return [_drifted(o, b, n) for o, b, n in zip(old, known, now, strict=True)]
    return old if same(old, now) or _names(old, now) else now


def _names(name: Any, link: Any) -> bool:
    """Whether a link leads to what the program calls by its name alone."""
    texts = isinstance(name, str) and isinstance(link, str)
    return texts and "/" not in name and "/projects/" in link and last_segment(link) == name
