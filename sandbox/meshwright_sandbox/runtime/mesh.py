"""The managed control plane of one cluster.

What Google runs for ``MANAGEMENT_AUTOMATIC`` is here an istiod beside the cluster; inside the
cluster stand, as on GKE, Istio's CRDs, the injection webhooks (by URL: their server is no pod of
the cluster) and a ControlPlaneRevision.
https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from tenacity import RetryError, retry, retry_if_exception_type, stop_after_delay, wait_fixed

from meshwright_sandbox.runtime import control_plane_revision, traffic_logs
from meshwright_sandbox.runtime.certificates import CertificateAuthority
from meshwright_sandbox.runtime.definitions import Definitions
from meshwright_sandbox.runtime.interface import MeshRequest, RuntimeFailure
from meshwright_sandbox.runtime.istiod import NAMESPACE, WEBHOOK_PORT, Istiod, Istiods
from meshwright_sandbox.runtime.kept import keep, kept_file, made_once
from meshwright_sandbox.runtime.kube import Kubectl
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.pod_range import control_plane_addresses
from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.records import MANAGED, ClusterRecord

_READY_SECONDS = 240
# Stands in manifests for the name of the cluster that they are for.
_ANY_CLUSTER = "cn-any-cluster-of-the-mesh"
_KIND = re.compile(r"^kind: (\w+)$", re.MULTILINE)
# The control plane itself is not deployed: these describe where it would run.
_DEPLOYED = {
    "Deployment", "DaemonSet", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget",
    "ServiceAccount",
    "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding",
}  # fmt: skip
_WEBHOOKS = {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}


class Mesh:
    """Starts and stops the control plane of one cluster."""

    def __init__(
        self,
        record: ClusterRecord,
        folder: Path,
        *,
        tools: Path,
        kubectl: Kubectl,
        definitions: Definitions,
        authority: CertificateAuthority,
        network: Network,
        istiods: Istiods,
    ) -> None:
        self._record = record
        self._folder = folder
        self._tools = tools
        self._kubectl = kubectl
        self._definitions = definitions
        self._authority = authority
        self._network = network
        self._istiods = istiods

    @property
    def address(self) -> str:
        """The control plane's address: the last ones of the pod range are no node's."""
        if self._network.kind == "host":
            return f"127.88.{self._record.ports.api_server % 251}.{self._record.slot}"
        return next(control_plane_addresses(self._record.request.pod_range, self._record.part))

    def start(self, mesh: MeshRequest) -> None:
        """Install what stands in the cluster, run istiod, and wait until injection answers."""
        manifests = self._generate(mesh)
        crds = [text for kind, text in manifests if kind == "CustomResourceDefinition"]
        self._definitions.install("\n---\n".join([*crds, control_plane_revision.DEFINITION]))
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        kept = [t for k, t in manifests if k not in {*_DEPLOYED, *_WEBHOOKS} and t not in crds]
        self._kubectl.apply([namespace])
        self._kubectl.apply("\n---\n".join(kept))
        webhooks = [self._by_url(yaml.safe_load(t), mesh) for k, t in manifests if k in _WEBHOOKS]
        self._run(mesh)
        self._kubectl.apply(webhooks)
        self._wait_for_injection(mesh)
        control_plane_revision.report(self._kubectl, mesh)

    def resume(self, mesh: MeshRequest) -> None:
        """Run istiod again for a cluster that holds everything else already."""
        if not self._istiods.running(MANAGED):
            self._run(mesh)
            self._wait_for_injection(mesh)

    @property
    def cluster_name(self) -> str:
        """As Google names clusters in a mesh."""
        request = self._record.request
        return f"cn-{request.project}-{request.location}-{request.name}"

    def _run(self, mesh: MeshRequest) -> None:
        self._istiods.run_istiod(
            Istiod(
                name=MANAGED,
                revision=mesh.revision,
                address=self.address,
                cluster_name=self.cluster_name,
                environment={
                    "INJECTION_WEBHOOK_CONFIG_NAME": f"istio-sidecar-injector-{mesh.revision}",
                    "VALIDATION_WEBHOOK_CONFIG_NAME": f"istio-validator-{mesh.revision}",
                },
            )
        )

    def stop(self) -> None:
        """End istiod and remove its webhooks, so that pods can still be created."""
        self._kubectl.run(
            "delete", "mutatingwebhookconfigurations,validatingwebhookconfigurations",
            "--selector=app.kubernetes.io/part-of=istio", "--ignore-not-found",
        )  # fmt: skip
        control_plane_revision.remove(self._kubectl)
        self._istiods.end_istiods(MANAGED, keep=set())

    def _generate(self, mesh: MeshRequest) -> list[tuple[str, str]]:
        """Istio's own manifests for this revision, as (kind, YAML) pairs."""
        settings = {
            "profile": "minimal",
            "revision": mesh.revision,
            "meshConfig.trustDomain": mesh.trust_domain,
            "meshConfig.defaultConfig.meshId": mesh.mesh_id,
            # As on GKE, traffic is redirected by the node's CNI: pods need no NET_ADMIN for it.
            "components.cni.enabled": "true",
            "values.global.meshID": mesh.mesh_id,
            "values.global.multiCluster.clusterName": _ANY_CLUSTER,
        }
        config = {"meshConfig": traffic_logs.mesh_config(mesh.mesh_id)}
        kind = {"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator"}
        operator = json.dumps(kind | {"spec": config})
        arguments = [f"--set={key}={value}" for key, value in settings.items()]
        text = self._manifests(operator, arguments).replace(_ANY_CLUSTER, self.cluster_name)
        documents = text.split("\n---\n")
        return [(m.group(1), text) for text in documents if (m := _KIND.search(text))]

    def _manifests(self, operator: str, arguments: list[str]) -> str:
        """What istioctl makes of it, or made of it once."""
        kept = kept_file(self._tools, "manifests", ["istioctl"], operator, *arguments)
        with made_once(kept):
            with suppress(OSError):
                if text := kept.read_text():
                    return text
            text = self._rendered(operator, arguments)
            keep(kept, text)
        return text

    def _rendered(self, operator: str, arguments: list[str]) -> str:
        file = self._folder / "operator.json"
        write_private(file, operator)
        command = [str(self._tools / "istioctl"), "manifest", "generate", f"--filename={file}"]
        result = subprocess.run(
            [*command, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            # Without a kubeconfig it does not look for a cluster's version.
            env={"HOME": str(self._folder), "KUBECONFIG": "/dev/null", "PATH": "/usr/bin:/bin"},
        )
        if result.returncode:
            raise RuntimeFailure(f"istioctl manifest generate: {result.stderr.strip()}")
        return result.stdout

    def _by_url(self, configuration: dict[str, Any], mesh: MeshRequest) -> dict[str, Any]:
        """Point the webhooks at the control plane, and let it serve the default injection too."""
        if configuration["kind"] == "MutatingWebhookConfiguration":
            configuration["webhooks"] += _default_injection(configuration["webhooks"])
            # By this, istiod takes the Gateways of namespaces that name no revision as well.
            configuration["metadata"]["labels"]["istio.io/tag"] = "default"
        else:
            configuration["metadata"]["name"] = f"istio-validator-{mesh.revision}"
            for webhook in configuration["webhooks"]:
                # The managed control plane validates what carries no revision label as well.
                webhook.pop("objectSelector", None)
                webhook["failurePolicy"] = "Fail"
        bundle = b64encode(self._authority.certificate.encode()).decode()
        for webhook in configuration["webhooks"]:
            path = webhook["clientConfig"]["service"]["path"]
            url = f"https://{self.address}:{WEBHOOK_PORT}{path}"
            webhook["clientConfig"] = {"url": url, "caBundle": bundle}
            webhook["timeoutSeconds"] = 10
        return configuration

    def _wait_for_injection(self, mesh: MeshRequest) -> None:
        """Until a pod that asks for a sidecar would be given one (a server-side dry run)."""
        try:
            self._probe(mesh)
        except RetryError as error:
            cause = error.last_attempt.exception()
            raise RuntimeFailure(
                f"the mesh control plane of {self._record.request.name} does not answer: {cause}; "
                f"see {self._istiods.log_path(MANAGED)}"
            ) from error

    @retry(
        retry=retry_if_exception_type(RuntimeFailure),
        wait=wait_fixed(0.5),
        stop=stop_after_delay(_READY_SECONDS),
    )
    def _probe(self, mesh: MeshRequest) -> None:
        labels = {"istio.io/rev": mesh.revision, "sidecar.istio.io/inject": "true"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "injection-probe", "namespace": NAMESPACE, "labels": labels},
            "spec": {"containers": [{"name": "probe", "image": "probe"}]},
        }
        answer = self._kubectl.run(
            "create", "--dry-run=server", "--output=jsonpath={.spec}", "--filename=-",
            text=yaml.safe_dump(pod),
        )  # fmt: skip
        if "istio-proxy" not in answer:
            raise RuntimeFailure("a pod that asks for a sidecar is admitted without one")


def _default_injection(webhooks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The webhooks for ``istio-injection=enabled``, as Istio's default tag has them
    (https://istio.io/latest/docs/setup/upgrade/canary/#default-tag).
    """
    by_namespace, by_object = copy.deepcopy(webhooks[0]), copy.deepcopy(webhooks[0])
    by_namespace["name"] = "namespace.sidecar-injector.istio.io"
    by_namespace["namespaceSelector"] = {
        "matchExpressions": [{"key": "istio-injection", "operator": "In", "values": ["enabled"]}]
    }
    by_object["name"] = "object.sidecar-injector.istio.io"
    by_object["namespaceSelector"] = {
        "matchExpressions": [
            {"key": "istio-injection", "operator": "DoesNotExist"},
            {"key": "istio.io/rev", "operator": "DoesNotExist"},
        ]
    }
    by_object["objectSelector"] = {
        "matchExpressions": [
            {"key": "sidecar.istio.io/inject", "operator": "In", "values": ["true"]},
            {"key": "istio.io/rev", "operator": "DoesNotExist"},
        ]
    }
    return [by_namespace, by_object]
