"""Says what is wrong in a policy config: the key, what stands there, what to write instead."""

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from pydantic import ValidationError


def explain(
    key: str, error: ValidationError, known: list[str], elsewhere: list[str], pack: str
) -> Iterator[str]:
    """A sentence or two for each mistake under a key; `elsewhere` are the keys of `pack`."""
    for mistake in error.errors(include_url=False):
        path = _path(key, mistake["loc"])
        if mistake["type"] == "extra_forbidden":
            last = str(mistake["loc"][-1])
            if last in elsewhere and len(mistake["loc"]) == 1:
                yield f"{path}: is no setting of one rule. Write it under {json.dumps(pack)}."
            else:
                names = known if len(mistake["loc"]) == 1 else ["urn", "reason", "expires"]
                yield unknown_key(last, names, path.removesuffix(last))
        elif mistake["type"] == "missing":
            yield f"{path}: is missing."
        else:
            yield f"{path}: is {_shown(mistake['input'])}. {_wanted(mistake)}"


def unknown_key(key: str, known: Sequence[str], prefix: str = "") -> str:
    """That a key is none, and which one it may be meant to be."""
    # The first of those that are nearest: GKE-1 is GKE-01 rather than GKE-11 or GKE-21.
    near = max(known, key=lambda name: _likeness(key, name), default="")
    if _likeness(key, near) >= 0.6:
        return f"{prefix}{key}: there is no such key. Did you mean {near}?"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"{prefix}{key}: there is no such key. There are: {shown}."


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()


def _path(key: str, parts: Sequence[int | str]) -> str:
    return key + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _wanted(mistake: Any) -> str:
    kind, context = mistake["type"], mistake.get("ctx", {})
    if kind == "enum":
        return f"Write one of {context['expected']}."
    if kind.startswith("date"):
        return "Write a day that exists, as YYYY-MM-DD."
    if kind == "string_too_short":
        return "Write something."
    return mistake["msg"].replace("Input should be", "Write") + "."
