"""`meshwright sandbox` as a user runs it, with real processes."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.runtime.processes import ProcessTable
from tests.disk import Disk
from tests.lifecycle.harness.local import WITHOUT_CAPABILITIES
from tests.sandbox.runtime.conftest import LOCATION, MESH, PROJECT, request_for
from tests.sandbox.runtime.shell import COMMAND, Shell, refused

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]


def test_up_serves_and_a_second_up_says_so(shell: Shell) -> None:
    first = shell.up()
    with urllib.request.urlopen(f"{first['url']}/_sandbox/health", timeout=10) as answer:
        assert json.loads(answer.read())["status"] == "ok"
    emulator = shell.status()["emulator"]
    assert emulator["state"] == "running"
    assert emulator["memory"] > 0

    second = shell.up()
    assert not first["already_running"]
    assert second["already_running"]
    assert second["url"] == first["url"]
    assert shell.status()["emulator"]["pid"] == emulator["pid"]


def test_nothing_goes_by_a_proxy_of_the_users(shell: Shell) -> None:
    """Behind a company's proxy no cluster came up: its store was asked for there."""
    nowhere = "http://127.0.0.1:9"
    shell.environment |= {"HTTP_PROXY": nowhere, "https_proxy": nowhere, "ALL_PROXY": nowhere}
    shell.up()
    emulator = psutil.Process(shell.status()["emulator"]["pid"])
    assert not [name for name in emulator.environ() if name.lower().endswith("_proxy")]


def test_up_shows_istios_charts_where_a_stack_can_name_them(shell: Shell) -> None:
    shell.up()
    shell.up()
    assert (shell.home / "charts" / "istio-control" / "istio-discovery" / "Chart.yaml").exists()


def test_two_ups_at_once_start_one_sandbox(shell: Shell) -> None:
    command = [COMMAND, "sandbox", "up", "--json", "--clusters", "none"]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=shell.environment)
        for _ in range(2)
    ]
    answers = [json.loads(process.communicate(timeout=240)[0]) for process in started]
    assert sorted(answer["already_running"] for answer in answers) == [False, True]
    assert answers[0]["url"] == answers[1]["url"]


def test_down_ends_the_process_and_keeps_the_state(shell: Shell) -> None:
    shell.up()
    emulator = psutil.Process(shell.status()["emulator"]["pid"])
    assert "is down" in shell.run("down").stdout
    assert not is_alive(emulator)
    assert (shell.home / "state.db").exists()
    assert "was not running" in shell.run("down").stdout
    assert shell.status()["emulator"]["state"] == "stopped"


def test_a_port_in_use_is_told_in_a_sentence(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = refused(shell.run("up", "--clusters", "none", "--port", str(port)))
    assert f"port {port}" in text
    assert f"process {os.getpid()}" in text


def test_a_killed_sandbox_comes_back_at_its_port(shell: Shell) -> None:
    first = shell.up()
    psutil.Process(shell.status()["emulator"]["pid"]).kill()
    again = shell.up()
    assert not again["already_running"]
    assert again["url"] == first["url"]


def test_a_stale_pid_file_harms_nobody(shell: Shell, tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run = shell.home / "run"
    run.mkdir(parents=True)
    # As after a reboot: the pid is somebody else's now.
    entry = {"pid": stranger.pid, "started": time.time() - 86_400}
    (run / "emulator.json").write_text(json.dumps(entry))
    try:
        assert not shell.up()["already_running"]
        shell.run("down")
        assert stranger.poll() is None
    finally:
        stranger.communicate(b"\n", timeout=30)


@pytest.mark.parametrize("kind", ["file in its place", "read-only"])
def test_a_folder_that_cannot_be_written_is_told(shell: Shell, kind: str, tmp_path: Path) -> None:
    if kind == "read-only":
        # Not even root writes here.
        shell.environment["MESHWRIGHT_SANDBOX_HOME"] = "/proc/meshwright"
    else:
        shell.home.write_text("")
    text = refused(shell.run("up", "--clusters", "none"))
    assert "cannot be written" in text
    assert "MESHWRIGHT_SANDBOX_HOME" in text


def test_a_disk_with_too_little_room_is_told(shell: Shell, tmp_path: Path) -> None:
    disk = Disk(tmp_path / "disk")
    shell.environment["MESHWRIGHT_SANDBOX_HOME"] = str(disk.at / "home")
    shell.command = [*disk.inside, str(COMMAND)]
    try:
        text = refused(shell.run("up", "--clusters", "none"))
    finally:
        disk.end()
        shell.command = [str(COMMAND)]

    assert "MB left and the sandbox needs" in text
    assert "MESHWRIGHT_SANDBOX_HOME" in text


def test_what_a_crash_of_the_machine_damaged_is_told_with_the_mend(shell: Shell) -> None:
    """And what runs can be ended nevertheless."""
    shell.home.mkdir()
    (shell.home / "state.db").write_text("no database")
    text = refused(shell.run("up", "--clusters", "none"))
    assert "cannot be read (file is not a database)" in text
    assert "`meshwright sandbox reset` forgets it" in text

    shell.run("reset")
    (shell.home / "ca" / "root-key.pem").write_text("")
    assert "delete that folder" in refused(shell.run("up", "--clusters", "none"))
    assert "was not running" in shell.run("down").stdout


@pytest.mark.parametrize("command", ["up", "env", "status", "fault --list", "traffic", "reset"])
def test_another_users_sandbox_is_not_taken_for_none(shell: Shell, command: str) -> None:
    """Root too may read what forbids it to everybody, unless it has laid down its powers."""
    shell.home.mkdir()
    (shell.home / "daemon.json").touch(mode=0)
    shell.command = [*WITHOUT_CAPABILITIES, *shell.command]
    text = refused(shell.run(*command.split()))
    assert f"{shell.home}/daemon.json cannot be read: Permission denied" in text
    assert "name a folder of your own in MESHWRIGHT_SANDBOX_HOME" in text


def test_missing_programs_are_named(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    text = refused(shell.run("up", MESHWRIGHT_TOOLS=str(tmp_path / "empty")))
    assert "kube-apiserver" in text
    assert "make tools" in text


def test_env_works_in_a_shell_and_can_be_undone(shell: Shell) -> None:
    url = shell.up()["url"]
    script = (
        f'eval "$({COMMAND} sandbox env)"\n'
        'echo "$GOOGLE_CONTAINER_CUSTOM_ENDPOINT $CLOUDSDK_CORE_PROJECT $PULUMI_BACKEND_URL"\n'
        "command -v gke-gcloud-auth-plugin\n"
        "gke-gcloud-auth-plugin\n"
        f'eval "$({COMMAND} sandbox env --unset)"\n'
        'echo "$KUBECONFIG ${GOOGLE_PROJECT-none} $PATH"\n'
    )
    environment = shell.environment | {"KUBECONFIG": "/mine"}
    environment.pop("GOOGLE_PROJECT", None)
    ended = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    inside, plugin, credential, outside = ended.stdout.splitlines()
    state = (shell.home / "state").as_uri()
    assert inside == f"{url}/container/v1beta1/ {PROJECT} {state}"
    assert Path(plugin) == shell.home / "bin" / "gke-gcloud-auth-plugin"
    assert json.loads(credential)["status"]["token"] == (shell.home / "token").read_text()
    assert outside == f"/mine none {environment['PATH']}"


def test_env_without_a_sandbox_says_what_to_do(shell: Shell) -> None:
    assert "sandbox up" in refused(shell.run("env"))


def test_faults_are_armed_listed_and_cleared(shell: Shell) -> None:
    url = shell.up()["url"]
    order = ("fault", "GET .*/clusters", "--action", "503", "--count", "2")
    assert shell.run(*order).returncode == 0
    assert "503" in shell.run("fault", "--list").stdout
    address = f"{url}/container/v1/projects/{PROJECT}/locations/-/clusters"
    with pytest.raises(urllib.error.HTTPError) as struck:
        urllib.request.urlopen(address, timeout=10)
    assert struck.value.code == 503
    shell.run("fault", "--clear")
    assert "503" not in shell.run("fault", "--list").stdout
    assert "allowed" in refused(shell.run("fault", "x", "--action", "melt"))


def test_reset_forgets_the_state_and_starts_again(shell: Shell) -> None:
    before = shell.up()
    (shell.home / "state" / "kept").write_text("")
    authority = (shell.home / "ca" / "root-cert.pem").read_text()
    ended = shell.run("reset")
    assert ended.returncode == 0, ended.stderr
    assert not (shell.home / "state" / "kept").exists()
    assert (shell.home / "ca" / "root-cert.pem").read_text() == authority
    assert shell.up() == before | {"already_running": True}


def test_clusters_survive_a_killed_emulator_and_end_with_down(shell: Shell, tools: Path) -> None:
    runtime = LocalRuntime(shell.home, tools)
    request = request_for("adopted", 60)
    access = runtime.start(request)
    runtime.start_mesh(PROJECT, LOCATION, request.name, MESH)
    runtime.close()
    table = ProcessTable(shell.home)
    before = {e.name: e.pid for e in table.entries() if e.alive}

    # The emulator of then is gone; this one finds everything as it was.
    assert shell.run("up").returncode == 0
    psutil.Process(shell.status()["emulator"]["pid"]).kill()
    assert shell.run("up").returncode == 0
    status = shell.status()
    running = {e["name"]: e["pid"] for e in status["processes"] if e["alive"]}
    assert {name: running[name] for name in before} == before
    assert status["clusters"][0]["state"] == "running"
    assert status["clusters"][0]["endpoint"] == f"https://{access.endpoint}"
    assert status["clusters"][0]["mesh"]["state"] == "running"

    everything = [psutil.Process(pid) for pid in running.values()]
    assert shell.run("down").returncode == 0
    assert [p for p in everything if is_alive(p)] == []
    assert [p for p in psutil.process_iter() if str(shell.home) in command_line(p)] == []

    # Its data stayed: the next `up` has the cluster and its mesh back at the same address, even
    # where the folder was moved meanwhile.
    shell.move(shell.home.with_name("another place"))
    assert "Note" not in shell.run("up").stdout
    cluster = shell.status()["clusters"][0]
    assert (cluster["state"], cluster["mesh"]["state"]) == ("running", "running")
    assert cluster["endpoint"] == f"https://{access.endpoint}"
    context = f"gke_{PROJECT}_{LOCATION}_{request.name}"
    variables = json.loads(shell.run("env", "--json").stdout)
    nodes = subprocess.run(
        [tools / "kubectl", "--context", context, "get", "nodes", "--output=name"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | variables,
    )
    assert len(nodes.stdout.split()) == 3

    # One that ended under a running sandbox is told.
    pids = {e["name"].rpartition("/")[2]: e["pid"] for e in shell.status()["processes"]}
    psutil.Process(pids["kube-apiserver"]).kill()
    assert f"Note: {request.name} of {shell.home} did not start again" in shell.run("up").stdout


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
