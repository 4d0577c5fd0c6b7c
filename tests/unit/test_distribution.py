"""What `pip install ./components` gives to another program."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMPONENTS = Path(__file__).parents[2] / "components"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution alone, installed as Pulumi does for the folder of a plugin.

    From a copy, since building leaves files there; without what it needs, which is here.
    """
    source = tmp_path_factory.mktemp("source") / "components"
    shutil.copytree(COMPONENTS, source, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    target = tmp_path_factory.mktemp("target")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--target", str(target), "-r", "requirements.txt"]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def test_the_package_brings_its_types_and_nothing_of_the_rest(installed: Path) -> None:
    assert (installed / "meshwright" / "py.typed").is_file()
    packages = {path.name for path in installed.iterdir() if path.is_dir()}
    assert {name for name in packages if "-" not in name and name != "bin"} == {
        "meshwright",
        "meshwright_provider",
    }


def test_importing_it_loads_neither_sandbox_nor_stacks(installed: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); import meshwright;"
        "print(meshwright.__file__, *{name.partition('.')[0] for name in sys.modules})"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert Path(printed[0]).is_relative_to(installed)
    assert not {"stacks", "meshwright_sandbox", "meshwright_policies", "meshwright_cli"} & {
        *printed[1:]
    }


def test_the_folder_runs_as_a_plugin(tmp_path: Path) -> None:
    """Pulumi's language host runs `python FOLDER ENGINE` and reads the port that it prints."""
    plugin = subprocess.Popen(
        [sys.executable, COMPONENTS, "127.0.0.1:1"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert plugin.stdout is not None
        assert plugin.stdout.readline().strip().isdigit()
    finally:
        plugin.terminate()
        plugin.communicate(timeout=30)
