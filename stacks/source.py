"""Where a stack's spec stands: in its config, or in the file that its config names."""

from pathlib import Path

from stacks._errors import SpecError, problems_of
from stacks._file import is_named, read_named
from stacks.spec import Platform, load


def load_from(raw: object, folder: Path) -> Platform:
    """The validated spec of the value `meshwright:platform`, or SpecError with every mistake.

    Args:
        raw: the value: a spec, or a map that only names a file.
        folder: where the stack's file is, and the named one beside it.
    """
    if not is_named(raw):
        return load(raw)
    file = read_named(folder, raw)
    problems = [*file.problems, *(problems_of(file.spec, Platform) if file.readable else ())]
    if problems:
        raise SpecError(problems)
    return Platform.model_validate(file.spec)
