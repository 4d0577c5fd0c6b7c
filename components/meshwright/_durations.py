"""Durations as arguments write them (`1m30s`, `0.5s`), and as each API takes them."""

import re
from decimal import Decimal

import pulumi

_DURATION = re.compile(r"(\d+(\.\d+)?(ms|s|m|h))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)", re.ASCII)
_MILLISECONDS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}


def is_duration(text: str) -> bool:
    """Whether `text` is a duration such as `2s`, `500ms` or `1m30s`."""
    return _DURATION.fullmatch(text) is not None


def milliseconds(text: str) -> Decimal:
    """How long a duration is, in milliseconds."""
    return sum(
        (Decimal(number) * _MILLISECONDS[unit] for number, unit in _PART.findall(text)), Decimal(0)
    )


def is_whole_duration(text: str, least: int = 1) -> bool:
    """Whether a duration is one that every API takes: milliseconds, from `least` to 9999h."""
    length = milliseconds(text)
    return least <= length <= 9999 * _MILLISECONDS["h"] and length == length.to_integral_value()


def gateway_duration(text: str) -> str:
    """The duration as the Gateway API writes it: whole numbers, each unit once (GEP-2257)."""
    rest, parts = int(milliseconds(text)), list[str]()
    for unit, length in _MILLISECONDS.items():
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def json_duration(text: str) -> str:
    """The duration as Google's REST APIs write it: seconds, such as `1.5s`."""
    return f"{(milliseconds(text) / 1000).normalize():f}s"


def as_gateway_duration(value: pulumi.Input[str]) -> pulumi.Input[str]:
    """gateway_duration(), also of a value that is known later."""
    if isinstance(value, str):
        return gateway_duration(value)
    return pulumi.Output.from_input(value).apply(lambda known: gateway_duration(_checked(known)))


def as_json_duration(value: pulumi.Input[str]) -> pulumi.Input[str]:
    """json_duration(), also of a value that is known later."""
    if isinstance(value, str):
        return json_duration(value)
    return pulumi.Output.from_input(value).apply(lambda known: json_duration(_checked(known)))


def _checked(known: str) -> str:
    """What was not known when the arguments were checked; nothing else would read it as 0."""
    if not is_duration(known):
        raise pulumi.RunError(
            f"an argument turned out to be {known!r}, which is not a duration such as `2s` or "
            "`500ms`"
        )
    return known
