"""What the sandbox does not do, told so that nobody looks for a mistake of their own."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NoReturn

from meshwright_sandbox.core.discovery import Method
from meshwright_sandbox.core.errors import ApiError

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Call
    from meshwright_sandbox.core.service import Service

_NO_RESOURCE_IDS = frozenset({"clientOperationId", "parentId", "requestId"})


def refusal(method: Method) -> ApiError:
    """The answer to a method that Google has and the sandbox has not."""
    return ApiError(
        501,
        f"Method {method.id} is not part of the sandbox: the local cloud does not emulate it.",
    )


def not_emulated(call: "Call") -> NoReturn:
    """The handler of methods that the sandbox has not.

    Raises:
        ApiError: 501.
    """
    raise refusal(call.method)


def require_emulated(call: "Call") -> None:
    """Refuse CRUD methods of a type that has no resources here, rather than answer "none".

    Raises:
        ApiError: 501.
    """
    service, type_ = call.service, call.type
    declared = any(collection.type == type_ for collection in service.collections)
    written = any(key.rpartition(".")[0] == type_ for key in service.methods)
    if not (declared or written or _can_be_made(call) or _is_there(call)):
        raise refusal(call.method)


def id_parameters(method: Method) -> list[str]:
    """Query parameters in which a client names what it creates."""
    return [
        name
        for name in method.query_parameters
        if name.endswith("Id") and name not in _NO_RESOURCE_IDS
    ]


def _can_be_made(call: "Call") -> bool:
    """Whether a client can make such a resource under a name of its own, as `generic` expects."""
    verbs = call.document.verbs(call.type)
    method = verbs.get("create") or verbs.get("insert")
    if method is None:
        return False
    if call.service.style == "rpc":
        return bool(id_parameters(method))
    schema = call.document.schemas.get(method.request or "", {})
    return "name" in schema.get("properties", {})


def _is_there(call: "Call") -> bool:
    return bool(call.cloud.store.of_type(call.service.name, call.type))


def nothing_there(
    services: Mapping[str, "Service"], http_method: str, segments: Iterable[str]
) -> ApiError:
    """404 for a path that no emulated method has: what of it is known, and what not."""
    prefix, *rest = segments
    where = f"The requested URL {http_method} /{'/'.join([prefix, *rest])} was not found here"
    service = services.get(prefix)
    if service is None:
        return ApiError(404, f"{where}: the local cloud does not emulate an API '{prefix}'.")
    versions = ", ".join(service.versions)
    if not set(rest[:3]) & service.versions.keys():
        return ApiError(404, f"{where}: the local cloud has {prefix} in version {versions}.")
    return ApiError(404, f"{where}: {prefix} has no such method.")
