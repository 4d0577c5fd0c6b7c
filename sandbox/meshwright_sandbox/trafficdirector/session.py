"""One proxy's conversation with the control plane: what it is sent, and when.

The protocol is the one of whole states over one stream:
https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest, DiscoveryResponse
from envoy_data_plane.google.protobuf import Any

from meshwright_sandbox.trafficdirector.configuration import (
    CLUSTERS,
    ENDPOINTS,
    LISTENERS,
    ROUTES,
    Resources,
)

_log = logging.getLogger(__name__)
# A route must not name a cluster before that is there, with its endpoints.
_ORDER = (CLUSTERS, ENDPOINTS, LISTENERS, ROUTES)
# Types of which a proxy names those that it wants.
_BY_NAME = (ENDPOINTS, ROUTES)


@dataclass
class _Subscription:
    names: frozenset[str] = frozenset()
    sent: dict[str, bytes] | None = None
    nonce: str = ""
    answered: bool = True


@dataclass
class Session:
    """What is known of one stream; ``problems`` holds what the proxy refused, by type."""

    problems: dict[str, str] = field(default_factory=dict[str, str])
    _subscriptions: dict[str, _Subscription] = field(default_factory=dict[str, _Subscription])
    _count: int = 0

    def receive(self, request: DiscoveryRequest) -> None:
        """The proxy asks for a type, or says whether it took what it was sent."""
        kind = request.type_url
        subscription = self._subscriptions.setdefault(kind, _Subscription())
        if request.response_nonce and request.response_nonce != subscription.nonce:
            return  # about something older: an answer to the newest is still to come
        subscription.names = frozenset(request.resource_names)
        subscription.answered = True
        self.problems.pop(kind, None)
        if request.error_detail is not None:
            self.problems[kind] = request.error_detail.message
            _log.error("a proxy refused %s: %s", kind, request.error_detail.message)

    def next(self, resources: Resources) -> DiscoveryResponse | None:
        """What to send now, if there is anything; ask again once the proxy has answered."""
        for kind in _ORDER:
            subscription = self._subscriptions.get(kind)
            if subscription is None:
                continue
            wanted = resources[kind]
            if kind in _BY_NAME:
                wanted = {n: wanted[n] for n in sorted(subscription.names) if n in wanted}
            if not subscription.answered:
                return None
            if subscription.sent != wanted:
                return self._respond(kind, subscription, wanted)
            if kind == CLUSTERS and not self._knows_endpoints(resources):
                return None
        return None

    def _knows_endpoints(self, resources: Resources) -> bool:
        """Whether the proxy has asked for the endpoints of every cluster that it was told of."""
        subscription = self._subscriptions.get(ENDPOINTS, _Subscription())
        return resources[ENDPOINTS].keys() <= subscription.names

    def _respond(
        self, kind: str, subscription: _Subscription, wanted: dict[str, bytes]
    ) -> DiscoveryResponse:
        self._count += 1
        subscription.sent, subscription.answered = wanted, False
        subscription.nonce = str(self._count)
        return DiscoveryResponse(
            version_info=subscription.nonce,
            type_url=kind,
            nonce=subscription.nonce,
            resources=[Any(type_url=kind, value=written) for written in wanted.values()],
        )
