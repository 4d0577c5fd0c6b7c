"""Checks the arguments of a component before anything is registered.

A mistake is reported with the component, the argument's path and what to do about it, all mistakes
of one component at once. Values that are only known later (Outputs) are left to the API.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, cast

import pulumi

from ._shapes import cleaned, is_plain, shape_problems
from ._stand_ins import said_anyway

A = TypeVar("A")
T = TypeVar("T")
Rule = Callable[[A], Iterator[tuple[str, str]]]


class ArgumentError(pulumi.RunError):
    """A component was given wrong arguments; the text names each one and its mend.

    It is a `pulumi.RunError`, so that the engine prints the text alone, without a traceback.
    """

    problems: tuple[tuple[str, str], ...]
    """Each mistake: the argument's path, and what is wrong with it."""

    def __init__(self, component: str, name: str, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  {path}: {text}" for path, text in self.problems)
        super().__init__(f"{component} {name!r} was given wrong arguments:\n{lines}")


def checked(component: str, name: str, args: A, kind: type[A], *rules: Rule[A]) -> A:
    """Return `args` without its `None`s, or raise ArgumentError naming every mistake.

    Whole numbers are `int`s in it: from other languages all numbers come as floating point. `rules`
    look at how values fit together. Where some value has a wrong shape, they say what has nothing
    to do with it.
    """
    problems = list(shape_problems(args, kind, ""))
    if problems:
        raise ArgumentError(component, name, [*problems, *said_anyway(args, kind, problems, rules)])
    right = cast(A, cleaned(args, kind))
    problems = [problem for rule in rules for problem in rule(right)]
    if problems:
        raise ArgumentError(component, name, problems)
    return right


def once_known(
    component: str,
    name: str,
    path: str,
    value: pulumi.Input[T],
    problem: Callable[[T], str | None],
) -> pulumi.Output[T]:
    """`value`, which ends the update with an ArgumentError where it turns out to have a `problem`.

    For arguments that the component takes apart; what only an API reads is left to the API.
    """

    def check(known: T) -> T:
        if text := problem(known):
            raise ArgumentError(component, name, [(path, text)])
        return known

    return pulumi.Output.from_input(value).apply(check)


def duplicates(values: Iterable[str]) -> list[str]:
    """The values that occur more than once, each once, in order."""
    seen: dict[str, int] = {}
    for value in values:
        seen[value] = seen.get(value, 0) + 1
    return [value for value, count in seen.items() if count > 1]


def one_of(path: str, value: object, allowed: Iterable[str]) -> Iterator[tuple[str, str]]:
    """A problem when a known `value` is none of the `allowed` ones."""
    choices = list(allowed)
    if is_plain(value) and value is not None and value not in choices:
        close = difflib.get_close_matches(str(value), choices, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        yield path, f"{value!r} must be one of {', '.join(choices)}{hint}"
