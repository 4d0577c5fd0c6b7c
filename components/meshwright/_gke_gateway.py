"""Google's application load balancer before Services, by the Gateway API of GKE.

Follows https://cloud.google.com/kubernetes-engine/docs/how-to/deploying-gateways and
https://cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._gateway_api_limits import MOST
from ._kube import istio_object, observed_object
from ._names import KUBERNETES
from ._validation import is_plain

_GATEWAY_API = "gateway.networking.k8s.io/v1"
_GKE_API = "networking.gke.io/v1"
_CERTIFICATE_MAP = "networking.gke.io/certmap"
# Nothing is served before Google says that the load balancer stands and has an address.
_WAIT = '["condition=Programmed", "jsonpath={.status.addresses}"]'


class IapArgs(TypedDict):
    """Identity-Aware Proxy: only users whom IAM lets in reach the gateway."""

    audiences: NotRequired[list[pulumi.Input[str]]]
    """Audiences of IAP's tokens, `/projects/NUMBER/global/backendServices/ID`; Google gives the id
    once the load balancer stands. Default: tokens of any of IAP's backend services are taken."""
    client_id: NotRequired[pulumi.Input[str]]
    """OAuth client of one's own. Default: the client that Google manages."""
    client_secret_name: NotRequired[pulumi.Input[str]]
    """Secret with that client's secret under the key `key`, in the gateway's namespace. Default:
    none; it goes with `client_id`."""


class LoadBalancerArgs(TypedDict):
    """Google's application load balancer, with its own certificate for the gateway's hosts."""

    gateway_class: NotRequired[str]
    """GKE's GatewayClass. Default: `gke-l7-global-external-managed`, and
    `gke-l7-global-external-managed-mc` across clusters."""
    certificate_map: NotRequired[pulumi.Input[str]]
    """Name of a map of Certificate Manager, for the global external classes. Default: none; name
    this or `certificate_secrets`."""
    certificate_secrets: NotRequired[list[pulumi.Input[str]]]
    """Names of Secrets (type kubernetes.io/tls) in the gateway's namespace. Default: none."""
    address_name: NotRequired[pulumi.Input[str]]
    """Name of a reserved address. Default: Google chooses one."""
    ssl_policy: NotRequired[pulumi.Input[str]]
    """Name of a Compute Engine SSL policy, such as one that asks for TLS 1.2. Default: Google's,
    TLS 1.0 and later."""
    security_policy: NotRequired[pulumi.Input[str]]
    """Name of a Cloud Armor policy. Default: none."""
    iap: NotRequired[IapArgs]
    """Identity-Aware Proxy. Default: off."""


@dataclass(frozen=True)
class Backend:
    """What a route sends calls to: a Service, or a ServiceImport of several clusters."""

    kind: str
    service: pulumi.Input[str]
    port: pulumi.Input[int]
    weight: pulumi.Input[int] | None = None
    path: str = "/"
    health_path: str = "/"
    health_port: pulumi.Input[int] | None = None

    @property
    def group(self) -> str:
        return "net.gke.io" if self.kind == "ServiceImport" else ""


class GkeGateway:
    """Makes a Gateway, its routes and Google's policies, all in one namespace under one name."""

    def __init__(
        self,
        parent: pulumi.Resource,
        name: str,
        physical: str,
        meta: "kubernetes.meta.v1.ObjectMetaArgsDict",
        args: LoadBalancerArgs,
    ) -> None:
        self._parent = parent
        self._name = name
        self._physical = physical
        self._meta = meta
        self._args = args

    def build(
        self, gateway_class: str, hosts: list[str], backends: Mapping[str, Backend]
    ) -> tuple[list[pulumi.Resource], pulumi.Output[str]]:
        """Everything that serves `hosts` from the backends; also the load balancer's address.

        `backends` go by the role that their policies' resource names carry.
        """
        waits: list[pulumi.Resource] = [
            self._object("redirect", "HTTPRoute", self._redirect(hosts), suffix="redirect"),
            self._object("route", "HTTPRoute", self._route(hosts, list(backends.values()))),
        ]
        policed: set[object] = set()
        for role, backend in backends.items():
            if backend.service in policed:
                continue  # of several policies for one service, GKE heeds the oldest
            policed.add(backend.service)
            target: dict[str, object] = {
                "group": backend.group,
                "kind": backend.kind,
                "name": backend.service,
            }
            waits += self._policies(role, backend, target)
        if "ssl_policy" in self._args:
            target = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}
            target["name"] = self._physical
            default = {"sslPolicy": self._args["ssl_policy"]}
            spec: dict[str, object] = {"default": default, "targetRef": target}
            waits.append(self._object("ssl", "GCPGatewayPolicy", spec))
        gateway, status = observed_object(
            self._parent,
            f"{self._name}-load-balancer",
            _GATEWAY_API,
            "Gateway",
            self._gateway_meta(),
            self._gateway(gateway_class),
        )
        return [gateway, *waits], status.apply(_address)

    def _object(
        self, role: str, kind: str, spec: dict[str, object], *, suffix: str = ""
    ) -> "kubernetes.apiextensions.CustomResource":
        meta = self._meta.copy()
        meta["name"] = f"{self._physical}-{suffix}" if suffix else self._physical
        api = _GATEWAY_API if kind == "HTTPRoute" else _GKE_API
        return istio_object(self._parent, f"{self._name}-{role}", api, kind, meta, spec)

    def _gateway_meta(self) -> "kubernetes.meta.v1.ObjectMetaArgsDict":
        meta = self._meta.copy()
        annotations: dict[str, pulumi.Input[str]] = {"pulumi.com/waitFor": _WAIT}
        if "certificate_map" in self._args:
            annotations[_CERTIFICATE_MAP] = self._args["certificate_map"]
        kept = meta.get("annotations", {})
        meta["annotations"] = pulumi.Output.all(kept, annotations).apply(lambda v: {**v[0], **v[1]})
        return meta

    def _gateway(self, gateway_class: str) -> dict[str, object]:
        routes = {"namespaces": {"from": "Same"}}
        https: dict[str, object] = {
            "name": "https",
            "port": 443,
            "protocol": "HTTPS",
            "allowedRoutes": routes,
        }
        references = [{"name": secret} for secret in self._args.get("certificate_secrets", [])]
        if references:
            https["tls"] = {"mode": "Terminate", "certificateRefs": references}
        http = {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": routes}
        spec: dict[str, object] = {"gatewayClassName": gateway_class, "listeners": [https, http]}
        if "address_name" in self._args:
            spec["addresses"] = [{"type": "NamedAddress", "value": self._args["address_name"]}]
        return spec

    def _redirect(self, hosts: list[str]) -> dict[str, object]:
        to_https = {
            "type": "RequestRedirect",
            "requestRedirect": {"scheme": "https", "statusCode": 301},
        }
        return {
            "parentRefs": [{"name": self._physical, "sectionName": "http"}],
            "hostnames": hosts,
            "rules": [{"filters": [to_https]}],
        }

    def _route(self, hosts: list[str], backends: list[Backend]) -> dict[str, object]:
        rules: list[dict[str, object]] = []
        for path in dict.fromkeys(backend.path for backend in backends):
            shares: list[dict[str, object]] = []
            for backend in backends:
                if backend.path == path:
                    share: dict[str, object] = {
                        "group": backend.group,
                        "kind": backend.kind,
                        "name": backend.service,
                        "port": backend.port,
                    }
                    if backend.weight is not None:
                        share["weight"] = backend.weight
                    shares.append(share)
            matches = [{"path": {"type": "PathPrefix", "value": path}}]
            rules.append({"matches": matches, "backendRefs": shares})
        return {
            "parentRefs": [{"name": self._physical, "sectionName": "https"}],
            "hostnames": hosts,
            "rules": rules,
        }

    def _policies(
        self, role: str, backend: Backend, target: dict[str, object]
    ) -> Iterator[pulumi.Resource]:
        http: dict[str, object] = {"requestPath": backend.health_path}
        if backend.health_port is not None:
            http |= {"portSpecification": "USE_FIXED_PORT", "port": backend.health_port}
        config = {"type": "HTTP", "httpHealthCheck": http}
        spec: dict[str, object] = {"default": {"config": config}, "targetRef": target}
        yield self._object(f"{role}-health", "HealthCheckPolicy", spec, suffix=role)
        default: dict[str, object] = {"logging": {"enabled": True, "sampleRate": 1000000}}
        if "security_policy" in self._args:
            default["securityPolicy"] = self._args["security_policy"]
        if "iap" in self._args:
            default["iap"] = _iap(self._args["iap"])
        spec = {"default": default, "targetRef": target}
        yield self._object(f"{role}-policy", "GCPBackendPolicy", spec, suffix=role)


def _iap(args: IapArgs) -> dict[str, object]:
    iap: dict[str, object] = {"enabled": True}
    if "client_id" in args:
        iap["clientID"] = args["client_id"]
        iap["oauth2ClientSecret"] = {"name": args.get("client_secret_name")}
    return iap


def _address(status: Mapping[str, list[Mapping[str, str]]] | None) -> str:
    addresses = (status or {}).get("addresses") or []
    return addresses[0].get("value", "") if addresses else ""


def load_balancer_problems(
    path: str, args: LoadBalancerArgs, classes: Mapping[str, bool], hosts: list[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with the arguments; `classes` says which take a map of certificates."""
    if len(hosts) > MOST:
        text = f"has {len(hosts)} names; a route of the Gateway API takes {MOST}"
        yield "hosts", f"{text}; use wildcards, or another gateway for the rest"
    chosen = args.get("gateway_class", next(iter(classes)))
    if chosen not in classes:
        yield f"{path}.gateway_class", f"{chosen!r} must be one of {', '.join(classes)}"
    mapped, secrets = "certificate_map" in args, args.get("certificate_secrets")
    if mapped == bool(secrets):
        text = "name one of certificate_map and certificate_secrets, so that HTTPS can be served"
        yield f"{path}.certificate_map", text
    elif mapped and not classes.get(chosen, True):
        text = f"{chosen} takes no map of Certificate Manager; name certificate_secrets"
        yield f"{path}.certificate_map", text
    for index, secret in enumerate(secrets or []):
        if isinstance(secret, str) and not KUBERNETES.pattern.fullmatch(secret):
            yield f"{path}.certificate_secrets[{index}]", f"{secret!r} is not a Secret's name"
    iap = args.get("iap", {})
    if ("client_id" in iap) != ("client_secret_name" in iap):
        missing = "client_secret_name" if "client_id" in iap else "client_id"
        yield f"{path}.iap.{missing}", "client_id and client_secret_name go together"
    for index, audience in enumerate(iap.get("audiences", [])):
        if is_plain(audience) and not str(audience).startswith("/projects/"):
            text = "must be such as `/projects/NUMBER/global/backendServices/ID`"
            yield f"{path}.iap.audiences[{index}]", f"{audience!r} {text}"
