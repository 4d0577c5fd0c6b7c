"""K8S-07: where images come from."""

from collections.abc import Iterator

from meshwright_policies.pods import WORKLOADS_AND_PATCHES, Pod, containers, pods, unknown_parts
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, each, unjudged

CLOUD_RUN = (
    r"gcp:(cloudrunv2/(service:Service|job:Job|workerPool:WorkerPool)|cloudrun/service:Service)"
)
# Where the containers stand, if not in `template` itself.
_DEEPER = {"gcp:cloudrunv2/job:Job": "template", "gcp:cloudrun/service:Service": "spec"}
DOCKER_HUB = "docker.io"


@resource_rule(
    "K8S-07",
    severity=Severity.MEDIUM,
    source="CIS GKE 1.9 5.1.4, trivy KSV-0125",
    title="Images come from the registries that the team has allowed, so that nothing runs which "
    "nobody has scanned and signed.",
    types=rf"{WORKLOADS_AND_PATCHES}|{CLOUD_RUN}$",
)
def allowed_registries(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Judged only where the policy config names registries."""
    if not settings.allowed_registries:
        return
    names = ", ".join(settings.allowed_registries)
    for where, image in _images(resource):
        if image is UNKNOWN:
            yield Unjudged(where)
        elif isinstance(image, str) and not _allowed(image, settings.allowed_registries):
            mend = f"Copy the image into one of the allowed registries ({names})"
            yield Violation(where, f"is {image!r}, from a registry that is not allowed", mend)


def _images(resource: Resource) -> Iterator[tuple[str, object]]:
    if resource.type.startswith("gcp:"):
        yield from _cloud_run_images(resource)
        return
    for pod in pods(resource):
        for part in unknown_parts(pod):
            yield part.where, UNKNOWN
        yield from _pod_images(pod)


def _pod_images(pod: Pod) -> Iterator[tuple[str, object]]:
    for container in containers(pod):
        image = at(container.body, "image")
        # Istio's webhook puts the mesh's own proxy in its place.
        if not (pod.gateway and image == "auto"):
            yield pod.where(f"{container.path}.image"), image
    for index, volume in each(pod.spec, "volumes"):
        yield pod.where(f"volumes[{index}].image.reference"), at(volume, "image", "reference")


def _cloud_run_images(resource: Resource) -> Iterator[tuple[str, object]]:
    inner = _DEEPER.get(resource.type)
    path = ("template", inner) if inner else ("template",)
    dotted = ".".join(path)
    for unknown in unjudged(resource.properties, *path, "containers"):
        yield unknown.where, UNKNOWN
    for index, container in each(resource.properties, *path, "containers"):
        yield f"{dotted}.containers[{index}].image", at(container, "image")


def _allowed(image: str, registries: tuple[str, ...]) -> bool:
    """Whether an image is in one of the registries, or in a folder of one.

    A folder's name ends where the image's next one begins: `gcr.io/acme` does not allow
    `gcr.io/acme-evil/proxy`.
    """
    full = _full(image)
    for registry in registries:
        start = registry.rstrip("/")
        if full.startswith(start) and full[len(start) : len(start) + 1] in ("/", ":", "@", ""):
            return True
    return False


def _full(image: str) -> str:
    """The image with the registry that container runtimes read into a short name."""
    first, slash, rest = image.partition("/")
    if not slash:
        return f"{DOCKER_HUB}/library/{image}"
    if "." in first or ":" in first or first == "localhost":
        return image
    return f"{DOCKER_HUB}/{first}/{rest}"
