"""Entries as rows of BigQuery tables, which sinks make as they need them.

A log is a table: `stdout`, partitioned by time, or one table for each day, `stdout_20261121`. Its
columns are those that entries have had so far; what does not fit them goes to `export_errors_...`.
https://cloud.google.com/logging/docs/export/bigquery
"""

import re
from typing import Any

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.core.stamps import milliseconds

Json = dict[str, Any]
TYPE = "tables"
_NO_COLUMN = re.compile(r"[^A-Za-z0-9_]")
_TIMES = frozenset({"timestamp", "receiveTimestamp"})
# Columns whose own keys are the user's, and so are written in lower case.
_OF_USERS = frozenset({"labels", "jsonPayload", "protoPayload", "userLabels", "systemLabels"})
_PARTITIONING = {"type": "DAY", "field": "timestamp"}


class _Misfit(Exception):
    """A value is of another type than its column."""


def append(cloud: Cloud, dataset: str, log: str, entries: list[Json], *, partitioned: bool) -> None:
    """Write entries of one log into its tables in ``dataset``."""
    base = _NO_COLUMN.sub("_", log)
    by_table: dict[str, list[Json]] = {}
    for entry in entries:
        day = entry["timestamp"][:10].replace("-", "")
        by_table.setdefault(base if partitioned else f"{base}_{day}", []).append(entry)
    for name, written in by_table.items():
        _append_to(cloud, f"{dataset}/tables/{name}", written, partitioned=partitioned)


def _append_to(cloud: Cloud, name: str, entries: list[Json], *, partitioned: bool) -> None:
    table = cloud.store.get("bigquery", name) or _table(cloud, name, partitioned=partitioned)
    columns: list[Json] = table["schema"]["fields"]
    rows: list[Json] = []
    for entry in entries:
        row = _renamed(entry, of_user=False)
        try:
            columns = _merged(columns, row, "")
        except _Misfit as error:
            _note_misfit(cloud, name, entry, str(error))
        else:
            rows.append(row)
    held = int(table.get("numRows", "0")) + len(rows)
    changed = {"schema": {"fields": columns}, "numRows": str(held)}
    cloud.store.put(
        "bigquery",
        name,
        table | changed | {"lastModifiedTime": milliseconds()},
        type_=TYPE,
        project=name.split("/")[1],
        system=True,
    )
    cloud.store.contents.add("bigquery", name, rows)


def _table(cloud: Cloud, name: str, *, partitioned: bool) -> Json:
    _, project, _, dataset, _, short = name.split("/")
    stamp = milliseconds()
    home = cloud.store.get("bigquery", name.partition("/tables/")[0]) or {}
    table: Json = {
        "kind": "bigquery#table",
        "id": f"{project}:{dataset}.{short}",
        "tableReference": {"projectId": project, "datasetId": dataset, "tableId": short},
        "type": "TABLE",
        "creationTime": stamp,
        "lastModifiedTime": stamp,
        "location": home.get("location", "US"),
        "schema": {"fields": []},
        "numRows": "0",
    }
    return table | ({"timePartitioning": _PARTITIONING} if partitioned else {})


def _renamed(value: Any, *, of_user: bool) -> Any:
    """Keys as columns: what cannot stand in a name is an underscore."""
    if isinstance(value, list):
        return [_renamed(item, of_user=of_user) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        _column(key, of_user=of_user): _renamed(item, of_user=of_user or key in _OF_USERS)
        for key, item in value.items()
        if item not in (None, {}, [])
    }


def _column(key: str, *, of_user: bool) -> str:
    name = _NO_COLUMN.sub("_", key)
    return name.lower() if of_user else name


def _merged(columns: list[Json], row: Json, path: str) -> list[Json]:
    """The columns, with those that the row adds.

    Raises:
        _Misfit: when the row has something else where a column is.
    """
    by_name = {column["name"]: column for column in columns}
    for name, value in row.items():
        wanted = _column_of(name, value, f"{path}{name}")
        known = by_name.get(name)
        if known is None:
            by_name[name] = wanted
            continue
        for part in ("type", "mode"):
            if known[part] != wanted[part]:
                raise _Misfit(f"{path}{name}: {wanted[part]} where {known[part]} is")
        if known["type"] == "RECORD":
            fields = known["fields"]
            for item in value if isinstance(value, list) else [value]:
                fields = _merged(fields, item, f"{path}{name}.")
            by_name[name] = known | {"fields": fields}
    return list(by_name.values())


def _column_of(name: str, value: Any, path: str) -> Json:
    if isinstance(value, list):
        columns = [_column_of(name, item, path) for item in value]
        if any(column["type"] != columns[0]["type"] for column in columns):
            raise _Misfit(f"{path}: a list of several types")
        merged: Json = columns[0] | {"mode": "REPEATED"}
        if merged["type"] == "RECORD":
            fields: list[Json] = []
            for item in value:
                fields = _merged(fields, item, f"{path}.")
            merged["fields"] = fields
        return merged
    if isinstance(value, dict):
        fields = _merged([], value, f"{path}.")
        return {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": fields}
    return {"name": name, "type": _type(name, value), "mode": "NULLABLE"}


def _type(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int | float):
        return "INTEGER" if name == "status" else "FLOAT"
    return "TIMESTAMP" if name in _TIMES else "STRING"


def _note_misfit(cloud: Cloud, name: str, entry: Json, detail: str) -> None:
    dataset, _, short = name.partition("/tables/")
    note = {
        "timestamp": entry["timestamp"],
        "logName": entry["logName"],
        "schemaErrorDetail": f"{short}: {detail}",
    }
    append(cloud, dataset, "export_errors", [note], partitioned=False)
