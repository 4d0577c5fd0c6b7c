"""Pulumi mocks that write down every registration, for assertions on what a component declares."""

import asyncio
import functools
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc

PROJECT_NUMBER = "123456789012"


@dataclass
class Registration:
    """One resource as it was registered."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    provider: str
    depends_on: set[str]
    """Names of the resources its inputs and options wait for."""
    ignore_changes: list[str]
    deletes_first: bool
    """Whether a replacement waits until the old one is gone."""
    urn: str

    def body(self) -> dict[str, Any]:
        """Its inputs as an API server takes them: the engine has every number as a float."""
        return json.loads(re.sub(r"(?<=\d)\.0(?=[,}\]])", "", json.dumps(self.inputs)))


@dataclass
class Recorder(mocks.Mocks):
    """Answers as the cloud would, and keeps what was asked."""

    registrations: list[Registration] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", {**args.inputs, **_computed(args)}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        answers = {
            "gcp:organizations/getProject:getProject": lambda given: {
                "number": PROJECT_NUMBER,
                "projectId": given["projectId"],
            },
            "gcp:container/getAttachedInstallManifest:getAttachedInstallManifest": lambda given: {
                "manifest": f"manifest of {given['clusterId']} for {given['platformVersion']}",
            },
            "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": lambda given: {
                "member": f"serviceAccount:bq@{given['project']}",
            },
            "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": lambda given: {
                "member": f"serviceAccount:storage@{given['project']}",
            },
            "gcp:logging/getProjectSettings:getProjectSettings": lambda given: {
                "kmsServiceAccountId": f"cmek@{given['project']}",
            },
        }
        assert args.token in answers, args.token
        return answers[args.token](args.args)

    def of_type(self, suffix: str) -> list[Registration]:
        """Registrations whose type ends in `suffix`, such as `NodePool`."""
        return [item for item in self.registrations if item.type.rsplit(":", 1)[-1] == suffix]

    def one(self, suffix: str, name: str | None = None) -> Registration:
        """The only registration of that type, or of that type and name."""
        found = [item for item in self.of_type(suffix) if name in (None, item.name)]
        listed = [f"{item.type} {item.name}" for item in self.registrations]
        assert len(found) == 1, f"{len(found)} of {suffix} {name or ''} among {listed}"
        return found[0]

    def children(self, parent: str) -> dict[str, str]:
        """Type by name of what `parent` is the parent of."""
        return {item.name: item.type for item in self.registrations if item.parent == parent}


def _computed(args: mocks.MockResourceArgs) -> dict[str, Any]:
    """What the provider adds to a resource of that type."""
    match args.typ:
        case "gcp:container/cluster:Cluster":
            fleet = args.inputs.get("fleet")
            return {
                "endpoint": "198.51.100.7",
                "masterAuth": {"clusterCaCertificate": "Q0E="},
                "controlPlaneEndpointsConfig": {
                    "dnsEndpointConfig": {"endpoint": "gke-1.example.gke.goog"}
                },
                "fleet": fleet
                and {
                    "project": fleet["project"],
                    "membershipId": args.inputs["name"],
                    "membershipLocation": "europe-west1",
                },
            }
        case "gcp:container/attachedCluster:AttachedCluster":
            link = f"{args.inputs['fleet']['project']}/locations/global/memberships"
            return {
                "fleet": args.inputs["fleet"] | {"membership": f"{link}/{args.inputs['name']}"},
                "kubernetesVersion": args.inputs["platformVersion"].rsplit(".", 1)[0],
            }
        case (
            "gcp:gkeonprem/bareMetalCluster:BareMetalCluster"
            | "gcp:gkeonprem/vMwareCluster:VMwareCluster"
        ):
            link = f"projects/{PROJECT_NUMBER}/locations/global/memberships/{args.inputs['name']}"
            vips = args.inputs["loadBalancer"]["vipConfig"]
            return {"endpoint": vips["controlPlaneVip"], "fleets": [{"membership": link}]}
        case "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager":
            place = f"projects/{args.inputs['project']}/regions/{args.inputs['region']}"
            return {"instanceGroup": f"{place}/instanceGroups/{args.inputs['name']}"}
        case "gcp:gkehub/membership:Membership":
            place = f"projects/{args.inputs['project']}/locations/{args.inputs['location']}"
            return {"name": f"{place}/memberships/{args.inputs['membershipId']}"}
        case "gcp:serviceaccount/account:Account":
            email = f"{args.inputs['accountId']}@{args.inputs['project']}.iam.gserviceaccount.com"
            return {"email": email}
        case "gcp:projects/serviceIdentity:ServiceIdentity":
            return {"member": f"serviceAccount:{args.inputs['service']}"}
        case "gcp:logging/projectSink:ProjectSink" | "gcp:logging/folderSink:FolderSink":
            return {"writerIdentity": "serviceAccount:sink@gcp-sa-logging.iam.gserviceaccount.com"}
        case "pulumi:pulumi:StackReference":
            west = {"id": "projects/p1/regions/europe-west1/subnetworks/shop-west"}
            exported = {"network": "projects/p1/global/networks/shop", "subnets": {"west": west}}
            return {"outputs": exported, "secretOutputNames": []}
        case "gcp:monitoring/slo:Slo":
            service = f"projects/{args.inputs['project']}/services/{args.inputs['service']}"
            return {"name": f"{service}/serviceLevelObjectives/{args.inputs['sloId']}"}
        case (
            "gcp:monitoring/alertPolicy:AlertPolicy"
            | "gcp:monitoring/notificationChannel:NotificationChannel"
        ):
            return {"name": f"projects/{args.inputs['project']}/things/{args.name}"}
        case "meshwright:index:MeshReadiness":
            state = {"state": "ACTIVE", "implementation": "TRAFFIC_DIRECTOR", "dataPlane": "ACTIVE"}
            return {"states": {item["membership"]: state for item in args.inputs["memberships"]}}
        case "meshwright:index:Rollout":
            versions, target = args.inputs["versions"], args.inputs["target"]
            shares = {version: 100 * (version == target) for version in versions}
            return {"weights": shares, "matchedWeights": shares, "phase": "Healthy"}
        case "kubernetes:core/v1:Secret":
            return {"data": {"ca.crt": "Q0E=", "token": "cmVhZGVyLXRva2Vu"}}
        case "kubernetes:core/v1:Service":
            return {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}
        case "gcp:certificatemanager/dnsAuthorization:DnsAuthorization":
            data = "token.authorize.certificatemanager.goog."
            name = f"_acme-challenge.{args.inputs['domain']}."
            return {"dnsResourceRecords": [{"name": name, "type": "CNAME", "data": data}]}
        case "kubernetes:gateway.networking.k8s.io/v1:Gateway":
            return {"status": {"addresses": [{"type": "IPAddress", "value": "203.0.113.10"}]}}
        case _:
            return {}


class _Monitor(mocks.MockMonitor):
    """The engine's side, where parents, dependencies and options can be seen."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        answer = super().RegisterResource(request)
        assert isinstance(self.mocks, Recorder)
        dependencies = set(request.dependencies)
        for listed in request.propertyDependencies.values():
            dependencies.update(listed.urns)
        inputs = rpc.deserialize_properties(request.object, keep_unknowns=True)
        self.mocks.registrations.append(
            Registration(
                request.type,
                request.name,
                inputs,
                _name_of(request.parent),
                _name_of(request.provider.rsplit("::", 1)[0]),
                {_name_of(urn) for urn in dependencies},
                list(request.ignoreChanges),
                request.deleteBeforeReplace,
                answer.urn,
            )
        )
        return answer


def _name_of(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def component_test(test: Callable[..., tuple[pulumi.Output[Any], Callable[[Any], None]]]) -> Any:
    """Run a test that returns an output and a check, which gets the output's value.

    The check runs once everything is registered, also what the output does not wait for.
    """

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        checks: list[tuple[Callable[[Any], None], Any]] = []

        @pulumi.runtime.test
        def program() -> pulumi.Output[None]:
            output, check = test(*args, **kwargs)
            return output.apply(lambda value: checks.append((check, value)))

        program()
        ((check, value),) = checks
        check(value)

    return run


def _tell_without_traceback(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Name the error that nobody took from a future of a program that failed.

    It is told when the collector comes by, and Python 3.11 parses source to print a traceback:
    in the midst of another test's `ast.parse` that ends it with a SystemError.
    https://github.com/python/cpython/issues/106905
    """
    logging.getLogger("asyncio").error("%s: %r", context["message"], context.get("exception"))


def record(*, preview: bool = False) -> Recorder:
    """Install a fresh recorder as the engine of this test."""
    # Pulumi takes the thread's loop, and tests that are coroutines may have left none behind.
    try:
        loop = asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
    loop.set_exception_handler(_tell_without_traceback)
    recorder = Recorder()
    monitor = _Monitor(recorder)
    pulumi.runtime.set_mocks(
        recorder, project="meshwright", stack="test", preview=preview, monitor=monitor
    )
    return recorder
