"""Service Usage: which APIs a project has enabled, and the service agents that go with them."""

import re
from typing import Any

from meshwright_sandbox.core import listing
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, precondition
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.service_agents import AGENTS, API_SUFFIX, agent_email, identity_name
from meshwright_sandbox.services import iam

Json = dict[str, Any]
_MAX_BATCH = 20
_COMPUTE = "compute.googleapis.com"
_API_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.googleapis\.com")


def _service(call: Call, api: str) -> Json:
    number = call.cloud.projects.number(call.project)
    state = "ENABLED" if api in call.cloud.projects.enabled(call.project) else "DISABLED"
    return {
        "name": f"projects/{number}/services/{api}",
        "config": {"name": api, "title": f"{api.removesuffix(API_SUFFIX)} API"},
        "state": state,
        "parent": f"projects/{number}",
    }


def _known(call: Call, api: str) -> None:
    if not _API_NAME.fullmatch(api):
        number = call.cloud.projects.number(call.project)
        raise ApiError(
            403,
            f"Not found or permission denied for service(s): {api}.",
            details=[
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED",
                    "domain": "serviceusage.googleapis.com",
                    "metadata": {"services": api, "consumer": f"projects/{number}"},
                }
            ],
        )


def _get(call: Call) -> Json:
    api = call.name.rpartition("/")[2]
    _known(call, api)
    return _service(call, api)


def _list(call: Call) -> Json:
    wanted = call.query.get("filter", "")
    if wanted not in ("", "state:ENABLED", "state:DISABLED"):
        raise invalid(f"Invalid filter '{wanted}': allowed are state:ENABLED and state:DISABLED.")
    enabled = call.cloud.projects.enabled(call.project)
    known = sorted({*enabled, *(f"{api}{API_SUFFIX}" for api in AGENTS)})
    services = [_service(call, api) for api in known]
    if wanted:
        services = [s for s in services if f"state:{s['state']}" == wanted]
    call.query.pop("filter", None)
    return listing.answer(call, services)


def _start(call: Call, response: str, content: Json) -> Json:
    package = "type.googleapis.com/google.api.serviceusage.v1"
    return call.start(
        "apis",
        response={"@type": f"{package}.{response}"} | content,
        metadata={"@type": f"{package}.OperationMetadata"},
    )


def _switch_on(call: Call, *apis: str) -> None:
    before = call.cloud.projects.enabled(call.project)
    for api in apis:
        call.cloud.projects.enable(call.project, api)
    if _COMPUTE not in before and _COMPUTE in call.cloud.projects.enabled(call.project):
        iam.add_default_account(call.cloud, call.project)


def _enable(call: Call) -> Json:
    api = call.name.rpartition("/")[2]
    _known(call, api)
    _switch_on(call, api)
    return _start(call, "EnableServiceResponse", {"service": _service(call, api)})


def _batch_enable(call: Call) -> Json:
    apis: list[str] = call.body.get("serviceIds", [])
    if len(apis) > _MAX_BATCH:
        raise invalid(f"A single request may enable at most {_MAX_BATCH} services.")
    for api in apis:
        _known(call, api)
    _switch_on(call, *apis)
    services = [_service(call, api) for api in apis]
    return _start(call, "BatchEnableServicesResponse", {"services": services})


def _batch_get(call: Call) -> Json:
    query = call.query.get("names", "")
    return {"services": [_service(call, name.rpartition("/")[2]) for name in query.split(",")]}


def _disable(call: Call) -> Json:
    api = call.name.rpartition("/")[2]
    _known(call, api)
    short = api.removesuffix(API_SUFFIX)
    in_use = [
        row.name
        for row in call.cloud.store.everything()
        if row.service == short and row.project == call.project and not row.system
    ]
    if in_use and call.body.get("checkIfServiceHasUsage") == "CHECK":
        raise precondition(f"The service {api} is in use by {in_use[0]}.")
    dependents = call.cloud.projects.dependents(call.project, api)
    if dependents and not call.body.get("disableDependentServices"):
        raise precondition(
            f"The service {api} is depended on by the following active service(s): "
            f"{','.join(dependents)}; Please specify disable_dependent_services=true if you want "
            "to proceed with disabling all services."
        )
    for name in (*dependents, api):
        call.cloud.projects.disable(call.project, name)
    return _start(call, "DisableServiceResponse", {"service": _service(call, api)})


def _generate_identity(call: Call) -> Json:
    api = call.name.rpartition("/")[2]
    _known(call, api)
    number = call.cloud.projects.number(call.project)
    email = agent_email(api, number)
    identity = {"email": email, "uniqueId": str(int(number) * 7)}
    call.cloud.store.put(
        "serviceusage",
        identity_name(call.project, email),
        identity,
        type_="serviceIdentities",
        project=call.project,
        system=True,
    )
    return call.start(
        "apis",
        response={"@type": "type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity"}
        | identity,
        metadata={"@type": "type.googleapis.com/google.api.serviceusage.v1beta1.OperationMetadata"},
    )


def _operation_name(_project: str, _location: str, short: str) -> str:
    return f"operations/{short.replace('operation-', 'acat.')}"


SERVICE = Service(
    name="serviceusage",
    versions={"v1": "serviceusage.v1", "v1beta1": "serviceusage.v1beta1"},
    proto="google.api.serviceusage",
    collections=(Collection("services", system=True),),
    operation_name=_operation_name,
    methods={
        "services.get": _get,
        "services.list": _list,
        "services.enable": _enable,
        "services.disable": _disable,
        "services.batchEnable": _batch_enable,
        "services.batchGet": _batch_get,
        "services.generateServiceIdentity": _generate_identity,
    },
)
