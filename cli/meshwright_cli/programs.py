"""The folder of the outside programs, for the commands that run them."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import click

# What control planes in the clusters are installed with; stack dev has none, stack istio has.
HELM = "helm"
# What measures the traffic of the local mesh.
PROMETHEUS = "prometheus"


def folder() -> Path:
    """The folder as named in the environment, else the toolchain's."""
    named = os.environ.get("MESHWRIGHT_TOOLS")
    if named:
        return Path(named)
    from meshwright_toolchain import bin_dir

    return bin_dir()


def installed_folder(also: Collection[str] = ()) -> Path:
    """The same folder, once every program stands in it; what is missing is installed or built.

    `also` names programs that not every stack needs. A folder of the user's own is left alone.
    """
    from meshwright_toolchain import ToolchainError, bin_dir, ensure

    found = folder()
    try:
        return found if found != bin_dir() else ensure(extras=False, also=also)
    except ToolchainError as error:
        raise click.ClickException(str(error)) from error


def charts_folder() -> Path | None:
    """Istio's Helm charts, as its own module has them; None until they are installed."""
    from meshwright_toolchain import ToolchainError, module_dir

    try:
        return module_dir("istio") / "manifests" / "charts"
    except ToolchainError:
        return None


def bootstrap() -> Path:
    """Istio's template for an Envoy's first configuration, as its own module has it."""
    from meshwright_toolchain import ToolchainError, module_dir

    try:
        return module_dir("istio") / "tools" / "packaging" / "common" / "envoy_bootstrap.json"
    except ToolchainError as error:
        raise click.ClickException(str(error)) from error
