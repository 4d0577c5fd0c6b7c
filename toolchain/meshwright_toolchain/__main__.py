"""`python -m meshwright_toolchain ensure | list`."""

import argparse
import json
import shutil
import sys

from meshwright_toolchain import cache
from meshwright_toolchain.catalogue import GROUPS, WHEELS
from meshwright_toolchain.errors import ToolchainError
from meshwright_toolchain.install import ensure, recorded

# Google's own tools: used where they are installed, never built or required.
OPTIONAL = ("gcloud", "gke-gcloud-auth-plugin")


def _rows() -> list[dict[str, str | None]]:
    """Every program, the version that was verified, and where it comes from."""
    present = recorded(cache.bin_dir())
    sources = {p.name: f"modules/{group.name}" for group in GROUPS for p in group.programs}
    sources |= {wheel.name: f"package {wheel.distribution}" for wheel in WHEELS}
    rows: list[dict[str, str | None]] = []
    for name, source in sources.items():
        path, version = present.get(name, (None, None))
        on_path = path is not None and not path.is_relative_to(cache.root())
        rows.append(
            {
                "name": name,
                "state": "missing" if path is None else "on PATH" if on_path else "ready",
                "version": version,
                "path": str(path) if path else None,
                "source": source,
            }
        )
    for name in OPTIONAL:
        path = shutil.which(name)
        state = "on PATH" if path else "absent (optional)"
        rows.append({"name": name, "state": state, "version": None, "path": path, "source": "PATH"})
    return rows


def _print_list(as_json: bool) -> None:
    rows = _rows()
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    # Only here: bootstrap.py lets programs be built before there is any package.
    from rich.console import Console
    from rich.table import Table

    table = Table("program", "state", "version", "comes from", box=None)
    for row in rows:
        table.add_row(row["name"], row["state"], row["version"] or "", row["source"])
    Console().print(table)
    Console().print(f"folder: {cache.bin_dir()}", highlight=False, soft_wrap=True)


def main() -> int:
    """Run the command; a ToolchainError is printed as its sentence and ends with status 1."""
    parser = argparse.ArgumentParser(prog="python -m meshwright_toolchain")
    commands = parser.add_subparsers(dest="command", required=True)
    install = commands.add_parser("ensure", help="find or build every program")
    install.add_argument(
        "--no-extras", action="store_true", help="leave out what only tests and some stacks need"
    )
    listing = commands.add_parser("list", help="say what is there")
    listing.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args()
    try:
        if arguments.command == "list":
            _print_list(arguments.json)
        else:
            sys.stdout.write(f"{ensure(extras=not arguments.no_extras)}\n")
    except ToolchainError as error:
        sys.stderr.write(f"meshwright: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("meshwright: stopped; what is finished stays\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
