"""Answers to the engine that are made in one place: differences, and refusals by the API server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.runtime.proto import provider_pb2

from meshwright_sandbox.plugins.kubernetes.cluster import ApiError, Cluster, KindNotServed
from meshwright_sandbox.plugins.kubernetes.objects import Change, describe
from meshwright_sandbox.plugins.serving import PluginError


def diff_response(
    changes: list[Change], replaced: set[str], *, delete_first: bool
) -> provider_pb2.DiffResponse:
    response, property_diff = provider_pb2.DiffResponse, provider_pb2.PropertyDiff
    return response(
        changes=response.DIFF_SOME if changes else response.DIFF_NONE,
        diffs=sorted({change.path.partition(".")[0].partition("[")[0] for change in changes}),
        replaces=sorted({path.partition(".")[0].partition("[")[0] for path in replaced}),
        # Told even where nothing is replaced: the engine may still have to complete a
        # replacement that an earlier run began.
        deleteBeforeReplace=delete_first,
        hasDetailedDiff=True,
        detailedDiff={
            change.path: property_diff(
                kind=property_diff.Kind.Value(
                    f"{change.kind}_REPLACE" if change.path in replaced else change.kind
                )
            )
            for change in changes
        },
    )


def names_immutable_fields(error: ApiError) -> bool:
    return error.status == 422 and any(
        "immutable" in str(cause.get("message"))
        or "Forbidden: updates to" in str(cause.get("message"))
        for cause in error.causes
    )


def refuse_existing(cluster: Cluster, manifest: Mapping[str, Any]) -> None:
    """Leave what exists to whoever made it.

    A resource that the program names otherwise is created before its old self is deleted: taken
    over, the object would go with that.
    """
    metadata = manifest["metadata"]
    try:
        kind = cluster.kind(manifest["apiVersion"], manifest["kind"])
        live = cluster.get(kind, metadata.get("namespace"), metadata["name"])
    except KindNotServed:
        return
    except ApiError as error:
        raise refused(error, manifest) from error
    if live is None or live["metadata"].get("deletionTimestamp"):
        return
    raise PluginError(
        f"{describe(live)}: it exists already, and is left as it is. If the resource, or what "
        "holds it, was renamed in the program, take that back, run `pulumi up`, and rename it with "
        "an alias of its old name. If an update that was cut short made the object, or it is to "
        "become this program's, run `PULUMI_K8S_UPSERT_EXISTING_OBJECTS=true pulumi up` once. "
        "Otherwise choose another name."
    )


def refused(error: ApiError, manifest: Mapping[str, Any]) -> PluginError:
    """Return the API server's refusal as an error that says how to mend it."""
    what = describe(manifest)
    if error.status == 409 and error.reason == "Conflict":
        conflicts = "; ".join(
            f"{cause.get('field')}: {cause.get('message')}" for cause in error.causes
        )
        return PluginError(
            f"{what}: another field manager has set fields that this program sets too: "
            f"{conflicts or error}. Take them out of the program, undo the other change, or take "
            'them over with the annotation pulumi.com/patchForce: "true" (for all objects: '
            "the provider's enablePatchForce)."
        )
    if error.status in (401, 403):
        return PluginError(
            f"{what}: the cluster refuses the credentials of the kubeconfig: {error}. "
            "Check the user's token and its role bindings."
        )
    return PluginError(f"{what}: the API server refused it: {error}")
