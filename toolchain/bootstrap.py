"""Makes .venv: the hashed requirements, then this repository's seven distributions, editable.

Run by make with whatever Python the machine has, so: the standard library only, and a syntax that
an old Python can parse far enough to be refused in words.
"""

import os
import shutil
import subprocess
import sys
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENVIRONMENT = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(ENVIRONMENT, "bin", "python")
REQUIREMENTS = os.path.join(ROOT, "requirements", "development.txt")
DISTRIBUTIONS = ("toolchain", "components", "stacks", "policies", "rollouts", "sandbox", "cli")
OLDEST = (3, 11)

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


def run_pip(what, *arguments):
    """Run pip in the new environment; its own progress stays visible."""
    print("meshwright: installing %s" % what, flush=True)
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    if not sys.stdout.isatty():
        command.append("--progress-bar=off")
    if subprocess.call(command, cwd=ROOT) != 0:
        refuse(
            "pip could not install %s (its message stands above); check the network and the "
            "package index that `pip config list` names, then run the same command again" % what
        )


def create_environment():
    """Create .venv if it has no working Python of the right version."""
    if os.path.exists(PYTHON) and subprocess.call([PYTHON, "-c", "import pip"]) == 0:
        return
    print("meshwright: creating .venv with Python %d.%d" % sys.version_info[:2], flush=True)
    try:
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(ENVIRONMENT)
    except (OSError, subprocess.CalledProcessError) as error:
        refuse(
            "cannot create .venv (%s); free some disk space if that is the cause, and install "
            "Python's venv module (package python3-venv) if it is missing" % error
        )


def main():
    """Bring .venv to the state that the requirement files and pyproject.toml files describe."""
    if sys.version_info < OLDEST:
        refuse(
            "Python %d.%d is too old; install Python 3.11 or newer and run "
            "`make PYTHON=python3.11`" % sys.version_info[:2]
        )
    for program, purpose, remedy in WANTED:
        if shutil.which(program) is None:
            print("meshwright: `%s` is missing; it %s: install %s" % (program, purpose, remedy))
    create_environment()
    # Compiled at once: every engine run imports the cloud SDK, and where bytecode is not written
    # (PYTHONDONTWRITEBYTECODE) each would compile its thousands of modules anew.
    run_pip("the pinned requirements", "--require-hashes", "-r", REQUIREMENTS)
    editable = [word for name in DISTRIBUTIONS for word in ("--editable", "./" + name)]
    run_pip("meshwright", "--quiet", "--no-deps", "--no-build-isolation", *editable)
    subprocess.call([PYTHON, "-m", "compileall", "-q", *DISTRIBUTIONS], cwd=ROOT)
    # The time of this file tells make that nothing is to be done until an input changes.
    with open(os.path.join(ENVIRONMENT, ".ready"), "w", encoding="utf-8") as ready:
        ready.write("written by toolchain/bootstrap.py\n")


if __name__ == "__main__":
    main()
