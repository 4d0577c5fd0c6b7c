"""Files that hold keys, tokens and what is known of processes: for their owner's eyes only."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write ``text`` so that no reader ever sees half of it and only its owner can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    staged.touch(mode=0o600)
    staged.write_text(text)
    staged.replace(path)
