"""Tells which cluster a Kubernetes object goes to.

A cluster is called by the first of its providers: two with the same kubeconfig and context are one
cluster, and while these are not known, each provider counts for itself.
"""

from pulumi.runtime.proto import analyzer_pb2 as proto

from meshwright_policies import properties
from meshwright_policies.values import at

DEFAULT = "(default provider)"


class Clusters:
    """The clusters of one stack; a provider is read once, however many objects use it."""

    def __init__(self) -> None:
        self._by_provider: dict[str, str] = {}
        self._by_access: dict[tuple[str, ...], str] = {}

    def name(self, resource: proto.AnalyzerResource) -> str:
        """What the resource's cluster is called."""
        if not resource.HasField("provider"):
            return DEFAULT
        provider = resource.provider
        if provider.urn not in self._by_provider:
            known = properties.read(provider.properties)
            values = (at(known, key) for key in ("kubeconfig", "context", "cluster"))
            access = tuple(value if isinstance(value, str) else "" for value in values)
            identity = access if any(access) else (provider.urn,)
            name = self._by_access.setdefault(identity, provider.name)
            self._by_provider[provider.urn] = name
        return self._by_provider[provider.urn]
