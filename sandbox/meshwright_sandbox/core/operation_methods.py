"""What clients do with long-running operations: read, list, wait for, cancel and delete them."""

import re
from collections.abc import Callable
from typing import Any

from meshwright_sandbox.core import listing, operation_views
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError

Json = dict[str, Any]


def known(call: Call) -> Json:
    """The operation that a call names.

    Raises:
        ApiError: 404.
    """
    operation = call.cloud.store.operation(call.service.name, call.name)
    if operation is None or not _is_known(operation):
        raise ApiError(404, call.service.not_found(call.name))
    return operation


def _is_known(operation: Json) -> bool:
    """Whether clients may know of an operation: not of our own ones, nor of deleted ones."""
    return not (operation.get("hidden") or operation.get("forgotten"))


def _get(call: Call) -> Json:
    return operation_views.render(call, known(call))


def _list(call: Call) -> Json:
    prefix = call.name + "/"
    pattern = re.escape(prefix).replace("/\\-/", "/[^/]+/") + "[^/]+"
    shown = [
        operation_views.render(call, operation)
        for operation in call.cloud.store.operations(call.service.name)
        if re.fullmatch(pattern, operation["name"]) and _is_known(operation)
    ]
    return listing.answer(call, shown)


def _delete(call: Call) -> Json:
    """To delete an operation ends the interest in it, not its work."""
    forgotten = known(call) | {"forgotten": True}
    call.cloud.store.put_operation(call.service.name, call.name, forgotten)
    return {}


def _cancel(call: Call) -> Json:
    """To cancel is a wish that may go unheard; nothing here takes long enough to hear it."""
    known(call)
    return {}


HANDLERS: dict[str, Callable[[Call], Json]] = {
    "get": _get,
    "wait": _get,
    "list": _list,
    "delete": _delete,
    "cancel": _cancel,
}
