"""Serves the pack to the engine: `pulumi preview --policy-pack policies`. Blocks until it ends."""

from pathlib import Path

from meshwright_policies.serving import serve

serve(Path(__file__).parent)
