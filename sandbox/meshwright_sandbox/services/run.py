"""Cloud Run: services, ready as soon as they are deployed; nothing is run."""

import hashlib
from typing import Any

from meshwright_sandbox.core import operation_views
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.service import Collection, Reference, Service
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]
_ID = "[a-z]([-a-z0-9]{0,47}[a-z0-9])?"
_ALL = 100
_SERVICES = "projects.locations.services"


def _service(call: Call, service: Json) -> None:
    if call.location not in REGIONS:
        raise invalid(f"Location {call.location} is not found or not available.")
    short = call.name.rpartition("/")[2]
    mark = hashlib.sha256(call.name.encode()).hexdigest()[:10]
    service |= {
        "generation": "1",
        "creator": "developer@example.com",
        "uri": f"https://{short}-{mark}.{call.location}.run.app",
        "reconciling": True,
    }
    service["urls"] = [service["uri"]]
    service.setdefault("ingress", "INGRESS_TRAFFIC_ALL")
    service.setdefault("launchStage", "GA")
    service.setdefault(
        "traffic", [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]
    )


def _check(call: Call, service: Json) -> None:
    template = service.setdefault("template", {})
    if not template.get("containers"):
        raise invalid("template.containers: at least one container is required.")
    for container in template["containers"]:
        if not container.get("image"):
            raise invalid("template.containers.image: the image is required.")
        if len(container.get("ports", [])) > 1:
            raise invalid("template.containers.ports: only a single port can be specified.")
        container.setdefault("resources", {}).setdefault(
            "limits", {"cpu": "1000m", "memory": "512Mi"}
        )
    if template.get("serviceMesh") and service["launchStage"] == "GA":
        raise invalid("Service mesh needs launch stage BETA.")
    shares = sum(target.get("percent", 0) for target in service.get("traffic", []))
    if service.get("traffic") and shares != _ALL:
        raise invalid(f"traffic: the percentages must add up to {_ALL}, not to {shares}.")
    template.setdefault("maxInstanceRequestConcurrency", 80)
    template.setdefault("timeout", "300s")
    template.setdefault("scaling", {"maxInstanceCount": 100})
    number = call.cloud.projects.number(call.project)
    template.setdefault("serviceAccount", f"{number}-compute@developer.gserviceaccount.com")
    if call.before:
        service["generation"] = str(int(call.before["generation"]) + 1)


def _ready(work: Work) -> Json:
    """The revision is ready."""
    service = work.resource
    short = work.name.rpartition("/")[2]
    revision = f"{work.name}/revisions/{short}-{int(service['generation']):05d}-sbx"
    stamp = now()
    condition = {"type": "Ready", "state": "CONDITION_SUCCEEDED", "lastTransitionTime": stamp}
    return {
        "reconciling": False,
        "observedGeneration": service["generation"],
        "terminalCondition": condition,
        "latestReadyRevision": revision,
        "latestCreatedRevision": revision,
        "trafficStatuses": service["traffic"],
    }


def _metadata(call: Call, operation: Json) -> Json:
    """Cloud Run says of an operation what its resource looks like."""
    document = call.cloud.store.get("run", operation["target"])
    if document is None:
        return operation.get("response") or {}
    return operation_views.message(call, operation, document)


SERVICE = Service(
    name="run",
    versions={"v2": "run.v2"},
    proto="google.cloud.run",
    must_be_enabled=True,
    metadata=_metadata,
    id_pattern=_ID,
    not_found="Resource '{}' was not found".format,
    already_exists="Resource '{}' already exists".format,
    collections=(
        Collection(
            _SERVICES,
            id_pattern=_ID,
            references=(
                Reference(
                    "template.serviceMesh.mesh",
                    "networkservices",
                    "projects/{project}/locations/global/meshes/{id}",
                    status=400,
                ),
            ),
            defaults=_service,
            check=_check,
            create_work=_ready,
            update_work=_ready,
            delete_answers=True,
            labels=("labels", "template.labels"),
        ),
    ),
)
