# ruff: noqa: N802 - the methods are named by the protocol
"""The plugin with components that it builds itself: ``yaml/v2.ConfigGroup`` and ``ConfigFile``."""

from __future__ import annotations

import asyncio

from meshwright_sandbox.plugins.kubernetes.releases import ReleaseServicer
from meshwright_sandbox.plugins.secrets import SecretsKept
from meshwright_sandbox.plugins.serving import InputsRefused, PluginError


class ComponentServicer(SecretsKept, ReleaseServicer):
    """The whole plugin."""

    def Construct(self, request, context):
        """Build a component: its objects are registered with the engine as its children."""
        # What it needs of the SDK, few plugins do: one starts for each cluster.
        from meshwright_sandbox.plugins.kubernetes.groups import Builder

        try:
            return asyncio.run(Builder(self.version, self.engine.address).build(request))
        except PluginError as error:
            raise InputsRefused(str(error)) from error
