"""Objects of a mesh for the tests of its rules, and what a rule says of several at once."""

from collections.abc import Iterable

from meshwright_policies.rule import Finding, Resource, Rule, Settings, Unjudged, Violation
from meshwright_policies.values import UNKNOWN
from tests.policies.resources import findings, made

SECURITY = "kubernetes:security.istio.io/v1"
NETWORKING = "kubernetes:networking.istio.io/v1"
CORE = "kubernetes:core/v1"


def thing(
    type_: str,
    name: str,
    spec: object = None,
    *,
    namespace: object = "shop",
    cluster: str = "east",
    stack: str = "dev",
    **metadata: object,
) -> Resource:
    """A Kubernetes object with a spec; `metadata` are its labels and annotations."""
    meta = {"name": name, "namespace": namespace} | metadata
    return made(
        type_, {"metadata": meta, "spec": spec or {}}, name=name, cluster=cluster, stack=stack
    )


def planned(type_: str, name: str, cluster: str = "east") -> Resource:
    """An object of a cluster that is only planned: the engine knows no property of it."""
    return made(type_, UNKNOWN, name=name, cluster=cluster)


def namespace(name: str, labels: object = None, *, cluster: str = "east") -> Resource:
    metadata = {"name": name, "labels": labels}
    return made(f"{CORE}:Namespace", {"metadata": metadata}, name=name, cluster=cluster)


def service(
    name: str, /, *, namespace: object = "shop", cluster: str = "east", **port: object
) -> Resource:
    ports = [{"port": 8080, "name": "http"} | port]
    return thing(f"{CORE}:Service", name, {"ports": ports}, namespace=namespace, cluster=cluster)


def deployment(
    name: str,
    *,
    home: object = "shop",
    cluster: str = "east",
    labels: object = None,
    annotations: object = None,
    **pod: object,
) -> Resource:
    template = {
        "metadata": {"labels": labels or {"app": name}, "annotations": annotations},
        "spec": {"containers": [{"name": "app", "image": "registry.example.com/app:1"}]} | pod,
    }
    return thing(
        "kubernetes:apps/v1:Deployment",
        name,
        {"template": template},
        namespace=home,
        cluster=cluster,
    )


def _of(found: Iterable[Finding], kind: type) -> list[tuple[str, str]]:
    return [(item.urn.rpartition("::")[2], item.where) for item in found if isinstance(item, kind)]


def wrong(
    rule: Rule, *resources: Resource, settings: Settings | None = None
) -> list[tuple[str, str]]:
    """What a rule says is wrong: the resource's name and the place."""
    return _of(findings(rule, *resources, settings=settings), Violation)


def open_(
    rule: Rule, *resources: Resource, settings: Settings | None = None
) -> list[tuple[str, str]]:
    """What a rule cannot judge yet: the resource's name and the place."""
    return _of(findings(rule, *resources, settings=settings), Unjudged)


def what(rule: Rule, *resources: Resource) -> str:
    """The words for all that is wrong, what stands there and how to mend it."""
    found = findings(rule, *resources)
    return " ".join(f"{v.what}. {v.mend}." for v in found if isinstance(v, Violation))
