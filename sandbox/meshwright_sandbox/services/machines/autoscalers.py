"""Autoscalers of managed groups: nothing is busy here, so that each holds its minimum."""

from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid, required
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.services.machines import groups

Json = dict[str, Any]
_TYPES = ("regionAutoscalers", "autoscalers")


def _defaults(_: Call, autoscaler: Json) -> None:
    if not autoscaler.get("target"):
        raise required("resource.target")
    policy = autoscaler.setdefault("autoscalingPolicy", {})
    policy.setdefault("coolDownPeriodSec", 60)
    policy.setdefault("mode", "ON")
    autoscaler["status"] = "ACTIVE"


def _check(call: Call, autoscaler: Json) -> None:
    policy = autoscaler.get("autoscalingPolicy", {})
    low, high = policy.get("minNumReplicas", 2), policy.get("maxNumReplicas")
    if high is None:
        raise required("resource.autoscalingPolicy.maxNumReplicas")
    if low > high:
        raise invalid(
            f"Invalid value for field 'resource.autoscalingPolicy.maxNumReplicas': '{high}'. "
            f"Must be greater than or equal to minNumReplicas ({low})."
        )
    target = policy.get("cpuUtilization", {}).get("utilizationTarget", 0.6)
    if not 0 < target <= 1:
        field = "resource.autoscalingPolicy.cpuUtilization.utilizationTarget"
        raise invalid(f"Invalid value for field '{field}': '{target}'. Must be within (0, 1].")
    name = str(resource_name(call, autoscaler["target"]))
    groups.require_size(name, low, "resource.autoscalingPolicy.minNumReplicas")
    groups.require_size(name, high, "resource.autoscalingPolicy.maxNumReplicas")
    _resize(call, autoscaler, name, low, high)


def _resize(call: Call, autoscaler: Json, name: str, low: int, high: int) -> None:
    """Bring the group within the bounds; the operation makes or ends the instances."""
    manager = call.get(name)
    size = min(max(int(manager.get("targetSize", 0)), low), high)
    if size != manager.get("targetSize"):
        call.put(name, manager | {"targetSize": size}, type_=groups.TYPE)
    autoscaler["_manager"] = name
    autoscaler["recommendedSize"] = size


def change(call: Call) -> Json:
    """The API takes the name in the query where other collections have it in the path."""
    call.name += f"/autoscalers/{call.query.get('autoscaler') or call.body.get('name')}"
    return generic.update(call)


COLLECTIONS = tuple(
    Collection(
        type_,
        defaults=_defaults,
        check=_check,
        immutable=("target",),
        create_work=groups.settle_target,
        update_work=groups.settle_target,
    )
    for type_ in _TYPES
)
METHODS = {f"{type_}.{verb}": change for type_ in _TYPES for verb in ("patch", "update")}
