"""docs/reference/ says what the docstrings say."""

import subprocess
import sys
from pathlib import Path

GENERATOR = Path(__file__).parents[2] / "docs" / "generate_reference.py"


def test_the_reference_is_what_the_docstrings_say():
    """The message of a failure names the command that renews it."""
    result = subprocess.run(
        [sys.executable, GENERATOR, "--check"], capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr
