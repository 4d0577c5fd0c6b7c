"""The engine's view of the plugin: each call of the provider protocol, for any type."""

from __future__ import annotations

import importlib
from typing import Any

from pulumi.runtime.proto import provider_pb2 as pb

from meshwright_sandbox.plugins.gcp import check, diff
from meshwright_sandbox.plugins.gcp.cloud import CONFIG_KEYS, Cloud
from meshwright_sandbox.plugins.gcp.convert import preview_of
from meshwright_sandbox.plugins.gcp.creating import MARK
from meshwright_sandbox.plugins.gcp.kinds import Kind, dig, kinds
from meshwright_sandbox.plugins.gcp.work import Work, identity_of
from meshwright_sandbox.plugins.serving import PluginError, PluginServicer
from meshwright_sandbox.plugins.values import UNKNOWN, Secret, conceal, decode, encode, reveal


def kind_of(urn: str) -> Kind:
    """Return the type of a resource.

    Raises:
        PluginError: if the stand-in does not know it.
    """
    token = urn.split("::")[2].rpartition("$")[2]
    if token not in kinds():
        raise PluginError(
            f"{token} ('{urn.rpartition('::')[2]}') is not among the resource types that the"
            f" stand-in gcp plugin knows{check.suggestion(token, kinds())}; install the official"
            " plugin with `pulumi plugin install resource gcp`, or add the type to the table in"
            " meshwright_sandbox/plugins/gcp"
        )
    return kinds()[token]


def _handler(kind: Kind) -> Any:
    return importlib.import_module(f"{__package__}.{kind.handler or 'lifecycle'}")


class GcpProvider(PluginServicer):
    """Google Cloud resources over the REST surface that the environment points to."""

    name = "gcp"
    version = "10.2.0"

    def __init__(self, engine_address: str) -> None:
        super().__init__(engine_address)
        self.cloud = Cloud({}, self.cancelled)

    def Handshake(self, request, context):  # noqa: N802 - gRPC's names
        return pb.ProviderHandshakeResponse(
            accept_secrets=True, supports_autonaming_configuration=True
        )

    def CheckConfig(self, request, context):  # noqa: N802
        news = decode(request.news)
        failures = [
            pb.CheckFailure(
                property=key,
                reason="no setting of the gcp provider that the stand-in plugin knows"
                + (check.suggestion(key, CONFIG_KEYS) or "; remove it"),
            )
            for key in news
            if key not in CONFIG_KEYS
        ]
        return pb.CheckResponse(inputs=request.news, failures=failures)

    def Configure(self, request, context):  # noqa: N802
        given = reveal(decode(request.args))
        self.cloud = Cloud({k: v for k, v in given.items() if v is not UNKNOWN}, self.cancelled)
        return pb.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Check(self, request, context):  # noqa: N802
        mode = pb.CheckRequest.AutonamingOptions.Mode.Name(request.autonaming.mode)
        given = request.HasField("autonaming")
        inputs, failures = check.check(
            kind_of(request.urn),
            self.cloud,
            request.urn.rpartition("::")[2],
            decode(request.news),
            decode(request.olds),
            request.randomSeed,
            (mode, request.autonaming.proposed_name) if given else ("", ""),
        )
        return pb.CheckResponse(
            inputs=encode(inputs),
            failures=[pb.CheckFailure(property=path, reason=why) for path, why in failures],
        )

    def Diff(self, request, context):  # noqa: N802
        kind = kind_of(request.urn)
        outputs = reveal(decode(request.olds))
        old = reveal(decode(request.old_inputs)) or outputs
        new = reveal(decode(request.news))
        for path in request.ignoreChanges:
            top = path.partition(".")[0].partition("[")[0]
            if top == path and top in old:
                new[top] = old[top]
        found = diff.changes(kind, old, outputs, new)
        replaced = diff.replacing(kind, found, old, new)
        detail = {
            path: pb.PropertyDiff(
                kind=f"{how}_REPLACE" if path in replaced else how,  # type: ignore[arg-type]
                inputDiff=True,
            )
            for path, how in found
        }
        tops = sorted({path.partition(".")[0].partition("[")[0] for path, _ in found})
        same_name = not any(name in tops for name in kind.placeholders)
        autonamed = "name" in new.get(check.DEFAULTED, ())
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if found else pb.DiffResponse.DIFF_NONE,
            diffs=tops,
            replaces=sorted(replaced),
            detailedDiff=detail,
            hasDetailedDiff=True,
            # Two resources of one name cannot be there at once.
            deleteBeforeReplace=bool(replaced) and same_name and not autonamed,
        )

    def Create(self, request, context):  # noqa: N802
        kind, marked = kind_of(request.urn), decode(request.properties)
        inputs = _plain(marked)
        if request.preview:
            return pb.CreateResponse(properties=encode(conceal(preview_of(kind, inputs), marked)))
        work = Work(kind, self.cloud, request.urn, inputs, request.timeout)
        identifier, outputs = _handler(kind).create(work)
        return pb.CreateResponse(id=identifier, properties=_seal(kind, outputs, marked))

    def Read(self, request, context):  # noqa: N802
        kind = kind_of(request.urn)
        marked, known = decode(request.inputs), reveal(decode(request.properties))
        old = _plain(marked)
        inputs = old or identity_of(kind, request.id, self.cloud)
        work = Work(kind, self.cloud, request.urn, {**known, **inputs})
        outputs = _handler(kind).read(work, request.id)
        if outputs is None:
            return pb.ReadResponse()
        if MARK in known:
            outputs[MARK] = known[MARK]
        live = diff.live_inputs(kind, old, known, outputs)
        return pb.ReadResponse(
            id=request.id if old else work.id if "{}" not in kind.id else request.id,
            properties=_seal(kind, outputs, marked),
            inputs=encode(conceal({**live, **_kept(marked)}, marked)),
        )

    def Update(self, request, context):  # noqa: N802
        kind, marked = kind_of(request.urn), decode(request.news)
        inputs, outputs = _plain(marked), reveal(decode(request.olds))
        if request.preview:
            ahead = preview_of(kind, inputs, outputs)
            return pb.UpdateResponse(properties=encode(conceal(ahead, marked)))
        work = Work(kind, self.cloud, request.urn, inputs, request.timeout)
        old = _plain(decode(request.old_inputs))
        found = _handler(kind).update(work, request.id, outputs, old)
        return pb.UpdateResponse(properties=_seal(kind, found, marked))

    def Delete(self, request, context):  # noqa: N802
        kind = kind_of(request.urn)
        outputs = reveal(decode(request.properties))
        inputs = _plain(decode(request.old_inputs)) or outputs
        work = Work(kind, self.cloud, request.urn, {**outputs, **inputs}, request.timeout)
        policy = str(work.inputs.get("deletionPolicy") or "DELETE")
        if (kind.guard and work.inputs.get(kind.guard)) or policy == "PREVENT":
            setting = f"{kind.guard}=false" if policy != "PREVENT" else "deletionPolicy=DELETE"
            raise PluginError(
                f"deleting gcp:{kind.label} '{work.name}' ({request.id}): it is protected; set"
                f" {setting}, run `pulumi up`, and then delete it"
            )
        if policy != "ABANDON":
            _handler(kind).delete(work, request.id, outputs)
        from google.protobuf import empty_pb2

        return empty_pb2.Empty()

    def Invoke(self, request, context):  # noqa: N802
        from meshwright_sandbox.plugins.gcp import functions

        result = functions.invoke(self.cloud, request.tok, reveal(decode(request.args)))
        return pb.InvokeResponse(**{"return": encode(result)})


def _plain(marked: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in reveal(marked).items() if key != check.DEFAULTED}


def _kept(marked: dict[str, Any]) -> dict[str, Any]:
    return {check.DEFAULTED: marked[check.DEFAULTED]} if check.DEFAULTED in marked else {}


def _seal(kind: Kind, outputs: dict[str, Any], inputs: dict[str, Any]) -> Any:
    """Encode outputs, secret where the inputs are or the type says so."""
    sealed = conceal(outputs, inputs)
    for path in kind.secrets:
        block, _, name = path.partition(".")
        if dig(outputs, path):
            sealed[block] = {**outputs[block], name: Secret(outputs[block][name])}
    return encode(sealed)
