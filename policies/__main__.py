"""Serves the pack to the engine: `pulumi preview --policy-pack policies`. Blocks until it ends."""

from pulumi_policy import PolicyPack

from meshwright_policies.pack import policies

PolicyPack(name="meshwright", policies=policies())
