"""Regional network endpoint groups: what stands for a serverless service as a backend."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid, required
from meshwright_sandbox.core.service import Collection

Json = dict[str, Any]
_SERVERLESS = ("appEngine", "cloudFunction", "cloudRun")


def _check(call: Call, group: Json) -> None:
    kind = group.get("networkEndpointType")
    if not kind:
        raise required("resource.networkEndpointType")
    # An App Engine app needs no more than its name: `appEngine: {}`.
    named = [field for field in _SERVERLESS if call.sent.get(field) is not None]
    for field in named:
        group.setdefault(field, {})
    if kind == "SERVERLESS" and len(named) != 1:
        raise invalid(
            "Invalid value for field 'resource': ''. Exactly one of app_engine, cloud_function "
            "and cloud_run must be specified for a serverless network endpoint group."
        )
    if kind != "SERVERLESS" and named:
        raise invalid(f"Invalid value for field 'resource.{named[0]}': ''. It needs SERVERLESS.")
    run = group.get("cloudRun")
    if run is not None and bool(run.get("service")) == bool(run.get("urlMask")):
        raise invalid("Exactly one of cloudRun.service and cloudRun.urlMask must be specified.")


COLLECTIONS = (Collection("regionNetworkEndpointGroups", check=_check),)
