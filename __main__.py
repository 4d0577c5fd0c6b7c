"""Reads the stack's spec, builds the platform, exports its outputs."""

from pathlib import Path

import pulumi

from stacks.composition import build
from stacks.source import load_from
from stacks.spec import SpecError


def main() -> None:
    """Run as the Pulumi program; a wrong spec ends it with one error and before any API call."""
    try:
        platform = pulumi.Config("meshwright").require_object("platform")
        spec = load_from(platform, Path(__file__).parent / "stacks")
    except SpecError as error:
        # RunError is printed without a traceback.
        raise pulumi.RunError(str(error)) from None
    for name, value in build(spec).items():
        pulumi.export(name, value)


main()
