"""Every mistake in a spec, each with path, masked value, rule and fix; and how they are printed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stacks import _rules, _secrets
from stacks._secrets import Location
from stacks._view import Problem, View, as_list, as_map, field_of, keys_of, model_of

_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a map of keys to values",
    "model": "a map of keys to values",
}


class SpecError(Exception):
    """A spec has mistakes; `problems` holds all of them, the text names each."""

    def __init__(self, problems: Sequence[Problem], text: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__(text or render(self.problems))


def problems_of(raw: object, model: type[BaseModel]) -> list[Problem]:
    """Every mistake in a raw spec, in the order of the spec's places."""
    secrets = list(_secrets.find(raw, _keys_below(model)))
    found: list[Problem] = []
    try:
        model.model_validate(raw)
    except ValidationError as error:
        found += _field_problems(error, raw, model)
    found += _rules.check(View(as_map(raw), model)) if as_map(raw) else []
    # A place that holds a secret is spoken of once; a rule elsewhere may have quoted it.
    hidden = set(secrets)
    kept = [_secret_problem(loc, model) for loc in secrets]
    kept += [p for p in found if not {p.loc, p.loc[:-1]} & hidden]
    texts = [text for loc in secrets if len(text := _text_at(raw, loc)) >= 4]
    unique = {(p.loc, p.rule): _without(p, texts) for p in kept}
    return sorted(unique.values(), key=_place_order)


def _text_at(raw: object, loc: Location) -> str:
    value = raw
    for part in loc:
        value = as_map(value).get(part) if isinstance(part, str) else as_list(value)[part]
    return value if isinstance(value, str) else ""


def _without(problem: Problem, texts: list[str]) -> Problem:
    rule, fix = problem.rule, problem.fix
    for text in texts:
        rule, fix = rule.replace(text, _secrets.MASK), fix.replace(text, _secrets.MASK)
    return replace(problem, rule=rule, fix=fix)


def _place_order(problem: Problem) -> list[tuple[bool, str]]:
    return [(isinstance(part, str), str(part).zfill(6)) for part in problem.loc]


def render(problems: Sequence[Problem], lines: Mapping[Location, int] | None = None) -> str:
    """The text that a user sees; `lines` adds where in the file each place stands."""
    count = f"{len(problems)} mistake{'s' if len(problems) != 1 else ''} in the spec"
    blocks = [f"{count}; nothing was changed."]
    for problem in problems:
        line = line_of(problem, lines or {})
        where = problem.path + (f"  (line {line})" if line else "")
        value, rule, fix = map(_printable, (problem.value, problem.rule, problem.fix))
        blocks.append(
            f"{_printable(where)}\n    value  {value}\n    rule   {rule}\n    fix    {fix}"
        )
    return "\n\n".join(blocks)


def _printable(text: str) -> str:
    """The text with its control characters spelled out: a terminal would obey them."""
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text
    )


def as_data(
    problems: Sequence[Problem], lines: Mapping[Location, int] | None = None
) -> dict[str, object]:
    """The same for programs: `{"valid": ..., "problems": [...]}`."""
    entries = [
        {
            "path": problem.path,
            "line": line_of(problem, lines or {}),
            "value": problem.value,
            "rule": problem.rule,
            "fix": problem.fix,
        }
        for problem in problems
    ]
    return {"valid": not problems, "problems": entries}


def line_of(problem: Problem, lines: Mapping[Location, int]) -> int | None:
    """The line of a problem, or of the nearest part around it that stands in the file."""
    if problem.line is not None:
        return problem.line
    around = (problem.loc[:end] for end in range(len(problem.loc), -1, -1))
    return next((lines[loc] for loc in around if loc in lines), None)


def _secret_problem(loc: Location, model: type[BaseModel]) -> Problem:
    near = _near_key(loc, model) if isinstance(loc[-1], str) else None
    # `secret_key` for `secrets_key`: the key may be a slip, and its value no secret.
    meant = f"did you mean {near}? Else " if near and near != loc[-1] else ""
    return Problem(
        loc,
        _secrets.MASK,
        "a secret never stands in the spec: it would be readable in files, state and logs",
        f"{meant}remove it here, change it where it was issued, keep it in a Secret that the spec "
        "names or under `pulumi config set --secret`",
    )


def _field_problems(
    error: ValidationError, raw: object, model: type[BaseModel]
) -> Iterator[Problem]:
    details = error.errors(include_url=False)
    renamed = {
        (*_place(item)[:-1], near)
        for item in details
        if item["type"] == "extra_forbidden" and (near := _near_key(_place(item), model))
    }
    for item in details:
        loc = _place(item)
        if item["type"] == "missing" and loc in renamed:
            continue  # the misspelt key beside it says the same
        value = "nothing" if item["type"] == "missing" else _secrets.shown(item["input"], loc)
        if not loc and isinstance(item["input"], str):
            value = "a text"  # of a whole spec, or of some other file: nobody knows what is in it
        rule, fix = _explained(item, loc, model)
        yield Problem(loc, value, rule, fix)


def _place(item: ErrorDetails) -> Location:
    """Where an error is; pydantic marks a wrong key of a map by one more part."""
    loc = item["loc"]
    return loc[:-1] if loc and loc[-1] == "[key]" else loc


def _explained(item: ErrorDetails, loc: Location, model: type[BaseModel]) -> tuple[str, str]:
    kind, value = item["type"], item["input"]
    context: dict[str, Any] = item.get("ctx") or {}
    if kind == "rule":
        return context["rule"], context["fix"]
    if kind == "missing":
        return "is required", f"add it: {_description(loc, model)}"
    if kind == "extra_forbidden":
        near = _near_key(loc, model)
        known = ", ".join(keys_of(parent)) if (parent := _model_at(loc[:-1], model)) else ""
        return (
            "is not a key of the spec",
            f"did you mean {near}?" if near else f"known are: {known}",
        )
    if kind == "literal_error":
        choices = str(context["expected"]).replace("'", "")
        return f"must be one of {choices}", _near_choice(value, choices, loc, model)
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        word = kind.replace("_", " ")
        return f"must be {word} to {_bound(context)}".replace(
            "than equal", "than or equal"
        ).replace("than to", "than"), f"choose another number: {_description(loc, model)}"
    if kind in ("too_short", "too_long"):
        bound, more = ("least", "min_length") if kind == "too_short" else ("most", "max_length")
        fix = "add one, or leave the part above out" if kind == "too_short" else "split the spec"
        return f"must have at {bound} {context[more]} entries", fix
    if kind == "string_pattern_mismatch":
        return f"must match {context['pattern']}", _description(loc, model)
    if kind == "finite_number":
        return "must be a finite number", "write a plain number such as 10"
    wanted = _KINDS.get(
        kind.removesuffix("_type").removesuffix("_parsing").removesuffix("_from_float")
    )
    if wanted:
        return f"must be {wanted}", _retyped(value, wanted)
    return item["msg"], _description(loc, model)


def _bound(context: Mapping[str, Any]) -> str:
    return next((str(context[key]) for key in ("ge", "le", "gt", "lt") if key in context), "")


def _retyped(value: object, wanted: str) -> str:
    """How to write a value of the wrong type."""
    if value is None:
        return "null is no value: remove the key to get its default"
    if wanted == "true or false" and isinstance(value, str):
        if value.lower() in ("yes", "on", "y", "true"):
            return "write true, without quotes"
        if value.lower() in ("no", "off", "n", "false"):
            return "write false, without quotes"
    if wanted in ("a whole number", "a number"):
        if isinstance(value, str) and value.strip().lstrip("-").isdigit():
            return f"write {value.strip()}, without quotes"
        if isinstance(value, float) and value.is_integer():
            return f"write {int(value)}"
    if wanted == "text" and isinstance(value, int | float):
        return f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    if wanted == "a list" and isinstance(value, str):
        return "put '- ' before it, on a line of its own"
    return f"write {wanted}"


def _near_choice(value: object, choices: str, loc: Location, model: type[BaseModel]) -> str:
    words = choices.replace(" or ", ", ").split(", ")
    by_case = {word.lower(): word for word in words}
    near = (
        get_close_matches(str(value).lower(), list(by_case), n=1) if isinstance(value, str) else []
    )
    return f"did you mean {by_case[near[0]]}?" if near else _description(loc, model)


def _near_key(loc: Location, model: type[BaseModel]) -> str | None:
    """The key that was meant: another case or style of writing first, then the closest one."""
    parent = _model_at(loc[:-1], model)
    if parent is None:
        return None
    plain = {key.replace("_", ""): key for key in keys_of(parent)}
    word = str(loc[-1]).lower().replace("_", "").replace("-", "")
    near = [word] if word in plain else get_close_matches(word, list(plain), n=1, cutoff=0.7)
    return plain[near[0]] if near else None


def _model_at(loc: Location, model: type[BaseModel]) -> type[BaseModel] | None:
    here: type[BaseModel] | None = model
    for part in loc:
        if isinstance(part, str):
            field = field_of(here, part)
            here = model_of(field.annotation) if field else None
    return here


def _description(loc: Location, model: type[BaseModel]) -> str:
    keys = [position for position, part in enumerate(loc) if isinstance(part, str)]
    last = keys[-1] if keys else 0
    field = field_of(_model_at(loc[:last], model), str(loc[last])) if keys else None
    if field is None:
        return "see platform.schema.json"
    example = f" Example: {field.examples[0]}" if field.examples else ""
    return f"{field.description or ''}{example}"


@cache
def _keys_below(model: type[BaseModel]) -> frozenset[str]:
    """Every key that the model knows, at any depth: none of them holds a secret by its name."""
    keys = set(keys_of(model))
    for field in model.model_fields.values():
        inner = model_of(field.annotation)
        if inner:
            keys |= _keys_below(inner)
    return frozenset(keys)
