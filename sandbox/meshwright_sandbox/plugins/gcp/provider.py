"""The engine's view of the plugin: each call of the provider protocol, for any type."""

from __future__ import annotations

import importlib
import re
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from meshwright_sandbox.plugins.gcp import check, diff, settings
from meshwright_sandbox.plugins.gcp.cloud import Cloud
from meshwright_sandbox.plugins.gcp.convert import preview_of
from meshwright_sandbox.plugins.gcp.kinds import Kind, kinds, suggestion
from meshwright_sandbox.plugins.gcp.lifecycle import MARK, unfinished
from meshwright_sandbox.plugins.gcp.work import Work, identity_of
from meshwright_sandbox.plugins.serving import PluginError, PluginServicer
from meshwright_sandbox.plugins.values import UNKNOWN, conceal, decode, encode, reveal


def kind_of(urn: str) -> Kind:
    """Return the type of a resource.

    Raises:
        PluginError: if the stand-in does not know it.
    """
    token = urn.split("::")[2].rpartition("$")[2]
    if token not in kinds():
        raise PluginError(
            f"{token} ('{urn.rpartition('::')[2]}') is not among the resource types that the"
            f" stand-in gcp plugin knows{suggestion(token, kinds())}; install the official"
            " plugin with `pulumi plugin install resource gcp`, or add the type to the table in"
            " meshwright_sandbox/plugins/gcp/resources"
        )
    return kinds()[token]


def _plain(marked: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in reveal(marked).items() if key != check.DEFAULTED}


class GcpProvider(PluginServicer):
    """Google Cloud resources over the REST surface that the environment points to."""

    name = "gcp"
    version = "10.2.0"
    known_settings = settings.KNOWN

    def __init__(self, engine_address: str) -> None:
        super().__init__(engine_address)
        self.cloud = Cloud({}, self.cancelled)

    def Handshake(self, request, context):  # noqa: N802 - gRPC's names
        return pb.ProviderHandshakeResponse(
            accept_secrets=True, supports_autonaming_configuration=True
        )

    def CheckConfig(self, request, context):  # noqa: N802
        failures = [
            pb.CheckFailure(property=key, reason=why)
            for key, why in settings.problems(decode(request.news))
        ]
        return pb.CheckResponse(inputs=request.news, failures=failures)

    def Configure(self, request, context):  # noqa: N802
        given = reveal(decode(request.args))
        self.cloud = Cloud({k: v for k, v in given.items() if v is not UNKNOWN}, self.cancelled)
        return pb.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Check(self, request, context):  # noqa: N802
        inputs, failures = check.check(
            kind_of(request.urn),
            self.cloud,
            request.urn.rpartition("::")[2],
            decode(request.news),
            decode(request.olds),
            request.randomSeed,
            request.autonaming.proposed_name,
        )
        told = [pb.CheckFailure(property=path, reason=why) for path, why in failures]
        return pb.CheckResponse(inputs=encode(inputs), failures=told)

    def Diff(self, request, context):  # noqa: N802
        kind = kind_of(request.urn)
        outputs, new = reveal(decode(request.olds)), reveal(decode(request.news))
        old = diff.said(reveal(decode(request.old_inputs)) or outputs, new)
        found = diff.changes(kind, old, outputs, new)
        of_provider = sorted(diff.label_changes(kind, outputs, new, self.cloud.labels))
        ignored = {re.split(r"[.\[]", path)[0] for path in request.ignoreChanges}
        found += of_provider if not ignored & {"pulumiLabels", "effectiveLabels"} else []
        replaced = diff.replacing(kind, found, old, new)
        detail = {
            path: pb.PropertyDiff(
                kind=f"{how}_REPLACE" if path in replaced else how,  # type: ignore[arg-type]
                inputDiff=not path.startswith("pulumiLabels"),
            )
            for path, how in found
        }
        tops = sorted({path.partition(".")[0].partition("[")[0] for path, _ in found})
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if found else pb.DiffResponse.DIFF_NONE,
            diffs=tops,
            replaces=sorted(replaced),
            detailedDiff=detail,
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaced) and diff.deletes_first(kind, tops, new),
        )

    def _work(self, request: Any, inputs: dict[str, Any], timeout: float = 0) -> tuple[Work, Any]:
        kind = kind_of(request.urn)
        handler = importlib.import_module(f"{__package__}.{kind.handler}")
        return Work(kind, self.cloud, request.urn, inputs, timeout), handler

    def Create(self, request, context):  # noqa: N802
        marked = decode(request.properties)
        work, handler = self._work(request, _plain(marked), request.timeout)
        if request.preview:
            ahead = preview_of(work.kind, work.inputs, self.cloud.labels)
            return pb.CreateResponse(properties=encode(conceal(ahead, marked)))
        identifier, outputs = handler.create(work)
        return pb.CreateResponse(id=identifier, properties=encode(conceal(outputs, marked)))

    def Read(self, request, context):  # noqa: N802
        marked, known = decode(request.inputs), reveal(decode(request.properties))
        kind = kind_of(request.urn)
        # An import does not know which labels a program would give.
        unsaid: dict[str, Any] = {kind.labels: None} if kind.labels else {}
        inputs = _plain(marked) or identity_of(kind, request.id, self.cloud) | unsaid
        work, handler = self._work(request, {**known, **inputs})
        identifier = request.id if marked else work.id
        outputs = handler.read(work, identifier)
        if outputs is None:
            return pb.ReadResponse()
        if unfinished(known):
            outputs[MARK] = known[MARK]
        live = diff.live_inputs(kind, reveal(marked), known, outputs)
        return pb.ReadResponse(
            id=identifier,
            properties=encode(conceal(outputs, marked)),
            inputs=encode(conceal(live, marked)),
        )

    def Update(self, request, context):  # noqa: N802
        marked, outputs = decode(request.news), reveal(decode(request.olds))
        work, handler = self._work(request, _plain(marked), request.timeout)
        if request.preview:
            # What a failed or unfinished create left may be made anew: its outputs are not known.
            known = None if unfinished(outputs) else outputs
            found = preview_of(work.kind, work.inputs, self.cloud.labels, known)
        else:
            old = diff.said(reveal(decode(request.old_inputs)), work.inputs)
            found = handler.update(work, request.id, outputs, old)
        return pb.UpdateResponse(properties=encode(conceal(found, marked)))

    def Delete(self, request, context):  # noqa: N802
        outputs, inputs = (_plain(decode(v)) for v in (request.properties, request.old_inputs))
        work, handler = self._work(request, {**outputs, **inputs}, request.timeout)
        policy, guard = work.inputs.get("deletionPolicy"), work.kind.guard
        if policy == "PREVENT" or (guard and work.inputs.get(guard)):
            setting = "deletionPolicy=DELETE" if policy == "PREVENT" else f"{guard}=false"
            raise PluginError(
                f"{work.describe('deleting', request.id)}: it is protected; set {setting}, run"
                " `pulumi up`, and then delete it"
            )
        if policy != "ABANDON":
            handler.delete(work, request.id)
        return empty_pb2.Empty()

    def Invoke(self, request, context):  # noqa: N802
        from meshwright_sandbox.plugins.gcp import functions

        result = functions.invoke(self.cloud, request.tok, reveal(decode(request.args)))
        return pb.InvokeResponse(**{"return": encode(result)})
