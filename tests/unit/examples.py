"""Runs the programs in examples/ without an engine, and keeps what they register."""

import runpy
from pathlib import Path

import pulumi

from tests.unit.recording import Recorder, record

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/__main__.py"))


def recorded(example: str) -> Recorder:
    """What an example's program registers."""
    recorder = record()
    pulumi.runtime.set_all_config({"gcp:project": "meshwright-dev"})

    @pulumi.runtime.test
    def program():
        runpy.run_path(str(EXAMPLES / example / "__main__.py"), run_name="__main__")

    program()
    return recorder
