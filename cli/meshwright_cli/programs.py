"""The folder of the outside programs, for the commands that run them."""

from __future__ import annotations

import os
from pathlib import Path

import click


def folder() -> Path:
    """The folder as named in the environment, else the toolchain's."""
    named = os.environ.get("MESHWRIGHT_TOOLS")
    if named:
        return Path(named)
    from meshwright_toolchain import bin_dir

    return bin_dir()


def installed_folder() -> Path:
    """The same folder, once every program stands in it; what is missing is installed or built."""
    if os.environ.get("MESHWRIGHT_TOOLS"):
        return folder()
    from meshwright_toolchain import ToolchainError, ensure

    try:
        return ensure(extras=False)
    except ToolchainError as error:
        raise click.ClickException(str(error)) from error


def charts_folder() -> Path | None:
    """Istio's Helm charts, as its own module has them; None until they are installed."""
    from meshwright_toolchain import ToolchainError, module_dir

    try:
        return module_dir("istio") / "manifests" / "charts"
    except ToolchainError:
        return None
