"""Runs the Go compiler, and turns the ways in which it fails into one sentence each."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from meshwright_toolchain.catalogue import Group
from meshwright_toolchain.errors import ToolchainError

DOWNLOAD_ATTEMPTS = 3
RETRY_SECONDS = 3.0

# Builds at work, so that an interrupted run can end them.
_building: set[subprocess.Popen[str]] = set()

# A refusal is final; a broken connection may heal.
REFUSED = re.compile(
    r"40[0-9] |410 Gone|verifying module|checksum mismatch|disabled by GOPROXY|unknown revision"
    r"|module lookup disabled|certificate|not found: module"
)
BROKEN = re.compile(
    r"dial tcp|no such host|i/o timeout|connection re(?:fused|set)|TLS handshake|unexpected EOF"
    r"|50[0-9] |context deadline exceeded|server misbehaving|network is unreachable"
)


def _environment() -> dict[str, str]:
    """The user's environment, less what would make Go build for another machine or module.

    Without cgo the programs need no C compiler or headers here, and run on any Linux.
    """
    kept = {name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH")}
    return kept | {"CGO_ENABLED": "0", "GOWORK": "off"}


def find_compiler(group: Group) -> str:
    """The path of a Go compiler that can build the group.

    Raises:
        ToolchainError: there is none, or it is too old.
    """
    names = ", ".join(program.name for program in group.programs)
    wanted = re.search(r"^go (\d+)\.(\d+)", (group.folder / "go.mod").read_text(), re.MULTILINE)
    assert wanted, f"modules/{group.name}/go.mod names no Go version"
    needs = f"Go {wanted[1]}.{wanted[2]} or newer"
    compiler = shutil.which("go")
    if compiler is None:
        raise ToolchainError(
            f"Go is not installed and {names} must be built: install {needs} "
            "(package golang-go, or the archive from go.dev/dl), then run the same command again."
        )
    answer = _run([compiler, "env", "GOVERSION"], group)
    found = re.search(r"go(\d+)\.(\d+)", answer.stdout)
    if answer.returncode != 0 or found is None:
        raise _failure(group, answer.stderr or answer.stdout, None)
    if (int(found[1]), int(found[2])) < (int(wanted[1]), int(wanted[2])):
        raise ToolchainError(
            f"{answer.stdout.strip()} ({compiler}) is too old to build {names}: install {needs}, "
            "or let Go fetch it (`go env -w GOTOOLCHAIN=auto`), then run the same command again."
        )
    return compiler


def download(compiler: str, group: Group, packages: Sequence[str]) -> int:
    """Fetch every module that the packages need.

    Returns:
        How many packages they consist of: what a build from nothing would compile.
    """
    command = [compiler, "list", "-mod=readonly", *_tags(group), "-deps"]
    command += ["-f", "{{.ImportPath}}", *packages]
    for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
        answer = _run(command, group)
        if answer.returncode == 0:
            return len(answer.stdout.split())
        broken = BROKEN.search(answer.stderr) and not REFUSED.search(answer.stderr)
        if not broken or attempt == DOWNLOAD_ATTEMPTS:
            raise _failure(group, answer.stderr, None)
        time.sleep(RETRY_SECONDS * attempt)
    raise AssertionError("the last attempt returns or raises")


def module_folder(compiler: str, group: Group, module: str) -> Path:
    """Where Go keeps a module that the group's go.mod pins, fetched first if it is not there."""
    command = [compiler, "mod", "download", "-json", module]
    answer = _run(command, group)
    folder = re.search(r'"Dir": "([^"]+)"', answer.stdout)
    if answer.returncode != 0 or folder is None:
        raise _failure(group, answer.stderr + answer.stdout, None)
    return Path(folder[1])


def build(
    compiler: str,
    group: Group,
    packages: Sequence[str],
    target: Path,
    *,
    jobs: int,
    log: Path,
    on_package: Callable[[int], None],
) -> None:
    """Compile the packages' programs into a folder.

    Args:
        compiler: the path of `go`.
        group: whose go.mod decides the versions.
        packages: the main packages to build.
        target: an existing folder.
        jobs: how many compile steps Go may run at a time.
        log: gets everything the compiler says.
        on_package: called with the count of packages compiled so far.

    Raises:
        ToolchainError: what failed, in a sentence.
    """
    settings = " ".join(["-s -w", *(f"-X {variable}" for variable in group.variables)])
    command = [compiler, "build", "-mod=readonly", "-buildvcs=false", "-v", f"-p={jobs}"]
    command += [*_tags(group), "-ldflags", settings, "-o", f"{target}{os.sep}", *packages]
    compiled, said = 0, list[str]()
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w", encoding="utf-8") as record,
        subprocess.Popen(
            command,
            cwd=group.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process,
    ):
        assert process.stderr
        _building.add(process)
        for line in process.stderr:
            record.write(line)
            if re.fullmatch(r"[\w./~+-]+", line.strip()):  # -v: the name of a finished package
                compiled += 1
                on_package(compiled)
            else:
                said.append(line)
    _building.discard(process)
    if process.returncode != 0:
        raise _failure(group, "".join(said), log)


def _tags(group: Group) -> list[str]:
    return [f"-tags={','.join(group.tags)}"] if group.tags else []


def stop_builds() -> None:
    """End the compilers that are at work; each one's `build` then raises."""
    for process in tuple(_building):
        process.terminate()


def _run(command: Sequence[str], group: Group) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=group.folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )


def _failure(group: Group, output: str, log: Path | None) -> ToolchainError:
    """The sentence for what Go printed before it failed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    again = "then run the same command again; what is finished stays"
    if "no space left on device" in output:
        return ToolchainError(
            f"The disk filled up while {group.name} was built: free about 12 GB (`go env GOCACHE "
            f"GOMODCACHE` and $MESHWRIGHT_CACHE say where it goes), {again}."
        )
    if "signal: killed" in output or "cannot allocate memory" in output:
        return ToolchainError(
            f"The machine ran out of memory while {group.name} was built: make about 4 GB "
            f"available, {again}."
        )
    for pattern in (REFUSED, BROKEN):
        for line in lines:
            if pattern.search(line):
                return ToolchainError(
                    f"A download for {group.name} was refused ({line}): check the network and "
                    f"`go env GOPROXY`, {again}."
                )
    first = next((line for line in lines if not line.startswith("#")), "Go said nothing")
    where = f"; all of its output is in {log}" if log else ""
    return ToolchainError(f"{group.name} did not build: {first}{where}; mend that, {again}.")
