"""What the lifecycle tests drive: a local cloud as a process, the real engine, and the oracle."""

from tests.lifecycle.harness.cloud import Cloud
from tests.lifecycle.harness.engine import Run, Stack
from tests.lifecycle.harness.local import LocalCloud, copy_of_the_program
from tests.lifecycle.harness.oracle import assert_consistent
from tests.lifecycle.harness.recovery import import_orphans, recover

__all__ = [
    "Cloud",
    "LocalCloud",
    "Run",
    "Stack",
    "assert_consistent",
    "copy_of_the_program",
    "import_orphans",
    "recover",
]
