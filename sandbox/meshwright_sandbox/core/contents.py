"""What resources hold: entries of log buckets, rows of tables, lines of objects, messages.

They lie beside the resources, go with the resource that holds them, and are nobody's inventory.
Only the newest are kept, since a mesh under load writes without an end.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

Json = dict[str, Any]
Execute = Callable[..., list[tuple[Any, ...]]]
TABLE = """
CREATE TABLE IF NOT EXISTS contents (
  n INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT, name TEXT, doc TEXT);
CREATE INDEX IF NOT EXISTS by_holder ON contents (service, name);
"""
_MOST = 100_000


class Content(NamedTuple):
    """One piece: its number, which grows, the resource that holds it, and what it says."""

    number: int
    holder: str
    doc: Json


class Contents:
    """What resources hold. ``execute`` runs SQL, ``transaction`` makes several runs one."""

    def __init__(
        self, execute: Execute, transaction: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._execute, self._transaction = execute, transaction

    def add(self, service: str, holder: str, docs: Iterable[Json]) -> None:
        """Put pieces into a resource, in their order."""
        with self._transaction():
            for doc in docs:
                self._execute(
                    "INSERT INTO contents (service, name, doc) VALUES (?,?,?)",
                    service,
                    holder,
                    json.dumps(doc),
                )
            self._execute(
                "DELETE FROM contents WHERE n <= (SELECT max(n) FROM contents) - ?", _MOST
            )

    def of(self, service: str, holder: str) -> list[Content]:
        """What one resource holds, oldest first."""
        return self._read("service=? AND name=?", service, holder)

    def of_service(self, service: str) -> list[Content]:
        """What all resources of a service hold, oldest first."""
        return self._read("service=?", service)

    def docs_with(self, service: str, text: str) -> list[Json]:
        """What resources of a service hold that has ``text`` in its JSON, each document once."""
        sql = "SELECT DISTINCT doc FROM contents WHERE service=? AND instr(doc, ?) > 0"
        return [json.loads(doc) for (doc,) in self._execute(sql, service, text)]

    def change(self, number: int, doc: Json) -> None:
        """Replace one piece."""
        with self._transaction():
            self._execute("UPDATE contents SET doc=? WHERE n=?", json.dumps(doc), number)

    def remove(self, numbers: Iterable[int]) -> None:
        """Take pieces out."""
        with self._transaction():
            for number in numbers:
                self._execute("DELETE FROM contents WHERE n=?", number)

    def _read(self, where: str, *values: str) -> list[Content]:
        sql = f"SELECT n, name, doc FROM contents WHERE {where} ORDER BY n"  # noqa: S608 - fixed text
        return [Content(n, name, json.loads(doc)) for n, name, doc in self._execute(sql, *values)]
