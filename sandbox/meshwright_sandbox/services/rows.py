"""BigQuery's rows as `tabledata.list` answers them: values in the order of the columns.

https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/list
"""

from datetime import UTC, datetime
from typing import Any

from meshwright_sandbox.core import listing
from meshwright_sandbox.core.cloud import Call

Json = dict[str, Any]


def list_(call: Call) -> Json:
    """`tabledata.list`: one page of a table's rows."""
    name = call.name.removesuffix("/data")
    table = call.get(name)
    columns: list[Json] = table.get("schema", {}).get("fields", [])
    held = call.cloud.store.contents.of("bigquery", name)
    start = int(call.query.get("startIndex", "0"))
    whole = call.query.get("formatOptions.useInt64Timestamp") == "true"
    shown = [_row(columns, row.doc, whole=whole) for row in held[start:]]
    page, token = listing.paged(call, shown)
    answer: Json = {"kind": "bigquery#tableDataList", "totalRows": str(len(held))}
    if page:
        answer["rows"] = page
    return answer | ({"pageToken": token} if token else {})


def _row(columns: list[Json], row: Json, *, whole: bool) -> Json:
    values = [_value(column, row.get(column["name"]), whole=whole) for column in columns]
    return {"f": [{"v": value} for value in values]}


def _value(column: Json, value: Any, *, whole: bool) -> Any:
    """A value as text; ``whole`` times are in microseconds, others in seconds."""
    if column["mode"] == "REPEATED":
        single = column | {"mode": "NULLABLE"}
        return [{"v": _value(single, item, whole=whole)} for item in value or []]
    if value is None:
        return None
    if column["type"] == "RECORD":
        return _row(column["fields"], value, whole=whole)
    if column["type"] == "TIMESTAMP":
        seconds = datetime.fromisoformat(value).astimezone(UTC).timestamp()
        return str(round(seconds * 1_000_000)) if whole else repr(seconds)
    return str(value).lower() if isinstance(value, bool) else str(value)
