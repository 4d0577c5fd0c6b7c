# ruff: noqa: N802 - the methods are named by the protocol
# pyright: basic
# gRPC's generated messages and contexts carry no usable annotations.
"""The package's resources, as the engine asks for them over gRPC; `MeshReadiness` itself."""

from __future__ import annotations

import asyncio
import difflib
import functools
import re
from collections.abc import Mapping
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.provider.server import ProviderServicer
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2

from meshwright_provider import rollout_resource
from meshwright_provider.hub import HubError, MemberState, connected
from meshwright_provider.package import Package
from meshwright_provider.properties import marked, plain, struct
from meshwright_provider.schema import (
    DEFAULT_INTERVAL_SECONDS,
    DEFAULT_TIMEOUT_SECONDS,
    INPUT_NAMES,
    RESOURCE_TYPE,
)
from meshwright_provider.waiting import (
    Cancelled,
    Member,
    NotReady,
    read_states,
    wait_until_active,
)

_ID = re.compile(r"projects/([^/]+)/meshReadiness/(.+)")


def _clean_errors(method):
    """Answer what the user should read with a status, and without a traceback."""

    @functools.wraps(method)
    async def answered(self, request, context):
        if request.type == rollout_resource.RESOURCE_TYPE:
            return getattr(rollout_resource, method.__name__.lower())(request)
        if request.type and request.type != RESOURCE_TYPE:
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"this plugin has no resource {request.type}"
            )
        try:
            return await method(self, request, context)
        except Cancelled as error:
            await context.abort(grpc.StatusCode.CANCELLED, str(error))
        except (HubError, NotReady, ValueError) as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    return answered


class MeshwrightServicer(ProviderServicer):
    """The package's components (inherited: Construct) and its one resource."""

    def __init__(self, engine_address: str) -> None:
        super().__init__(Package(), [], engine_address)
        self._cancelled = asyncio.Event()

    async def Construct(self, request, context):
        try:
            return await super().Construct(request, context)
        except pulumi.RunError as error:
            # What a component refuses once an Output is known is for the user too.
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

    async def Handshake(self, request, context):
        self.engine_address = request.engine_address
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True
        )

    async def Attach(self, request, context):
        self.engine_address = request.address
        return empty_pb2.Empty()

    async def Cancel(self, request, context):
        self._cancelled.set()
        return empty_pb2.Empty()

    async def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request, context):
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    async def Configure(self, request, context):
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, acceptResources=True, acceptOutputs=True, supportsPreview=True
        )

    @_clean_errors
    async def Check(self, request, context):
        inputs = plain(request.news)
        failures = [
            provider_pb2.CheckFailure(property=path, reason=reason)
            for path, reason in _problems(inputs)
        ]
        news = marked(request.news)
        news.setdefault("timeoutSeconds", DEFAULT_TIMEOUT_SECONDS)
        news.setdefault("pollIntervalSeconds", DEFAULT_INTERVAL_SECONDS)
        return provider_pb2.CheckResponse(inputs=struct(news), failures=failures)

    @_clean_errors
    async def Diff(self, request, context):
        kind, change = provider_pb2.DiffResponse, provider_pb2.PropertyDiff
        old, new = plain(request.old_inputs), plain(request.news)
        detailed = {
            name: change(kind=change.UPDATE_REPLACE if name == "project" else change.UPDATE)
            for name in INPUT_NAMES
            if old.get(name) != new.get(name)
        }
        states = plain(request.olds).get("states") or {}
        wanted = {str(item["membership"]) for item in _known_members(new)}
        if "memberships" not in detailed and (
            wanted - states.keys() or not all(map(_stored_ready, states.values()))
        ):
            # A refresh has found a membership that is not ready any more: wait for it again.
            detailed["states"] = change(kind=change.UPDATE)
        return kind(
            changes=kind.DIFF_SOME if detailed else kind.DIFF_NONE,
            diffs=sorted(detailed),
            replaces=["project"] if "project" in detailed else [],
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    @_clean_errors
    async def Create(self, request, context):
        inputs, given = plain(request.properties), marked(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=struct({**given, "states": rpc.UNKNOWN}))
        states = await self._wait(request, inputs)
        return provider_pb2.CreateResponse(
            id=_identifier(inputs), properties=struct({**given, "states": states})
        )

    @_clean_errors
    async def Update(self, request, context):
        inputs, given = plain(request.news), marked(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=struct({**given, "states": rpc.UNKNOWN}))
        states = await self._wait(request, inputs)
        return provider_pb2.UpdateResponse(properties=struct({**given, "states": states}))

    @_clean_errors
    async def Read(self, request, context):
        inputs = plain(request.inputs) or _inputs_of(request.id)
        given = marked(request.inputs) or inputs
        async with connected(inputs["project"]) as hub:
            found = await read_states(hub, _members(inputs))
        if not found:
            # No feature, or none of the memberships in it: there is nothing to be ready.
            return provider_pb2.ReadResponse()
        outputs = {**given, "states": _stored(found)}
        return provider_pb2.ReadResponse(
            id=request.id, inputs=struct(given), properties=struct(outputs)
        )

    async def Delete(self, request, context):
        return empty_pb2.Empty()

    async def _wait(self, request, inputs: Mapping[str, Any]) -> dict[str, Any]:
        async with (
            connected(inputs["project"]) as hub,
            grpc.aio.insecure_channel(self.engine_address) as channel,
        ):
            log: Any = engine_pb2_grpc.EngineStub(channel).Log

            async def progress(message: str) -> None:
                line = engine_pb2.LogRequest(
                    severity=engine_pb2.INFO, message=message, urn=request.urn
                )
                try:
                    await log(line, timeout=5)
                except grpc.RpcError:
                    # A line that cannot be shown is no reason to end the wait.
                    return

            found = await wait_until_active(
                hub,
                _members(inputs),
                timeout=request.timeout or inputs["timeoutSeconds"],
                interval=inputs["pollIntervalSeconds"],
                cancelled=self._cancelled,
                progress=progress,
            )
        return _stored(found)


def _problems(inputs: Mapping[str, Any]):
    for name in sorted(inputs.keys() - set(INPUT_NAMES)):
        close = difflib.get_close_matches(name, INPUT_NAMES, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(INPUT_NAMES)}"
        yield name, f"unknown property; {hint}"
    project = inputs.get("project")
    if not isinstance(project, str) or not project:
        yield "project", "is required: the id of the fleet's project"
    for name in ("timeoutSeconds", "pollIntervalSeconds"):
        value = inputs.get(name, 1)
        if value != rpc.UNKNOWN and (not isinstance(value, (int, float)) or value <= 0):
            yield name, f"must be a number of seconds above 0, not {value!r}"
    members = inputs.get("memberships")
    if members == rpc.UNKNOWN:
        return
    if not isinstance(members, list) or not members:
        yield "memberships", "is required: at least one membership to wait for"
        return
    seen: set[str] = set()
    for index, member in enumerate(members):
        if member == rpc.UNKNOWN:
            continue
        path = f"memberships[{index}]"
        keys = set(member) if isinstance(member, dict) else set()
        if keys != {"location", "membership"} or not all(
            isinstance(value, str) and value for value in member.values()
        ):
            yield path, f"must have a `membership` and a `location`, both text, not {member!r}"
        elif member["membership"] != rpc.UNKNOWN and member["membership"] in seen:
            yield path, f"membership {member['membership']!r} is named twice"
        else:
            seen.add(member["membership"])


def _known_members(inputs: Mapping[str, Any]) -> list[dict[str, str]]:
    members = inputs.get("memberships")
    return [item for item in members if isinstance(item, dict)] if isinstance(members, list) else []


def _members(inputs: Mapping[str, Any]) -> list[Member]:
    return [Member(item["location"], item["membership"]) for item in inputs["memberships"]]


def _identifier(inputs: Mapping[str, Any]) -> str:
    members = ",".join(sorted(f"{item.location}~{item.membership}" for item in _members(inputs)))
    return f"projects/{inputs['project']}/meshReadiness/{members}"


def _inputs_of(identifier: str) -> dict[str, Any]:
    match = _ID.fullmatch(identifier)
    pairs = [item.partition("~") for item in match[2].split(",")] if match else []
    if not match or not all(location and membership for location, _, membership in pairs):
        raise ValueError(
            f"the id {identifier!r} cannot be read; write "
            "projects/PROJECT/meshReadiness/LOCATION~MEMBERSHIP[,LOCATION~MEMBERSHIP...]"
        )
    return {
        "project": match[1],
        "memberships": [
            {"location": location, "membership": membership} for location, _, membership in pairs
        ],
        "timeoutSeconds": DEFAULT_TIMEOUT_SECONDS,
        "pollIntervalSeconds": DEFAULT_INTERVAL_SECONDS,
    }


def _stored(states: Mapping[str, MemberState]) -> dict[str, Any]:
    return {
        name: {
            "state": found.state,
            "implementation": found.implementation,
            "dataPlane": found.data_plane,
        }
        for name, found in states.items()
    }


def _stored_ready(stored: Mapping[str, str]) -> bool:
    return MemberState(stored["state"], "", stored["dataPlane"], ()).ready
