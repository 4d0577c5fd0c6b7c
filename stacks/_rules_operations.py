"""Log sinks, keys, dashboards and objectives: what they name must be there, and fit."""

import datetime
from collections.abc import Iterator

from stacks._rules_names import known, unique_texts
from stacks._view import Problem, View

DESTINATIONS = ("log_bucket", "bigquery", "storage", "pubsub")


def check(spec: View) -> Iterator[Problem]:
    """Sinks against destinations and keys, objectives against services."""
    # Of two with one name the first counts; the other is a mistake of its own.
    keys = {key.text("name") or "": key for key in reversed(spec.each("encryption_keys"))}
    for cluster in spec.each("clusters"):
        for field in ("secrets_key", "disk_key"):
            yield from _fits(cluster, field, keys, cluster.text("region"))
    for sink in spec.each("log_sinks"):
        kinds = [key for key in DESTINATIONS if sink.has(key)]
        if len(kinds) != 1:
            yield sink.problem(
                "name",
                f"a sink has exactly one destination, this has {len(kinds)}",
                f"keep one of {', '.join(DESTINATIONS[:-1])} and {DESTINATIONS[-1]}",
            )
            continue
        yield from _fits(sink, "encryption_key", keys, sink.part(kinds[0]).text("location"))
    yield from _objectives(spec)
    yield from _plaintext_ends(spec)


def _fits(part: View, field: str, keys: dict[str, View], location: str | None) -> Iterator[Problem]:
    """The key exists and is where what it encrypts is."""
    name = part.text(field)
    yield from known(part, field, name, keys, "key of encryption_keys")
    key = keys.get(name or "")
    where = key.text("location") if key else None
    if where and location and where.lower() != _key_location(location):
        yield part.problem(
            field,
            f"a key must be where what it encrypts is, {_key_location(location)}; this is in "
            f"{where}",
            f"add a key with location: {_key_location(location)}",
        )


def _key_location(location: str) -> str:
    """Where KMS has keys for a place: multi-regions have other names there."""
    return {"eu": "europe", "us": "us", "asia": "asia"}.get(location.lower(), location)


def _objectives(spec: View) -> Iterator[Problem]:
    services = {
        f"{namespace.text('name')}/{service.text('name')}": service
        for namespace in spec.each("namespaces")
        for service in namespace.each("services")
    }
    monitoring = spec.part("monitoring")
    yield from unique_texts(monitoring, "alert_emails", "address")
    for objective in monitoring.each("objectives"):
        name = objective.text("service")
        yield from known(objective, "service", name, services, "service")
        service = services.get(name or "")
        if service is not None and service.text("protocol") == "tcp":
            yield objective.problem(
                "service",
                "objectives count answered calls, and tcp has none",
                "name a service that speaks HTTP or gRPC",
            )


def _plaintext_ends(spec: View) -> Iterator[Problem]:
    """An exception whose day has come is a mistake like any other."""
    today = datetime.datetime.now(datetime.UTC).date()
    for exception in spec.part("security").each("plaintext"):
        try:
            day = datetime.date.fromisoformat(exception.text("expires") or "")
        except ValueError:
            continue  # the field's own mistake
        if day < today:
            yield exception.problem(
                "expires",
                f"the exception ended on {day}",
                "give the callers a proxy and remove it, or agree on a new day",
            )
