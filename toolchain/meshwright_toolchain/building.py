"""Builds what the groups lack: downloads one after the other, and compiles as the machine can."""

import os
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from meshwright_toolchain import cache, golang, verify
from meshwright_toolchain.catalogue import Group, Program
from meshwright_toolchain.errors import ToolchainError
from meshwright_toolchain.progress import Reporter

BUILD_MEMORY_BYTES = 4 << 30  # what linking the largest program took, with room to spare


@dataclass(frozen=True)
class Job:
    """What one group still lacks."""

    group: Group
    programs: tuple[Program, ...]

    @property
    def packages(self) -> list[str]:
        return [program.package for program in self.programs]


def at_once(builds: int, cores: int, memory: int) -> int:
    """How many builds a machine with so many cores, and bytes of free memory, can carry."""
    return max(1, min(cores // 2, memory // BUILD_MEMORY_BYTES, builds))


def build_all(jobs: list[Job], report: Reporter) -> None:
    """Download one group after the other, and build as many at a time as the machine can carry.

    Downloads run ahead of the builds: one waits for the network, the other for the processor.
    """
    cores = os.cpu_count() or 1
    memory = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    builders = at_once(len(jobs), cores, memory)
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


def _go_version(group: Group) -> tuple[int, ...]:
    text = (group.folder / "go.mod").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("go "))
    return tuple(int(part) for part in line.removeprefix("go ").split("."))
