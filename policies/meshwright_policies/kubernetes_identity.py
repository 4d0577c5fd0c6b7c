"""K8S-06: what a pod is given to prove who it is, and how it gets its secrets."""

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
from meshwright_policies.values import UNKNOWN, SecretText, at, each, unjudged

ACCOUNT = "kubernetes:core/v1:ServiceAccount"


@resource_rule(
    "K8S-06",
    severity=Severity.MEDIUM,
    source="CIS GKE 1.9 4.1.4/4.1.5/4.4.1/4.6.4",
    title="Pods have a namespace and an account of their own, no token that they do not use, and "
    "secrets in files, so that what leaks from one pod opens nothing else.",
    types=rf"{WORKLOADS_AND_PATCHES}|{ACCOUNT}(Patch)?$",
)
def own_identity(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Where a pod says nothing of the token, its account's word counts; a patch is judged by what
    it says alone.
    """
    whole = not resource.is_patch
    if resource.type.startswith(ACCOUNT):
        yield from _token(resource.properties, "", needed=whole)
        return
    for pod in pods(resource):
        if whole:
            yield from _namespace(pod)
        yield from unknown_parts(pod)
        if pod.spec is not UNKNOWN:
            yield from _account(pod, whole=whole)
            yield from _environment(pod)


def _namespace(pod: Pod) -> Iterator[Finding]:
    if pod.namespace is UNKNOWN:
        yield Unjudged("metadata.namespace")
    elif pod.namespace in (None, "", "default"):
        what = f"is {pod.namespace!r}" if pod.namespace else "is not set, which is the default one"
        yield Violation("metadata.namespace", what, "Name a namespace that is made for it")


def _account(pod: Pod, *, whole: bool) -> Iterator[Finding]:
    name = at(pod.spec, "serviceAccountName")
    if name is None:
        name = at(pod.spec, "serviceAccount")  # its deprecated other name
    yield from unjudged(pod.spec, "serviceAccountName", prefix=pod.where(""))
    shared = ("", "default", None) if whole else ("", "default")
    own = name is UNKNOWN or name not in shared
    if not own:
        what = f"is {name!r}" if name else "is not set, which is the default one"
        mend = "Make a ServiceAccount for this workload and name it"
        yield Violation(pod.where("serviceAccountName"), what, mend)
    yield from _token(pod.spec, pod.where(""), needed=whole and not own)


def _token(holder: object, prefix: str, *, needed: bool) -> Iterator[Finding]:
    """`needed`: whether saying nothing gives a token, with no account that could refuse it."""
    key = "automountServiceAccountToken"
    mounted = at(holder, key)
    yield from unjudged(holder, key, prefix=prefix)
    if mounted is True or (mounted is None and needed):
        what = "is true" if mounted else "is not set, which mounts one"
        mend = "Set it to false; what calls the Kubernetes API mounts a projected token"
        yield Violation(prefix + key, what, mend)


def _environment(pod: Pod) -> Iterator[Finding]:
    mend = "Mount the Secret as a volume, or use the Secret Manager add-on"
    for container in containers(pod):
        where = pod.where(container.path)
        for key in ("env", "envFrom"):
            yield from unjudged(container.body, key, prefix=f"{where}.")
        for index, variable in each(container.body, "env"):
            place = f"{where}.env[{index}]"
            if at(variable, "valueFrom") is UNKNOWN:
                yield Unjudged(f"{place}.valueFrom")
            elif at(variable, "valueFrom", "secretKeyRef"):
                what = "puts a Secret into the environment, which child processes and dumps show"
                yield Violation(f"{place}.valueFrom.secretKeyRef", what, mend)
            elif isinstance(at(variable, "value"), SecretText):
                what = "holds a secret, which everybody reads who may read the workload"
                yield Violation(f"{place}.value", what, mend)
        for index, source in each(container.body, "envFrom"):
            if at(source, "secretRef"):
                what = "puts a whole Secret into the environment"
                yield Violation(f"{where}.envFrom[{index}].secretRef", what, mend)
