"""Makes .venv: the hashed requirements, then this repository's seven distributions, editable.

Run by make with whatever Python the machine has, so: the standard library only, and a syntax that
an old Python can parse far enough to be refused in words.
"""

import contextlib
import errno
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import venv

# As the system names it, whatever links lead there: the environment's programs hold this path.
ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
ENVIRONMENT = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(ENVIRONMENT, "bin", "python")
REQUIREMENTS = os.path.join(ROOT, "requirements", "development.txt")
DISTRIBUTIONS = ("toolchain", "components", "stacks", "policies", "rollouts", "sandbox", "cli")
OLDEST = (3, 11)
HEARTBEAT_SECONDS = 20
# What pip says of each thing that it was asked to install, whether it is there already or not.
BEGUN = re.compile(r"(?:Collecting|Requirement already satisfied:) .*\(from -r |Obtaining ")

# What setuptools says of each distribution: a folder with the name of its package would hide it.
EXPECTED = "ignore:Editable installation"

# What most often helps where pip fails.
NO_ROOM = "free 2 GB on the disks of .venv and of temporary files ($TMPDIR)"
NO_NETWORK = "check the network and the package index that `pip config list` names"

# Program, what it is for, and the package that usually brings it.
WANTED = (
    ("go", "builds the programs that no package brings", "Go 1.26 or newer (package golang-go)"),
    ("git", "tells the checks which files are the project's", "package git"),
    ("ip", "gives the sandbox its own network namespace", "package iproute2"),
)


def refuse(sentence):
    """End with one sentence that says what to do."""
    sys.stderr.write("meshwright: %s\n" % sentence)
    sys.exit(1)


class Progress:
    """How far a step is: a line written over on a terminal, one line now and then elsewhere."""

    def __init__(self, what):
        self._what = what
        self._terminal = sys.stdout.isatty()
        self._started = self._told = time.monotonic()
        print("meshwright: %s" % what, flush=True)

    def tell(self, doing):
        """Say what is being done, and for how long the step has lasted."""
        now = time.monotonic()
        if self._terminal:
            self._write("  %s, %d s" % (doing, now - self._started))
        elif now - self._told >= HEARTBEAT_SECONDS:
            print("meshwright: %s: %s, %d s" % (self._what, doing, now - self._started), flush=True)
            self._told = now

    def clear(self):
        """Leave the line to whoever writes next."""
        if self._terminal:
            self._write("")

    def _write(self, text):
        width = shutil.get_terminal_size().columns - 1
        sys.stdout.write("\r%s\r" % text[:width].ljust(width))
        sys.stdout.flush()


def follow(pip, total, progress):
    """Count what pip says it does, and pass on what it warns of, until it has ended.

    Returns what it warned of.
    """
    lines = queue.Queue()
    warnings = []

    def read(pipe):
        for line in pipe:
            lines.put((pipe, line))
        lines.put((pipe, None))

    for pipe in (pip.stdout, pip.stderr):
        threading.Thread(target=read, args=(pipe,), daemon=True).start()
    reading, begun, doing = 2, 0, "starting"
    while reading:
        try:
            pipe, line = lines.get(timeout=1)
        except queue.Empty:
            progress.tell(doing)
            continue
        if line is None:
            reading -= 1
        elif pipe is pip.stderr:
            progress.clear()
            warnings.append(line)
            sys.stderr.write(line)
            sys.stderr.flush()
        elif line.startswith("Installing collected packages"):
            doing = "unpacking and compiling what was fetched"
        elif BEGUN.match(line):
            begun += 1
            doing = "%d of %d" % (begun, total)
        progress.tell(doing)
    progress.clear()
    return "".join(warnings)


def run_pip(what, total, *arguments):
    """Run pip in the new environment, showing how far it is and what it complains of.

    `total` is how many packages it will name.
    """
    progress = Progress("installing %s" % what)
    # It asks no questions: nobody would see them.
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    with subprocess.Popen(
        command + list(arguments),
        cwd=ROOT,
        env=dict(os.environ, PYTHONWARNINGS=EXPECTED),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        errors="replace",
    ) as pip:
        try:
            warned = follow(pip, total, progress)
        except BaseException:  # interrupted; only a terminal tells pip as well
            pip.terminate()
            raise
    if pip.returncode != 0:
        refuse(
            "pip could not install %s (its message stands above); %s, then run the same command "
            "again" % (what, NO_ROOM if os.strerror(errno.ENOSPC) in warned else NO_NETWORK)
        )


@contextlib.contextmanager
def building_ahead():
    """Let the outside programs be fetched and built for as long as pip mostly waits.

    `make` goes on with what is not finished by then; it shows how far it is and tells what fails.
    Who names a folder of programs in $MESHWRIGHT_TOOLS needs none.
    """
    if os.environ.get("MESHWRIGHT_TOOLS"):
        yield None
        return
    ahead = subprocess.Popen(
        [sys.executable, "-m", "meshwright_toolchain", "ensure", "--no-extras"],
        cwd=os.path.join(ROOT, "toolchain"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it ends with its compilers
        preexec_fn=lambda: os.nice(10),
    )
    try:
        yield ahead
    finally:
        if ahead.poll() is None:
            os.killpg(ahead.pid, signal.SIGTERM)
        ahead.wait()


def has_environment():
    """Whether .venv has pip and was made here: one that was moved runs programs of elsewhere."""
    try:
        with open(os.path.join(ENVIRONMENT, "pyvenv.cfg"), encoding="utf-8") as file:
            made_here = ENVIRONMENT in file.read()
    except OSError:
        return False
    answer = [PYTHON, "-c", "import pip"]
    return (
        made_here
        and os.path.exists(PYTHON)
        and subprocess.call(answer, stderr=subprocess.DEVNULL) == 0
    )


def create_environment():
    """Create .venv if it has no working Python of the right version."""
    if has_environment():
        return
    print("meshwright: creating .venv with Python %d.%d" % sys.version_info[:2], flush=True)
    try:
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(ENVIRONMENT)
    except ValueError as error:  # the one that venv refuses is a colon in the path
        refuse("cannot create .venv (%s); move this folder to such a path" % error)
    except (OSError, subprocess.CalledProcessError) as error:
        refuse(
            "cannot create .venv (%s); free some disk space if that is the cause, and install "
            "Python's venv module (package python3-venv) if it is missing" % error
        )


def fill_environment():
    """Install what the requirement files pin, and this repository's distributions.

    Compiled at once: every engine run imports the cloud SDK, and where bytecode is not written
    (PYTHONDONTWRITEBYTECODE) each would compile its thousands of modules anew.
    """
    with open(REQUIREMENTS, encoding="utf-8") as file:
        pinned = sum("==" in line for line in file)
    run_pip("%d pinned packages" % pinned, pinned, "--require-hashes", "-r", REQUIREMENTS)
    editable = [word for name in DISTRIBUTIONS for word in ("--editable", "./" + name)]
    run_pip("meshwright", len(DISTRIBUTIONS), "--no-deps", "--no-build-isolation", *editable)
    subprocess.call([PYTHON, "-m", "compileall", "-q", *DISTRIBUTIONS], cwd=ROOT)


def interrupt(*_):
    """End as after Ctrl-C, so that nothing goes on unseen: pip, or the compilers."""
    raise KeyboardInterrupt


def main():
    """Bring .venv to the state that the requirement files and pyproject.toml files describe."""
    if sys.version_info < OLDEST:
        refuse(
            "Python %d.%d is too old; install Python 3.11 or newer and run "
            "`make PYTHON=python3.11`" % sys.version_info[:2]
        )
    if "$" in ROOT:  # setuptools would fail over it, after minutes
        refuse("a path with a $ in it (%s) cannot be installed from; move this folder" % ROOT)
    for program, purpose, remedy in WANTED:
        if shutil.which(program) is None:
            print("meshwright: `%s` is missing; it %s: install %s" % (program, purpose, remedy))
    with building_ahead():
        create_environment()
        fill_environment()
    # The time of this file tells make that nothing is to be done until an input changes.
    with open(os.path.join(ENVIRONMENT, ".ready"), "w", encoding="utf-8") as ready:
        ready.write("written by toolchain/bootstrap.py\n")


if __name__ == "__main__":
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) == signal.SIG_DFL:  # `nohup` has the second one ignored
            signal.signal(ending, interrupt)
    try:
        main()
    except KeyboardInterrupt:
        sys.stderr.write("\nmeshwright: stopped; run the same command again to go on\n")
        sys.exit(130)
