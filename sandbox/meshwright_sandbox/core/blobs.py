"""Content that clients uploaded, beside the resources that hold it; it goes with them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

Execute = Callable[..., list[tuple[Any, ...]]]
TABLE = """
CREATE TABLE IF NOT EXISTS blobs (
  n INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT, name TEXT, data BLOB);
CREATE INDEX IF NOT EXISTS by_owner ON blobs (service, name);
"""


class Blobs:
    """Uploaded content. ``execute`` runs SQL, ``transaction`` makes several runs one."""

    def __init__(
        self, execute: Execute, transaction: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._execute, self._transaction = execute, transaction

    def append(self, service: str, holder: str, data: bytes) -> None:
        """Add to what a resource holds."""
        sql = "INSERT INTO blobs (service, name, data) VALUES (?,?,?)"
        with self._transaction():
            self._execute(sql, service, holder, data)

    def read(self, service: str, holder: str) -> bytes | None:
        """All that a resource holds; None where nothing was uploaded, not even nothing."""
        sql = "SELECT data FROM blobs WHERE service=? AND name=? ORDER BY n"
        rows = self._execute(sql, service, holder)
        return b"".join(data for (data,) in rows) if rows else None

    def move(self, service: str, holder: str, to: str) -> None:
        """Give what a resource holds to another one."""
        sql = "UPDATE blobs SET name=? WHERE service=? AND name=?"
        with self._transaction():
            self._execute(sql, to, service, holder)
