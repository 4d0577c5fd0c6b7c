"""SEC-01: secrets that stand in resources as plain text."""

from collections.abc import Iterator
from typing import Final, cast

from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.secret_shapes import MASK, is_reference, named_secret, shape_of
from meshwright_policies.values import UNKNOWN, SecretText, at

KUBERNETES_SECRETS: Final = ("kubernetes:core/v1:Secret", "kubernetes:core/v1:SecretPatch")
# Maps whose keys are names of settings, which programs and people choose.
SETTINGS_MAPS: Final = frozenset(
    ("annotations", "data", "environmentVariables", "labels", "metadata", "variables")
)
# What a controller alone can decrypt, by the names of what it holds: SealedSecrets.
ENCRYPTED: Final = "encryptedData"
# Certificates and public keys, in PEM or PEM in base64, are for everybody to read.
PUBLIC: Final = (
    "-----BEGIN CERTIFICATE",
    "-----BEGIN PUBLIC KEY",
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FUR",
    "LS0tLS1CRUdJTiBQVUJMSUMgS0VZ",
)
MEND: Final = (
    "Keep it in Secret Manager or under a config key set with --secret, pass it on as a secret "
    "Output to what stores secrets, and name that here; renew it, since it could be read"
)


@resource_rule(
    "SEC-01",
    severity=Severity.CRITICAL,
    source="CIS GKE 1.9 4.4.1, CWE-312, our judgement",
    title="No secret stands in a resource as plain text, so that nobody finds it in the program, "
    "the state, a log or the cluster.",
    types=r"(?!pulumi:pulumi:)",
)
def plaintext_secrets(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """What the engine keeps secret is no plain text. A message never quotes what it found."""
    properties = resource.properties
    if resource.type in KUBERNETES_SECRETS and isinstance(properties, dict):
        known = cast(dict[str, object], properties)
        for key in ("data", "stringData"):
            yield from _stored(known.get(key), key)
        properties = {k: v for k, v in known.items() if k not in ("data", "stringData")}
    yield from _within(properties, "", "", in_settings=False)


def _stored(value: object, path: str) -> Iterator[Finding]:
    """The contents of a Kubernetes Secret, all of which but certificates is secret."""
    if value is UNKNOWN:
        yield Unjudged(path)
    for key, item in _items(value):
        where = _key(path, key)
        if item is UNKNOWN:
            yield Unjudged(where)
        elif _is_plain(item) and not str(item).strip().startswith(PUBLIC):
            yield Violation(where, "stands in the state as plain text", MEND)


def _within(value: object, path: str, name: str, *, in_settings: bool) -> Iterator[Finding]:
    """Secrets in a value, whose name decides where its text alone does not."""
    if value is UNKNOWN:
        if named_secret(name, in_settings=in_settings):
            yield Unjudged(path)
    elif isinstance(value, str):
        yield from _text(value, path, name, in_settings)
    elif isinstance(value, list):
        for index, item in enumerate(cast(list[object], value)):
            yield from _within(item, f"{path}[{index}]", "", in_settings=False)
    else:
        # An entry of an environment, a header: {name: TOKEN, value: ...}.
        pair = at(value, "name")
        for key, item in _items(value):
            paired = key == "value" and isinstance(pair, str)
            settings = paired or name in SETTINGS_MAPS
            known_as = "" if name == ENCRYPTED else str(pair) if paired else key
            yield from _within(item, _key(path, key), known_as, in_settings=settings)


def _text(text: str, path: str, name: str, in_settings: bool) -> Iterator[Finding]:
    if not _is_plain(text):
        return
    if shape := shape_of(text):
        yield Violation(path, f"holds {shape} as plain text", MEND)
    elif named_secret(name, in_settings=in_settings) and not is_reference(text):
        yield Violation(path, f"holds plain text, and {name!r} says that it is a secret", MEND)


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not isinstance(value, SecretText)


def _items(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from cast(dict[str, object], value).items()


def _key(path: str, key: str) -> str:
    """The path of a key, which may be a secret itself, or have dots of its own."""
    shown = MASK if shape_of(key) else key
    if "." in shown or "/" in shown:
        return f"{path}[{shown!r}]"
    return f"{path}.{shown}" if path else shown
