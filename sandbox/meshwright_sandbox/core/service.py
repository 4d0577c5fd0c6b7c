"""How a Google Cloud API is described to the emulator: `Service`, `Collection`, `Reference`.

A service file is a description plus the few rules that the discovery document cannot state::

    SERVICE = Service(
        name="networkservices",                          # URL prefix and <name>.googleapis.com
        versions={"v1": "networkservices.v1", "v1beta1": "networkservices.v1beta1"},
        proto="google.cloud.networkservices",            # names the @type of operation responses
        collections=(
            Collection("projects.locations.meshes", latency="network"),
        ),
        methods={"projects.locations.meshes.drain": drain},   # anything that is not CRUD
    )

What needs no declaration, because the discovery document says it: routes (`path` and `flatPath`
of every method), body and query checks, output-only fields, the schema of a collection, whether a
method answers with a resource or an operation, list fields, paging, and where a new resource's
name stands when it is a query parameter `<thing>Id` or the body's `name`. Collections that are not
declared at all are served with these defaults.

A *resource name* is the path after the API version, without a verb, with the project's id in place
of its number: `projects/p/locations/global/meshes/m`, `projects/p/global/networks/n`. Together
with the service's name it is the key in the store, so every version of an API sees one resource.

A *type* is the method id without the service and the verb: `projects.locations.meshes`,
`networks`. Handlers of `Service.methods` are keyed `<type>.<verb>`, get a `Call` and return the
JSON answer (a dict), or raise `core.errors.ApiError`. They run inside one store transaction:
an exception undoes everything they wrote.

Hooks that do slow work (`create_work`, ...) run in a thread while the operation is RUNNING, outside
any transaction, and again from the start after a crash, so they must be idempotent. Their result,
a dict or None, is merged into the resource in the instant in which the operation turns DONE.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from meshwright_sandbox.core import labels

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Call, Cloud
    from meshwright_sandbox.core.operations import Work

Document = dict[str, Any]
Handler = Callable[["Call"], Document]
Rule = Callable[["Call", Document], None]
WorkHook = Callable[["Work"], Document | None]


@dataclass(frozen=True)
class Reference:
    """A field that must name an existing resource.

    Attributes:
        field: dotted path in the resource; `[]` steps into a list, `{}` into a map's values:
            `networkInterfaces[].subnetwork`.
        service: the service that owns the target.
        template: the target's resource name, used when the field holds a bare name. May use
            `{project}`, `{location}` (or `{region}`/`{zone}`) of the referring resource and `{id}`.
        status: HTTP status of the refusal, 404 or 400.
        message: its text; may use `{value}`, `{name}` and `{field}`. Default: the service's
            not-found text.
        blocks: whether the target cannot be deleted while this reference stands.
        rewrite: whether the field is stored as the target's self link (the custom of compute).
    """

    field: str
    service: str
    template: str
    status: int = 404
    message: str | None = None
    blocks: bool = True
    rewrite: bool = False


@dataclass(frozen=True)
class Collection:
    """One kind of resource of a service, where it differs from what its document implies.

    Attributes:
        type: e.g. `projects.locations.clusters`.
        id_from: where create finds the new resource's short name: `query:meshId`, `body:name`,
            `body:datasetReference.datasetId` (the path is into the request body as sent).
            Default: a query parameter `<thing>Id` if the method has one, else `body:name`.
        id_pattern: regular expression that the short name must match entirely.
        full_id: makes the last part of the resource name of the short name, where they differ (a
            service account's e-mail address).
        body_field: the field of the create request that holds the resource (`cluster`), when the
            request is not the resource itself.
        schema: name of the resource's schema; default: what `get` returns.
        references: fields that must name existing resources.
        defaults: called at create, before storing, to fill in what the real API fills in. The
            document is changed in place.
        check: called at create, patch and update with the complete new document, to refuse it.
            `call.before` is the document as it was (None at create).
        view: called with a copy of the stored document before it is answered (to add computed
            fields, hide internal ones). Keys that begin with `_` are internal and never shown.
        immutable: dotted paths that patch and update must not change.
        labels: dotted paths of the fields that hold labels of Google Cloud.
        output_only: top-level fields ignored in requests, besides the schema's own.
        latency: key into `operations.LATENCY_SECONDS`.
        create_work, update_work, delete_work: hooks, see the module's docstring.
        keep_failed: whether a resource whose create operation failed stays (GKE) or goes (most).
        on_failed: called with the `Work` when an operation ended in an error, to set a status.
        blockers: called with (call, resource name) before a delete; names of what still depends
            on it, besides blocking references. None means it may go.
        has_children: whether nested resources block the delete (False: they go with it).
        delete_answers: whether the operation of a delete answers with the resource as it was
            (others answer with nothing).
        etag: whether a writer with a stale `etag` is refused (409 ABORTED); resources carry one
            wherever their schema has the field.
        merge_maps: whether a mask that names a map merges its keys instead of replacing it.
        system: whether resources are the cloud's own and are left out of the inventory.
    """

    type: str
    id_from: str | None = None
    id_pattern: str | None = None
    full_id: Callable[["Call", str], str] | None = None
    body_field: str | None = None
    schema: str | None = None
    references: tuple[Reference, ...] = ()
    defaults: Rule | None = None
    check: Rule | None = None
    view: Rule | None = None
    immutable: tuple[str, ...] = ()
    labels: tuple[str, ...] = labels.FIELDS
    output_only: tuple[str, ...] = ()
    latency: str = "other"
    create_work: WorkHook | None = None
    update_work: WorkHook | None = None
    delete_work: WorkHook | None = None
    keep_failed: bool = False
    on_failed: WorkHook | None = None
    blockers: Callable[["Call", str], list[str]] | None = None
    has_children: bool = False
    delete_answers: bool = False
    etag: bool = True
    merge_maps: bool = False
    system: bool = False


@dataclass(frozen=True)
class Service:
    """One Google Cloud API.

    Attributes:
        name: URL prefix, store key and first label of the host name.
        versions: URL version -> discovery document, e.g. `{"v1beta1": "container.v1beta1"}`.
            A version without a document of its own may name a near one: paths are rewritten.
        proto: package of the protobuf messages without the version (`google.container`), used in
            `@type` of operation responses and in type errors.
        collections: declared kinds of resource; others get the defaults.
        methods: handlers of everything that is not CRUD, keyed `<type>.<verb>`, or
            `*.<verb>` for every type; also overrides CRUD methods.
        aliases: type -> type that is meant, for documents that serve one resource at two paths.
        rewrite_path: changes the path after the version before it is matched against the routes.
        style: shape of errors: `rpc` (code, message, status, details) or `legacy` (code, message,
            errors[]; compute, BigQuery, Storage).
        operations: `longrunning`, `below` (the same, each below what it works on), `compute`,
            `container` or `none`.
        must_be_enabled: whether calls in a project that has not enabled the API are refused.
        public_projects: Google's own projects, from which everybody may read.
        not_found: text of a 404 for a resource name; `already_exists`: text of a 409.
        wrong_label: text of the refusal of a label.
        id_pattern: regular expression of short names, where neither the collection nor the
            document has one.
        name_field: whether `name` in a stored document is the full resource name (`full`), the
            short one (`short`), or is not touched (`none`).
        works: hooks of operations that are not create, update or delete of a resource, by the
            `verb` they were started with (`call.start(verb, ...)`).
        metadata: called with (call, operation) for the metadata of a long-running operation, where
            that is not the API's `OperationMetadata`.
        operation_name: `(project, location, id) -> name` where it is not
            `projects/P/locations/L/operations/ID`.
        busy: text of the refusal while another operation runs on a resource.
        extra_parameters: query parameters that the API takes although no document lists them.
        uploads: methods that take content, `<type>.<verb>`.
        extra_fields: schema -> fields that the API takes although no document lists them.
        before: called before every handler, to refuse unknown places or to complete the call.
        seed: called as `seed(cloud, project)` once for each new project, in a transaction, to
            create what the cloud itself brings (`cloud.store.put(..., system=True)`).
    """

    name: str
    versions: Mapping[str, str]
    proto: str = ""
    collections: tuple[Collection, ...] = ()
    methods: Mapping[str, Handler] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    rewrite_path: Callable[[str], str] | None = None
    style: str = "rpc"
    operations: str = "longrunning"
    must_be_enabled: bool = False
    public_projects: frozenset[str] = frozenset()
    not_found: Callable[[str], str] = "Resource '{}' was not found".format
    already_exists: Callable[[str], str] = "Resource '{}' already exists".format
    wrong_label: Callable[[labels.WrongLabel], str] = labels.WrongLabel.said
    id_pattern: str | None = None
    name_field: str = "full"
    extra_parameters: frozenset[str] = frozenset()
    uploads: frozenset[str] = frozenset()
    extra_fields: Mapping[str, Mapping[str, Document]] = field(default_factory=dict)
    before: Callable[["Call"], None] | None = None
    works: Mapping[str, WorkHook] = field(default_factory=dict)
    metadata: Callable[["Call", Document], Document] | None = None
    operation_name: Callable[[str, str, str], str] | None = None
    busy: Callable[[str], str] = "Another operation is in progress on resource '{}'.".format
    seed: Callable[["Cloud", str], None] | None = None

    def collection(self, type_: str) -> Collection:
        """Declaration of a type, or the defaults."""
        for declared in self.collections:
            if declared.type == type_:
                return declared
        return Collection(type_)
