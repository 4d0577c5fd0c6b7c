"""What exists in the emulated cloud: a SQLite file that survives a killed process.

One write-ahead log, one connection, one lock. A request runs in one transaction, so a crash leaves
either all of its effects or none.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshwright_sandbox.core import blobs, contents

Json = dict[str, Any]
_JOURNAL_LENGTH = 100_000
_OF_RESOURCES = ("resources", "uses", "policies", "contents", "blobs")
_TABLES = """
CREATE TABLE IF NOT EXISTS resources (
  service TEXT, name TEXT, type TEXT, parent TEXT, project TEXT, system INTEGER, doc TEXT,
  PRIMARY KEY (service, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_parent ON resources (service, parent);
CREATE INDEX IF NOT EXISTS by_type ON resources (service, type);
CREATE TABLE IF NOT EXISTS uses (
  service TEXT, name TEXT, target_service TEXT, target TEXT, blocks INTEGER,
  PRIMARY KEY (service, name, target_service, target)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_target ON uses (target_service, target);
CREATE TABLE IF NOT EXISTS policies (
  service TEXT, name TEXT, doc TEXT, PRIMARY KEY (service, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operations (
  service TEXT, name TEXT, target TEXT, request_id TEXT, done INTEGER, doc TEXT,
  PRIMARY KEY (service, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS unfinished ON operations (done, service, target);
CREATE TABLE IF NOT EXISTS requests (
  n INTEGER PRIMARY KEY AUTOINCREMENT, doc TEXT);
"""


@dataclass(frozen=True)
class Row:
    """One stored resource: its key and its document."""

    service: str
    name: str
    type: str
    project: str
    system: bool
    doc: Json


class Store:
    """The emulated cloud's memory.

    Args:
        path: database file; its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        # Goes up with each write of a resource: while it stands still, there is nothing to see.
        self.changes = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing so; only a crash of the whole machine could.
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_TABLES + contents.TABLE + blobs.TABLE)
        self.contents = contents.Contents(self._rows, self.transaction)
        self.blobs = blobs.Blobs(self._rows, self.transaction)

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside take effect together, or none does when an exception leaves it."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                self._roll_back()
                raise
            self._depth -= 1
            if self._depth == 0:
                try:
                    self._db.execute("COMMIT")
                except sqlite3.Error:  # the disk is full
                    self._roll_back()
                    raise

    def _roll_back(self) -> None:
        """Undo the outermost transaction, unless SQLite did: it does when the disk is full."""
        if self._depth == 0 and self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    # Resources

    def get(self, service: str, name: str) -> Json | None:
        """A resource's document, or None."""
        rows = self._rows("SELECT doc FROM resources WHERE service=? AND name=?", service, name)
        return json.loads(rows[0][0]) if rows else None

    def put(
        self,
        service: str,
        name: str,
        doc: Json,
        *,
        type_: str = "",
        project: str = "",
        system: bool = False,
    ) -> None:
        """Create or replace; type, project and system are kept when the resource exists."""
        with self.transaction():
            self.changes += 1
            self._db.execute(
                "INSERT INTO resources VALUES (?,?,?,?,?,?,?) "
                "ON CONFLICT (service, name) DO UPDATE SET doc=excluded.doc",
                (
                    service,
                    name,
                    type_,
                    name.rpartition("/")[0],
                    project,
                    int(system),
                    json.dumps(doc),
                ),
            )

    def set_system(self, service: str, name: str, system: bool) -> None:
        """Say whether a resource is the cloud's own, rather than somebody's."""
        with self.transaction():
            self._db.execute(
                "UPDATE resources SET system=? WHERE service=? AND name=?",
                (int(system), service, name),
            )

    def delete(self, service: str, name: str, *, alone: bool = False) -> None:
        """Forget a resource, unless ``alone`` what is below it, their references, policies and
        contents.
        """
        below = (
            "" if alone else name.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]") + "/*"
        )
        with self.transaction():
            self.changes += 1
            for table in _OF_RESOURCES:
                self._db.execute(
                    f"DELETE FROM {table} WHERE service=? AND (name=? OR name GLOB ?)",  # noqa: S608 - fixed names
                    (service, name, below),
                )

    def children(self, service: str, parent: str) -> list[Row]:
        """Resources of one collection path, by name."""
        return self._select("service=? AND parent=? ORDER BY name", service, parent)

    def of_type(self, service: str, type_: str) -> list[Row]:
        """Resources of a type in every project and location, by name."""
        return self._select("service=? AND type=? ORDER BY name", service, type_)

    def below(self, service: str, name: str) -> list[Row]:
        """Resources nested at any depth below a name."""
        return self._select(
            "service=? AND name > ? AND name < ? ORDER BY name", service, f"{name}/", f"{name}0"
        )

    def everything(self) -> list[Row]:
        """Every resource, by service and name."""
        return self._select("1 ORDER BY service, name")

    def _select(self, where: str, *values: Any) -> list[Row]:
        sql = f"SELECT service, name, type, project, system, doc FROM resources WHERE {where}"  # noqa: S608 - callers pass constants
        return [
            Row(service, name, type_, project, bool(system), json.loads(doc))
            for service, name, type_, project, system, doc in self._rows(sql, *values)
        ]

    # References between resources

    def set_uses(self, service: str, name: str, targets: dict[tuple[str, str], bool]) -> None:
        """Record what a resource refers to: (service, name) -> whether that blocks its delete."""
        with self.transaction():
            self._db.execute("DELETE FROM uses WHERE service=? AND name=?", (service, name))
            self._db.executemany(
                "INSERT INTO uses VALUES (?,?,?,?,?)",
                [
                    (service, name, target_service, target, int(blocks))
                    for (target_service, target), blocks in targets.items()
                ],
            )

    def users(self, service: str, name: str) -> list[tuple[str, str]]:
        """(service, name) of the resources whose references block the delete of this one."""
        return self._rows(
            "SELECT service, name FROM uses "
            "WHERE target_service=? AND target=? AND blocks=1 ORDER BY service, name",
            service,
            name,
        )

    # IAM policies

    def policy(self, service: str, name: str) -> Json | None:
        """A resource's IAM policy, or None when none was ever set."""
        rows = self._rows("SELECT doc FROM policies WHERE service=? AND name=?", service, name)
        return json.loads(rows[0][0]) if rows else None

    def set_policy(self, service: str, name: str, policy: Json) -> None:
        """Replace a resource's IAM policy."""
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO policies VALUES (?,?,?)",
                (service, name, json.dumps(policy)),
            )

    def policies(self) -> list[tuple[str, str, Json]]:
        """(service, name, policy) of every policy that was set."""
        rows = self._rows("SELECT service, name, doc FROM policies ORDER BY service, name")
        return [(service, name, json.loads(doc)) for service, name, doc in rows]

    # Operations

    def put_operation(self, service: str, name: str, doc: Json) -> None:
        """Create or replace an operation; `target`, `done` and `requestId` are read from it."""
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO operations VALUES (?,?,?,?,?,?)",
                (
                    service,
                    name,
                    doc["target"],
                    doc.get("request_id"),
                    int(doc["done"]),
                    json.dumps(doc),
                ),
            )

    def operation(self, service: str, name: str) -> Json | None:
        """One operation, or None."""
        rows = self._rows("SELECT doc FROM operations WHERE service=? AND name=?", service, name)
        return json.loads(rows[0][0]) if rows else None

    def operations(self, service: str) -> list[Json]:
        """Operations of a service, by name."""
        rows = self._rows("SELECT doc FROM operations WHERE service=? ORDER BY name", service)
        return [json.loads(row[0]) for row in rows]

    def operation_of_request(self, service: str, request_id: str) -> Json | None:
        """The operation that an earlier request with this id started."""
        rows = self._rows(
            "SELECT doc FROM operations WHERE service=? AND request_id=?", service, request_id
        )
        return json.loads(rows[0][0]) if rows else None

    def unfinished(self, service: str | None = None, target: str | None = None) -> list[Json]:
        """Operations not done yet, of all services or of one resource."""
        if service is None:
            rows = self._rows("SELECT doc FROM operations WHERE done=0 ORDER BY name")
        else:
            rows = self._rows(
                "SELECT doc FROM operations WHERE done=0 AND service=? AND target=?",
                service,
                target,
            )
        return [json.loads(row[0]) for row in rows]

    # The journal

    def add_request(self, doc: Json) -> None:
        """Append to the journal of requests, which keeps the newest."""
        with self.transaction():
            cursor = self._db.execute("INSERT INTO requests (doc) VALUES (?)", (json.dumps(doc),))
            number = cursor.lastrowid or 0
            if number % 1000 == 0:
                self._db.execute("DELETE FROM requests WHERE n <= ?", (number - _JOURNAL_LENGTH,))

    def requests(self, since: int) -> list[Json]:
        """Journal entries with a number greater than `since`."""
        rows = self._rows("SELECT n, doc FROM requests WHERE n > ? ORDER BY n", since)
        return [{"n": n, **json.loads(doc)} for n, doc in rows]

    def clear(self) -> None:
        """Forget everything; the journal's numbering goes on."""
        with self.transaction():
            self.changes += 1
            for table in (*_OF_RESOURCES, "operations", "requests"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - fixed names
