"""One resource and one thing to do with it: its id, its parameters, its words in messages."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc

from meshwright_sandbox.plugins.gcp.cloud import Cloud, CloudError
from meshwright_sandbox.plugins.gcp.kinds import Kind, relative
from meshwright_sandbox.plugins.serving import PluginError

# Parts of an id that may hold slashes.
_FORMS = {
    "role": r"(?:(?:projects|organizations)/[^/]+/)?roles/[^/]+",
    "member": r".+",
    "serviceAccountId": r".+?",
}


@dataclass
class Work:
    """One resource and one thing to do with it."""

    kind: Kind
    cloud: Cloud
    urn: str
    inputs: dict[str, Any]
    timeout: float = 0.0
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + (self.timeout or self.kind.timeout)

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def id(self) -> str:
        """The id that the inputs lead to."""
        values = dict(self.inputs)
        for name, template in self.kind.refs.items():
            if name in self.kind.placeholders or template == "{}":
                values[name] = str(values.get(name, "")).rpartition("/")[2]
        return re.sub(r"{(\w*)}", lambda m: str(values.get(m[1], "")), self.kind.id)

    def identity(self, identifier: str = "") -> dict[str, Any]:
        """Return the properties that the id is made of."""
        if "{}" in self.kind.id or not identifier:
            return {n: self.inputs[n] for n in self.kind.placeholders if n in self.inputs}
        return identity_of(self.kind, identifier, self.cloud)

    def describe(self, doing: str) -> str:
        """Return what is being done, for messages."""
        return f"{doing} gcp:{self.kind.label} '{self.name}' ({self.id})"

    @property
    def turn(self) -> str:
        """Name of what changes of this resource take turns on."""
        return self.kind.lock.format(**self.inputs) if self.kind.lock else ""


def identity_of(kind: Kind, text: str, cloud: Cloud) -> dict[str, str]:
    """Return the properties that an id is made of, from any form that import accepts.

    Raises:
        PluginError: if the id has none of those forms.
    """
    text = relative(text.strip()).replace(" ", "/")
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{_FORMS.get(name, '[^/@]+')})"

    pattern = re.sub(r"\\{(\w+)\\}", group, re.escape(kind.id))
    found = re.fullmatch(pattern.replace(r"\{\}", "[^/]+"), text)
    if found:
        return found.groupdict()
    names = kind.placeholders
    parts = text.split("/")
    defaults = {"project": cloud.project, "region": cloud.region, "location": cloud.region}
    if len(parts) <= len(names):
        given = dict(zip(names[len(names) - len(parts) :], parts, strict=True))
        whole = {name: given.get(name) or defaults.get(name, "") for name in names}
        if all(whole.values()):
            return whole
    raise PluginError(
        f"gcp:{kind.label}: '{text}' is no id of this type; give it as"
        f" {kind.id} or {'/'.join(name.upper() for name in names)}"
    )


def parameters(kind: Kind, identifier: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return path and query parameters under every name that Google's methods use for them."""
    parent = identifier.rsplit("/", 2)[0]
    found = {"parent": parent, "name": identifier, "resource": identifier, **kind.query}
    if kind.token.endswith("Sink"):
        found |= {"sinkName": identifier}
    if kind.api.startswith("pubsub"):
        found |= {"topic": identifier}
    for name in kind.placeholders:
        found.setdefault(name, values.get(name))
    if "project" in values:
        found |= {"project": values["project"], "projectId": values["project"]}
    if kind.collection and "." not in kind.collection:  # compute, storage: named after the type
        label = kind.label.rpartition(".")[2]
        simple = {"GlobalAddress": "address"}.get(label, label[0].lower() + label[1:])
        found[simple] = values.get(kind.placeholders[-1])
    return found


def explained(work: Work, error: CloudError, what: str) -> PluginError:
    """Return the error with what to do when the resource exists already."""
    if error.status != 409:
        error.args = (f"{what}: {error}",)
        return error
    parent = work.urn.split("::")[2].rpartition("$")[0].rpartition("$")[2]
    under = f" --parent NAME=URN-of-its-{parent.rpartition(':')[2]}" if parent else ""
    why = "exists already"
    if error.lost:
        why = (
            "exists now, and an earlier attempt of this request got no answer, so it most likely"
            " made the resource"
        )
    return PluginError(
        f"{what}: it {why}. If it belongs to this stack, take it into the state with `pulumi import"
        f" {work.kind.token} {work.name} {work.id}{under}` and run again; otherwise delete it or"
        f" choose another name ({error})",
        grpc.StatusCode.UNKNOWN if error.lost else grpc.StatusCode.FAILED_PRECONDITION,
    )
