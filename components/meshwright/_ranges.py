"""Ranges of addresses as Google's and Kubernetes' APIs take them."""

import ipaddress
from collections.abc import Iterable, Iterator


def range_problem(value: object, *, only_ipv4: bool = False) -> str:
    """What is wrong with a known range such as `10.0.0.0/20`; "" for nothing.

    The APIs want the length of the prefix, where Python does without or takes a mask.
    """
    if not isinstance(value, str):
        return ""
    try:
        (ipaddress.IPv4Network if only_ipv4 else ipaddress.ip_network)(value)
    except ValueError as error:
        return f"{value!r} is not {'an IPv4' if only_ipv4 else 'a'} range: {error}"
    prefix = value.partition("/")[2]
    if not prefix.isdecimal():
        return f"{value!r} must end in the length of its prefix, such as /32 for one address"
    if prefix != str(int(prefix)):
        return f"{value!r} must not have zeros before the length of its prefix"
    return ""


def range_problems(path: str, values: Iterable[object]) -> Iterator[tuple[str, str]]:
    """What is wrong with the ranges of a list."""
    for index, value in enumerate(values):
        if problem := range_problem(value):
            yield f"{path}[{index}]", problem
