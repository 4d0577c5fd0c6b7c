"""Finds what is declared for a host, among many declarations, as Istio reads hosts."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from meshwright_policies.values import UNKNOWN, SecretText

DOMAIN = ".svc.cluster.local"
# Hosts of Services that other clusters export, which no object of this cluster declares.
CLUSTER_SET = ".svc.clusterset.local"

T = TypeVar("T")


def full_host(host: object, namespace: object) -> str:
    """A host in full: a short name is that of a Service in the namespace of who names it."""
    text, home = (v.reveal() if isinstance(v, SecretText) else str(v) for v in (host, namespace))
    full = text if "." in text or "*" in text else f"{text}.{home}{DOMAIN}"
    secret = isinstance(host, SecretText) or isinstance(namespace, SecretText)
    return SecretText(full) if secret else full


def service_of(host: str) -> tuple[str, str]:
    """The name and the namespace of the Service that a host in full names."""
    name, _, namespace = host.removesuffix(DOMAIN).partition(".")
    return name, namespace


def covers(pattern: object, host: str) -> bool:
    """Whether a host, or a pattern of hosts such as `*.example.com`, takes a host."""
    if not isinstance(pattern, str):
        return False
    return pattern == host or (pattern.startswith("*") and host.endswith(pattern[1:]))


def overlap(one: object, other: object) -> bool:
    """Whether two hosts, or patterns of hosts, have some host in common."""
    return (isinstance(other, str) and covers(one, other)) or (
        isinstance(one, str) and covers(other, one)
    )


class Hosts(Generic[T]):
    """Declarations by the hosts that they are for; one lookup reads no more than the wildcards."""

    def __init__(self) -> None:
        self.unknown = False
        """Whether some declaration's host is not known yet."""
        self._exact: dict[str, list[T]] = {}
        self._wildcards: list[tuple[str, T]] = []

    def add(self, host: object, declaration: T) -> None:
        """Note what is declared for a host."""
        if host is UNKNOWN:
            self.unknown = True
        elif isinstance(host, str) and host.startswith("*"):
            self._wildcards.append((host, declaration))
        elif isinstance(host, str):
            self._exact.setdefault(host, []).append(declaration)

    def of(self, host: str) -> Iterator[T]:
        """What is declared for a host, by name first."""
        yield from self._exact.get(host, [])
        yield from (item for pattern, item in self._wildcards if covers(pattern, host))
