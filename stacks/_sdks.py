"""Loads what the SDKs are made of while the engine works.

Modules of `pulumi_gcp` and `pulumi_kubernetes` are loaded at the first look into them, and the
largest take more than a second. Nothing of a program reaches the engine until it waits for
something: to load them in its midst would keep the engine from starting providers and looking at
resources.
"""

import asyncio
from types import ModuleType


async def load(*modules: ModuleType) -> None:
    """Load modules that will be needed next; what has been registered goes on meanwhile.

    None of it may look into them: before Python 3.12.3 such a module lacks names for a second
    thread while the first loads it (https://github.com/python/cpython/issues/114763).
    """
    await asyncio.to_thread(_look_into, modules)


def _look_into(modules: tuple[ModuleType, ...]) -> None:
    for module in modules:
        getattr(module, "__all__", None)
