"""The commands of `meshwright sandbox env`, in the shells that this machine has."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from meshwright_sandbox.daemon import environment

SHELLS = [name for name in ("sh", "bash", "dash", "zsh", "fish") if shutil.which(name)]
# In words that all of them know.
SCRIPT = """
eval "$(cat exports)"
printenv NEW
printenv KNOWN
eval "$(cat undo)"
printenv NEW || echo none
printenv KNOWN
printenv MESHWRIGHT_SAVED_KNOWN || echo none
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_variables_are_set_and_put_back(
    shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {"PATH": os.environ["PATH"], "KNOWN": "before it's $here"}
    wanted = {"NEW": "a b", "KNOWN": 'it\'s "new" & $there', "PATH": before["PATH"]}
    monkeypatch.setattr(os, "environ", before)
    (tmp_path / "exports").write_text(environment.exports(wanted))
    inside = before | wanted | {f"MESHWRIGHT_SAVED_{n}": v for n, v in before.items()}
    monkeypatch.setattr(os, "environ", inside)
    (tmp_path / "undo").write_text(environment.undo(wanted))

    ended = subprocess.run(
        [shell, "-c", SCRIPT],
        cwd=tmp_path,
        env=before | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stderr == ""
    assert ended.stdout.splitlines() == [
        *(wanted["NEW"], wanted["KNOWN"]),
        *("none", before["KNOWN"], "none"),
    ]
