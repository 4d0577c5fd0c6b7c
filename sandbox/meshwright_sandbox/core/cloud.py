"""The emulated cloud (`Cloud`) and one request to it (`Call`)."""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshwright_sandbox.core import operation_views, stamps
from meshwright_sandbox.core.discovery import Document, Method
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.faults import Faults
from meshwright_sandbox.core.operations import Operations
from meshwright_sandbox.core.projects import Projects
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.store import Store
from meshwright_sandbox.core.uploads import Upload
from meshwright_sandbox.runtime.interface import ClusterRuntime

Json = dict[str, Any]


class Media(Json):
    """An answer that is no JSON document, but the content that was asked for (`alt=media`)."""

    def __init__(self, content: bytes, content_type: str) -> None:
        super().__init__()
        self.content, self.content_type = content, content_type


class Interim(Json):
    """An answer to a part of an upload: nothing but a status and headers."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__()
        self.status, self.headers = status, headers


class Cloud:
    """Everything that requests share.

    Args:
        home: folder of the state; created if absent.
        services: the emulated APIs by name.
        runtime: what runs clusters.
        scale: simulated time per real time; 0 ends operations at once.
        project: id of the sandbox's own project.
        project_number: its number.
    """

    def __init__(
        self,
        home: Path,
        services: Mapping[str, Service],
        runtime: ClusterRuntime,
        *,
        scale: float,
        project: str,
        project_number: int,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.store = Store(home / "state.db")
        self.services = services
        self.runtime = runtime
        self.scale: float = scale
        self.faults = Faults()
        self.projects = Projects(self, project, project_number)
        self.operations = Operations(self)
        # What else forgets its state when the sandbox is reset.
        self.on_reset: list[Callable[[], None]] = []


@dataclass
class Call:
    """One request, matched and checked.

    Attributes:
        cloud: shared state.
        service, version, document, method: what was called.
        name: resource name (item methods) or collection path (create, list).
        params: path parameters by the names in the document.
        query: query parameters, names as the document writes them.
        body: the checked, normalised request body.
        sent: the body as it was sent.
        project: project id, or "" for calls outside projects.
        if_match: the etag that the resource must have, as the request's header says, or "".
        upload: the content that comes with the request, if any.
        origin: where the client has found the sandbox, `http://127.0.0.1:8080`.
        before: the stored document that an update changes; None at create.
        fail: error that the operation shall end in (an injected fault).
    """

    cloud: Cloud
    service: Service
    version: str
    document: Document
    method: Method
    name: str
    params: dict[str, str]
    query: dict[str, str]
    body: Json
    sent: Json
    project: str
    if_match: str = ""
    upload: Upload | None = None
    origin: str = ""
    before: Json | None = None
    fail: Json | None = None
    _properties: dict[str, Json] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The type the method belongs to, aliases resolved."""
        return self.service.aliases.get(self.method.type, self.method.type)

    @property
    def collection(self) -> Collection:
        """Declaration of that type."""
        return self.service.collection(self.type)

    @property
    def location(self) -> str:
        """Region, zone or location in the resource name; `global` where there is none."""
        match = re.search(r"/(?:locations|regions|zones)/([^/]+)", self.name)
        return match[1] if match else "global"

    @property
    def schema(self) -> str | None:
        """Name of the schema of the type's resources."""
        if self.collection.schema:
            return self.collection.schema
        verbs = self.document.verbs(self.type) or self.document.verbs(self.method.type)
        for verb in ("get", "update", "patch"):
            if verb in verbs and verbs[verb].response:
                response = verbs[verb].response
                if response and not response.endswith("Operation"):
                    return response
        return self.method.request

    @property
    def schema_properties(self) -> Json:
        """Fields of that schema."""
        return self.document.schemas.get(self.schema or "", {}).get("properties", {})

    def get(self, name: str | None = None, service: str | None = None) -> Json:
        """A stored document (default: the called resource).

        Raises:
            ApiError: 404.
        """
        name = name or self.name
        owner = self.cloud.services[service] if service else self.service
        document = self.cloud.store.get(owner.name, name)
        if document is None:
            raise ApiError(404, owner.not_found(name))
        return document

    def put(self, name: str, document: Json, *, type_: str | None = None) -> None:
        """Store a resource of this service."""
        kind = type_ or self.type
        self.cloud.store.put(
            self.service.name,
            name,
            document,
            type_=kind,
            project=self.project,
            system=self.service.collection(kind).system,
        )

    def shown(self, type_: str, document: Json) -> Json:
        """A stored document as the API answers it."""
        answer = copy.deepcopy(document)
        view = self.service.collection(type_).view
        if view:
            view(self, answer)
        return stamps.public(answer)

    def start(
        self,
        verb: str,
        target: str | None = None,
        *,
        type_: str | None = None,
        latency: str | None = None,
        **fields: Any,
    ) -> Json:
        """Start an operation and return the API's answer about it.

        Args:
            verb: `create`, `update`, `delete`, or a key of `Service.works`.
            target: resource name; default: the called one.
            type_: type whose hooks run; default: the called one.
            latency: key into `LATENCY_SECONDS`; default: the collection's.
            fields: `before` (document to restore if it fails), `response` (what the operation
                answers with, `@type` included), `metadata` (added to the operation's),
                `operation_type` (GKE's name for it).
        """
        kind = type_ or self.type
        target = target or self.name
        scope = re.search(r"/(regions|zones)/", target)
        operation = self.cloud.operations.create(
            self.service,
            verb=verb,
            type=kind,
            target=target,
            project=self.project,
            location=self.location,
            scope=scope[1] if scope else "",
            latency=latency or self.service.collection(kind).latency,
            version=self.version,
            schema=self.schema,
            method=self.method.verb,
            fail=self.fail,
            request_id=self.query.get("requestId"),
            **fields,
        )
        return operation_views.render(self, operation)

    def background(self, verb: str, target: str, *, latency: str, type_: str = "") -> None:
        """Start work that no API answer mentions, e.g. a state that moves by itself.

        It is resumed after a crash like any operation; `verb` is a key of `Service.works`.
        """
        self.cloud.operations.create(
            self.service,
            verb=verb,
            type=type_ or self.type,
            target=target,
            project=self.project,
            location=self.location,
            scope="",
            latency=latency,
            version=self.version,
            hidden=True,
        )
