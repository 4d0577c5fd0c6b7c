"""The emulated APIs, one short module each; a module here exposes `SERVICE`."""

import importlib
import pkgutil

from meshwright_sandbox.core.service import Service


def all_services() -> dict[str, Service]:
    """Every module's `SERVICE` by name."""
    services: dict[str, Service] = {}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        service: Service | None = getattr(loaded, "SERVICE", None)
        if service is not None:
            services[service.name] = service
    return services
