"""The programs that Meshwright drives: found on PATH, taken from a wheel, or built once."""

from meshwright_toolchain.cache import bin_dir, module_dir
from meshwright_toolchain.errors import ToolchainError
from meshwright_toolchain.install import ensure

__all__ = ["ToolchainError", "bin_dir", "ensure", "module_dir"]
