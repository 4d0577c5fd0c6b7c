"""Reads the stack's spec, builds the platform, exports its outputs."""

import gc
from pathlib import Path

import pulumi

from stacks._registrations import Registrations
from stacks.composition import build
from stacks.spec import Platform, SpecError, load


def spec() -> Platform:
    """The spec that the stack's file holds, or that of the file that it names."""
    config = pulumi.Config("meshwright")
    named = config.get("platformFile")
    if named is None:
        return load(config.require_object("platform"))
    from stacks.validate import load_platform

    # The engine starts a program in the folder of Pulumi.yaml.
    return load_platform(Path(named))


async def main() -> None:
    """Run as the Pulumi program; a wrong spec ends it with one error and before any API call."""
    try:
        platform = spec()
    except SpecError as error:
        # RunError is printed without a traceback.
        raise pulumi.RunError(str(error)) from None
    registrations = Registrations()
    for name, value in (await build(platform)).items():
        pulumi.export(name, value)
    await registrations.answered()
    gc.freeze()  # or the interpreter looks through all of it once more before it ends


# What the SDKs load and what is registered stays to the end: to look there for garbage as often as
# Python does by default took a sixth of a preview.
gc.set_threshold(100_000, 20, 100)
pulumi.run(main)
