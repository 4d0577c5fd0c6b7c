"""Machine types, by their links: which there are, and what they have, is not known here."""

import re

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid, required

_LINK = re.compile(r"(?:.*/)?zones/(?P<zone>[^/]+)/machineTypes/[^/]+")


def require(call: Call, link: str, field: str) -> None:
    """Refuse what is no link of a machine type, or one of another zone than the called one."""
    if not link:
        raise required(field)
    match = _LINK.fullmatch(link)
    said = f"Invalid value for field '{field}': '{link}'."
    if not match:
        raise invalid(f"{said} The URL is malformed.")
    if match["zone"] != call.location:
        raise invalid(f"{said} The machine type is not in the zone {call.location}.")
