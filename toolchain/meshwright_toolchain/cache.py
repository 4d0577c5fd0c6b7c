"""Where built programs are kept: outside every checkout, one folder for each state of the pins.

<cache>/groups/<group>-<key>/{bin,files}   what one go.mod builds; key = hash of its files
<cache>/wheels/<distribution>-<version>/   programs copied out of wheels
<cache>/bin/<key>/                         links to every program; key = hash of all pins
<cache>/bin/<key>/{definitions,manifests}/ what these programs made of CRDs and settings: the
                                           sandbox's own, made again where it is missing
<cache>/logs/<group>.log                   the compiler's output of the last build
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Generator
from pathlib import Path

from meshwright_toolchain.catalogue import GROUPS, WHEELS, Group
from meshwright_toolchain.errors import ToolchainError


def root() -> Path:
    """The cache folder: $MESHWRIGHT_CACHE, else $XDG_CACHE_HOME/meshwright, else ~/.cache's."""
    if chosen := os.environ.get("MESHWRIGHT_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser().absolute() / "meshwright"


def group_key(group: Group) -> str:
    """A short hash of everything that decides what the group's programs are."""
    digest = hashlib.sha256(repr(group.variables).encode())
    if group.tags:
        digest.update(repr(group.tags).encode())
    for file in (group.folder / "go.mod", group.folder / "go.sum", *group.folder.glob("*.go")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def group_dir(group: Group) -> Path:
    """Where the group's programs (bin/) and files (files/) stand once they are finished."""
    return root() / "groups" / f"{group.name}-{group_key(group)}"


def bin_dir() -> Path:
    """The one folder that holds every program, whether or not `ensure` has filled it yet."""
    pins = [group_key(group) for group in GROUPS] + [repr(WHEELS)]
    return root() / "bin" / hashlib.sha256("".join(pins).encode()).hexdigest()[:12]


def module_dir(name: str) -> Path:
    """The files kept from a Go module, under the paths they have in it.

    Args:
        name: `gateway-api` (config/crd), `istio` (manifests, tools/packaging/common), `istio-api`
            (kubernetes/customresourcedefinitions.gen.yaml), `pulumi-sdk` or `flagger`
            (artifacts/flagger/crd.yaml).

    Raises:
        ToolchainError: the name is none of these, or `ensure` has not run yet.
    """
    for group in GROUPS:
        for files in group.files:
            if files.name == name:
                folder = group_dir(group) / "files" / name
                if not folder.is_dir():
                    raise ToolchainError(
                        f"The files of {name} are not in {root()} yet; "
                        "run `python -m meshwright_toolchain ensure` first."
                    )
                return folder
    known = ", ".join(files.name for group in GROUPS for files in group.files)
    raise ToolchainError(f"No files are kept under the name {name!r}; there are: {known}.")


@contextlib.contextmanager
def locked(on_wait: Callable[[str], None]) -> Generator[None]:
    """Hold the cache alone; the kernel frees the lock when its holder dies, however it dies.

    Args:
        on_wait: told who holds the lock, once, before waiting for it.
    """
    folder = root()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            on_wait(f"process {file.read().strip() or 'unknown'} is filling {folder}; waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
