"""`python -m bench.timed COMMAND...`: run it, then tell its time and peak memory as JSON.

The peak is that of the largest process below it, as the kernel accounts for ended children.
"""

import json
import resource
import subprocess
import sys
import time


def main() -> None:
    started = time.perf_counter()
    code = subprocess.run(sys.argv[1:], check=False).returncode
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    print(json.dumps({"seconds": seconds, "peak_mb": peak}), file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
