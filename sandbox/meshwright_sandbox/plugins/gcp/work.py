"""One resource and one thing to do with it: its id, its calls, its words in messages."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

import grpc

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.cloud import Cloud, CloudError
from meshwright_sandbox.plugins.gcp.kinds import Kind, last_segment, relative
from meshwright_sandbox.plugins.gcp.schema import method_of
from meshwright_sandbox.plugins.serving import PluginError

# Parts of an id that may hold slashes.
_FORMS = {
    "role": r"(?:(?:projects|organizations)/[^/]+/)?roles/[^/]+",
    "member": r".+",
    "keyRing": r".+?",
    "cryptoKeyId": r".+?",
    "caPool": r".+?",
    "certificateTemplate": r".+?",
    "serviceAccountId": r".+?",
}


@dataclass
class Work:
    """What a create, read, update or delete is about."""

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

        def value(match: re.Match[str]) -> str:
            given = str(self.inputs.get(match[1], ""))
            return last_segment(given) if match[1] in self.kind.refs else given

        return re.sub(r"{(\w+)}", value, self.kind.id)

    @property
    def own_name(self) -> str:
        """The resource's name in the cloud."""
        return str(self.inputs.get(self.kind.placeholders[-1], ""))

    @property
    def turn(self) -> str:
        """Name of what changes of this resource take turns on."""
        return self.kind.lock.format(**self.inputs)

    def describe(self, doing: str, identifier: str = "") -> str:
        """Return what is being done, for messages."""
        return f"{doing} {self.kind.label} '{self.name}' ({identifier or self.id})"

    def identity(self, identifier: str = "") -> dict[str, Any]:
        """Return the properties that the id is made of."""
        if not identifier or identifier.endswith("/"):  # the API is still to make up the name
            return {n: self.inputs[n] for n in self.kind.placeholders if n in self.inputs}
        return identity_of(self.kind, identifier, self.cloud)

    def query(self, method: str, identifier: str, **further: Any) -> dict[str, Any]:
        """Return the parameters of a method, under every name that Google's methods use."""
        kind, values = self.kind, {**self.inputs, **self.identity(identifier)}
        label = re.sub("Global|Region", "", kind.token.rpartition(":")[2])
        project = values.get("project")
        found = {
            **{name: values.get(name) for name in kind.placeholders},
            # Compute and storage name the parameter after the type.
            label[0].lower() + label[1:]: values.get(kind.placeholders[-1]),
            "parent": identifier.rsplit("/", 2)[0],
            "project": project,
            "projectId": project,
            **dict.fromkeys(("name", "resource", "sinkName"), identifier),
            **kind.query,
            **further,
        }
        described = method_of(kind.api, method)
        own = label[0].lower() + label[1:]
        if f"{{+{own}}}" in described["path"]:
            found[own] = identifier  # Pub/Sub names it so, but means the whole path
        if "projectId" not in described["path"]:
            del found["projectId"]  # GKE still knows it as an older way of naming things
        pattern = described["parameters"].get("name", {}).get("pattern")
        if pattern and not re.match(pattern, found["name"]):
            found["name"] = found["parent"]  # IAM calls the parent so
        return {name: value for name, value in found.items() if value is not None}

    def run(self, verb: str, identifier: str, body: Any, what: str, **further: Any) -> Any:
        """Call a method of the type's collection and wait for what it starts."""
        method = f"{self.kind.collection}.{verb}"
        query = self.query(method, identifier, **further)
        return operations.run(self.cloud, self.kind.api, method, query, body, self.deadline, what)


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

    found = re.fullmatch(re.sub(r"\\{(\w+)\\}", group, re.escape(kind.id)), text)
    if found:
        return found.groupdict()
    names, parts = kind.placeholders, text.split("/")
    defaults = {"project": cloud.project, "region": cloud.region, "location": cloud.region}
    given = dict(zip(reversed(names), reversed(parts), strict=False))
    whole = {name: given.get(name) or defaults.get(name, "") for name in names}
    if len(parts) <= len(names) and all(whole.values()):
        return whole
    raise PluginError(
        f"{kind.label}: '{text}' is no id of this type; give it as {kind.id} or"
        f" {'/'.join(name.upper() for name in names)}"
    )


def taking_over(work: Work, parent: str = "") -> str:
    """Return the command that takes an existing resource into the state.

    Code is what the engine makes of a plugin's schema, which a stand-in does not have.
    """
    return f"pulumi import {work.kind.token} {work.name} {work.id}{parent} --generate-code=false"


def explained(work: Work, error: CloudError, what: str) -> PluginError:
    """Return a refused create with what to do when the resource exists already."""
    if error.status != 409:
        return error
    parent = work.urn.split("::")[2].rpartition("$")[0].rpartition("$")[2]
    under = f" --parent NAME=URN-of-its-{parent.rpartition(':')[2]}" if parent else ""
    why = "it exists already"
    if error.lost:
        why = (
            "it exists now, and an earlier attempt of this request got no answer, so it most likely"
            " made the resource"
        )
    return PluginError(
        f"{what}: {why}. If it belongs to this stack, take it into the state with"
        f" `{taking_over(work, under)}` and run again; otherwise delete it or choose another name"
        f" ({error})",
        grpc.StatusCode.UNKNOWN if error.lost else grpc.StatusCode.FAILED_PRECONDITION,
    )
