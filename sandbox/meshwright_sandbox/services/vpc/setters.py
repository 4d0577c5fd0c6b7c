"""Methods that set one field of a resource of load balancing: ``targetHttpProxies.setUrlMap``."""

from functools import partial
from typing import Any

from meshwright_sandbox.core import generic, references
from meshwright_sandbox.core.cloud import Call

Json = dict[str, Any]
# Verb -> the field of the resource, and that of the request where it has another name.
_FIELDS = {
    "setBackendService": "service",
    "setCertificateMap": "certificateMap",
    "setEdgeSecurityPolicy": "edgeSecurityPolicy",
    "setProxyHeader": "proxyHeader",
    "setQuicOverride": "quicOverride",
    "setSecurityPolicy": "securityPolicy",
    "setSslCertificates": "sslCertificates",
    "setSslPolicy": "sslPolicy",
    "setTarget": "target",
    "setUrlMap": "urlMap",
}
_SENT_AS = {"setEdgeSecurityPolicy": "securityPolicy"}


def _set(call: Call, *, verb: str) -> Json:
    """Set the field, or clear it; what it names must exist.

    Raises:
        ApiError: 404 for the resource or for what the field names.
    """
    # Some of these paths leave out the `global` that the resource has in its name.
    call.name = _with_place(call.name)
    before = call.get()
    generic.require_idle(call)
    field = _FIELDS[verb]
    after = {key: value for key, value in before.items() if key != field}
    if value := call.body.get(_SENT_AS.get(verb, field)):
        after[field] = value
    uses = references.resolve(call, after)
    generic.store(call, after, uses)
    return call.start(verb, before=before)


def _with_place(name: str) -> str:
    head, project, place, *rest = name.split("/")
    where = [place] if place in ("global", "regions") else ["global", place]
    return "/".join([head, project, *where, *rest])


METHODS = {f"*.{verb}": partial(_set, verb=verb) for verb in _FIELDS}
