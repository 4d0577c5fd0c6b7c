"""Serves proxies their configuration over Envoy's aggregated discovery service.

It listens on a socket in the file system: proxies reach it from any network namespace, and nobody
else does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest, DiscoveryResponse

from meshwright_sandbox.trafficdirector import configuration
from meshwright_sandbox.trafficdirector.configuration import CLUSTERS, Proxy, Resources
from meshwright_sandbox.trafficdirector.meshes import Mesh
from meshwright_sandbox.trafficdirector.session import Session

_log = logging.getLogger(__name__)
_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
_NODE = re.compile(r"projects/(?P<number>\d+)/networks/mesh:(?P<mesh>[^/]+)/nodes/(?P<id>[^/]+)")
_LAST_WORDS_SECONDS = 1.0


@dataclass
class _Stream:
    """One proxy that is connected."""

    session: Session = field(default_factory=Session)
    due: asyncio.Event = field(default_factory=asyncio.Event)
    mesh: str = ""
    proxy: Proxy = field(default_factory=lambda: Proxy.of({}))
    ended: bool = False
    # What the proxy is told, as long as these are the same: it asks and answers often.
    made_of: tuple[Mesh, Proxy] | None = None
    resources: Resources = field(default_factory=dict[str, dict[str, bytes]])


class DiscoveryServer:
    """Serves on the socket ``path``; ``project_of`` knows a project by its number.

    All methods belong to the one event loop that it was started in.
    """

    def __init__(self, path: Path, project_of: Callable[[str], str]) -> None:
        self._path, self._project_of = path, project_of
        self._streams: dict[str, _Stream] = {}
        self._meshes: Mapping[str, Mesh] = {}
        self._shared: dict[str, Resources] = {}
        self._server: grpc.aio.Server | None = None
        self._folder = -1

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        # A socket's path has 107 characters at most, a sandbox's home may have more.
        self._folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        handler = grpc.stream_stream_rpc_method_handler(
            self._serve,
            request_deserializer=DiscoveryRequest.parse,
            response_serializer=bytes,
        )
        handlers = {"StreamAggregatedResources": handler}
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(_SERVICE, handlers),)
        )
        self._server.add_insecure_port(f"unix:/proc/self/fd/{self._folder}/{self._path.name}")
        await self._server.start()

    async def stop(self) -> None:
        """Proxies keep what they were told."""
        if self._server is not None:
            await self._server.stop(_LAST_WORDS_SECONDS)
            os.close(self._folder)

    def publish(self, meshes: Mapping[str, Mesh]) -> None:
        """Tell every proxy what is new in its Mesh."""
        same = {name for name, mesh in meshes.items() if self._meshes.get(name) == mesh}
        self._shared = {
            name: self._shared[name] if name in same else configuration.shared(mesh)
            for name, mesh in meshes.items()
        }
        self._meshes = meshes
        for stream in self._streams.values():
            stream.due.set()

    def problems(self) -> dict[str, dict[str, str]]:
        """What each connected proxy refused, by its id."""
        return {node: dict(stream.session.problems) for node, stream in self._streams.items()}

    async def _serve(
        self, requests: AsyncIterator[DiscoveryRequest], _: grpc.aio.ServicerContext
    ) -> AsyncIterator[DiscoveryResponse]:
        stream = _Stream()
        reading = asyncio.create_task(self._read(requests, stream))
        try:
            while not stream.ended:
                await stream.due.wait()
                stream.due.clear()
                if resources := self._resources(stream):
                    while response := stream.session.next(resources):
                        yield response
        finally:
            reading.cancel()
            gone = [node for node, known in self._streams.items() if known is stream]
            for node in gone:
                del self._streams[node]

    async def _read(self, requests: AsyncIterator[DiscoveryRequest], stream: _Stream) -> None:
        with contextlib.suppress(grpc.RpcError, asyncio.CancelledError):
            async for request in requests:
                if request.node is not None and request.node.id:
                    self._introduce(stream, request.node)
                stream.session.receive(request)
                stream.due.set()
        stream.ended = True
        stream.due.set()

    def _introduce(self, stream: _Stream, node: Node) -> None:
        """A proxy says who it is in its first request."""
        named = _NODE.fullmatch(node.id)
        if named is None:
            _log.error("a proxy has the id %s, which names no mesh", node.id)
            return
        project = self._project_of(named["number"])
        stream.mesh = f"projects/{project}/locations/global/meshes/{named['mesh']}"
        metadata = node.metadata.to_dict() if node.metadata is not None else {}
        region = node.locality.region if node.locality is not None else ""
        stream.proxy = Proxy.of(metadata, region)
        self._streams[named["id"]] = stream

    def _resources(self, stream: _Stream) -> Resources | None:
        mesh = self._meshes.get(stream.mesh)
        if mesh is None:
            return None
        if stream.made_of != (mesh, stream.proxy):
            shared, own = self._shared[stream.mesh], configuration.own(mesh, stream.proxy)
            stream.resources = shared | own | {CLUSTERS: shared[CLUSTERS] | own[CLUSTERS]}
            stream.made_of = (mesh, stream.proxy)
        return stream.resources
