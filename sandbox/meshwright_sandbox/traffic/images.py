"""Which pods the sandbox can run for real: by the image of their container."""

from __future__ import annotations

from meshwright_sandbox.runtime.api import Object
from meshwright_sandbox.traffic import containers, echo

# Google's sample, which says no more than its version, is played by the echo service:
# https://github.com/GoogleCloudPlatform/kubernetes-engine-samples/tree/main/quickstarts/hello-app
HELLO_APP = "us-docker.pkg.dev/google-samples/containers/gke/hello-app"
KNOWN = (echo.IMAGE, HELLO_APP)
_VERSION_LABELS = ("version", "app.kubernetes.io/version")


def runs(pod: Object) -> bool:
    """Whether the sandbox knows how to run this pod: the echo service, or a gateway."""
    names = [container["name"] for container in pod["spec"]["containers"]]
    return app_of(pod) is not None or names == [containers.PROXY]


def app_of(pod: Object) -> Object | None:
    """The pod's container that the echo service plays."""
    return next((c for c in pod["spec"]["containers"] if _name(c["image"]) in KNOWN), None)


def version_of(pod: Object) -> str:
    """What the pod says it is: its label, else its image's tag."""
    labels = pod["metadata"].get("labels", {})
    app = app_of(pod)
    tag = app["image"].partition("@")[0].rpartition(":")[2] if app else ""
    return next((str(labels[name]) for name in _VERSION_LABELS if name in labels), tag)


def port_of(container: Object) -> int:
    """Where the container listens: its first port."""
    ports = container.get("ports") or [{"containerPort": echo.PORT}]
    return int(ports[0]["containerPort"])


def condition() -> str:
    """The same as `runs`, in CEL, of a pod that is being admitted."""
    apps = " || ".join(
        f"c.image == '{name}' || c.image.startsWith('{name}:') || c.image.startsWith('{name}@')"
        for name in KNOWN
    )
    containers_ = "object.spec.containers"
    gateway = f"{containers_}.size() == 1 && {containers_}[0].name == '{containers.PROXY}'"
    return f"({gateway}) || {containers_}.exists(c, {apps})"


def _name(image: str) -> str:
    """The image without its digest and tag; a registry's own port is no tag."""
    whole = image.partition("@")[0]
    name, colon, tag = whole.rpartition(":")
    return name if colon and "/" not in tag else whole
