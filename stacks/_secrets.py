"""What looks like a secret: such a value is never printed, and never belongs in a spec.

The shapes are those that secret scanners agree on (PEM blocks, service-account keys, the token
prefixes of Google, AWS, GitHub, GitLab, Slack, Pulumi, JSON web tokens).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

Location = tuple[str | int, ...]

MASK = "***"

_KEY = re.compile(
    r"(^|[_\-./:])(api_?key|access_?key|private_?key|secret_?key|key|token|password|passwd|passphrase"
    r"|pwd|secret|credentials?|authorization)s?$"
)
_VALUE = re.compile(
    r"-----BEGIN [A-Z ]+-----"
    r'|"type"\s*:\s*"service_account"|"private_key"\s*:'
    r"|\bya29\.[\w-]+|\bAIza[\w-]{30,}|\bGOCSPX-[\w-]+|\b(AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w+|\bglpat-[\w-]{15,}|\bxox[abprs]-[\w-]+|\bpul-[0-9a-f]{40}"
    r"|://[^\s/:@]*:[^\s/@]+@"  # a password in an address
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+"
)


def is_secret_key(key: str) -> bool:
    """Whether a key's name says that its value is a secret, in any style of writing."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()
    return _KEY.search(snake) is not None


def is_secret_value(value: object) -> bool:
    """Whether a text, or a map that is a service-account key, has the shape of a secret."""
    if isinstance(value, str):
        return _VALUE.search(value) is not None
    return isinstance(value, Mapping) and "private_key" in value


def find(raw: object, lawful_keys: frozenset[str], loc: Location = ()) -> Iterator[Location]:
    """Where in a raw spec secrets stand; `lawful_keys` are fields of the spec, not secrets."""
    if isinstance(raw, Mapping):
        for key, value in cast(Mapping[object, object], raw).items():
            here = (*loc, str(key))
            named = is_secret_key(str(key)) and str(key) not in lawful_keys
            # A map or list under such a key is searched too: only the text itself is a secret.
            if (
                (named and isinstance(value, str | int | float) and not isinstance(value, bool))
                or is_secret_value(value)
                or is_secret_value(str(key))
            ):
                yield here
            else:
                yield from find(value, lawful_keys, here)
    elif isinstance(raw, list):
        for index, value in enumerate(cast(list[object], raw)):
            if is_secret_value(value):
                yield (*loc, index)
            else:
                yield from find(value, lawful_keys, (*loc, index))


def shown(value: object, loc: Iterable[str | int] = ()) -> str:
    """A value as an error may print it: short, quoted, masked where it is or may be a secret."""
    if is_secret_value(value) or any(isinstance(k, str) and is_secret_key(k) for k in loc):
        return MASK
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value if len(value) <= 80 else value[:77] + "..."}"'.replace("\n", "\\n")
    if isinstance(value, Mapping):
        return f"a map of {len(cast(Mapping[object, object], value))} keys"
    if isinstance(value, list):
        return f"a list of {len(cast(list[object], value))} entries"
    return str(value)


def path(loc: Iterable[str | int]) -> str:
    """A location as people write it: `clusters[0].node_pools[1].name`."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = MASK if is_secret_value(part) else part[:80]
            text += f".{name}" if text else name
    return text or "(the whole spec)"
