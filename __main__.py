"""Reads the stack's spec, builds the platform, exports its outputs."""

import pulumi

from stacks.composition import build
from stacks.spec import SpecError, load


def main() -> None:
    """Run as the Pulumi program; a wrong spec ends it with one error and before any API call."""
    try:
        spec = load(pulumi.Config("meshwright").require_object("platform"))
    except SpecError as error:
        # RunError is printed without a traceback.
        raise pulumi.RunError(str(error)) from None
    for name, value in build(spec).items():
        pulumi.export(name, value)


main()
