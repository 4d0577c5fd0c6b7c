"""Refuses what must not stand in a committed file: addresses of package registries, paths of one
machine, files too long to read in one sitting.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_LINES = 350

# Written so that these expressions do not match themselves.
FORBIDDEN = {
    "a registry's address (the user's own settings say where packages come from)": re.compile(
        r"(?:files\.python|py)(?:hosted|pi)\.org|registry\.(?:npmjs|yarnpkg)\.|"
        r"(?:proxy|sum)\.(?:golang)\.|deb\.(?:debian)\.|index\.(?:crates)\.",
        re.IGNORECASE,
    ),
    # GKE's own nodes keep their programs in /home/kubernetes/bin.
    "an absolute path of one machine": re.compile(
        r"(?:^|[\s\"'`=:(\[,])/(?:root|work|home/(?!kubernetes/bin)\w+|Users/\w+)/[\w.]"
    ),
}


def problems(path: Path) -> Iterator[str]:
    """What is wrong with one file, a line of text each."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return  # a picture or another binary
    if path.suffix == ".py" and len(lines) > MAX_LINES:
        yield f"{path}: {len(lines)} lines; at most {MAX_LINES}, so split it by what it does"
    for number, line in enumerate(lines, start=1):
        for what, pattern in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{path}:{number}: {what}: {line.strip()[:80]}"


def main() -> int:
    """Check every file that git tracks or would add; 1 when one of them is refused."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [Path(name) for name in listed.split("\0") if name]
    found = [line for path in paths if path.is_file() for line in problems(path)]
    print("\n".join(found) or f"{len(paths)} files, nothing to refuse")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
