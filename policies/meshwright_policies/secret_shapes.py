"""What a secret looks like: by its own shape, or by the name of what holds it.

The shapes are those that their makers document, so that scanners can know them. Nothing is guessed
from how random a text looks: identifiers and digests look random too. Scanners for whole
repositories (detect-secrets, gitleaks) read lines of files and know nothing of Google's keys.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MASK = "[secret]"


@dataclass(frozen=True)
class Shape:
    """A kind of secret that its own text gives away."""

    what: str
    pattern: str


SHAPES = (
    Shape("a private key in PEM", r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----"),
    # "-----BEGIN PRIVATE KEY", with RSA, EC, OPENSSH or ENCRYPTED before PRIVATE, in base64.
    Shape(
        "a private key in base64",
        r"LS0tLS1CRUdJTi(?:BQUklWQVRFI|BSU0EgUFJJVkFUR|BFQyBQUklWQVRFI|BPUEVOU1NIIFBSSVZBVEUg"
        r"|BFTkNSWVBURUQgUFJJVkFUR)",
    ),
    Shape(
        "a key file of a Google service account",
        r'\\?"private_key(?:_id)?\\?"\s*:\s*\\?"[^"\\]'
        # {"type": "service_account" in base64, on one line or as Google writes it.
        r"|eyJ0eXBlIjogInNlcnZpY2VfYWNjb3VudC|eyJ0eXBlIjoic2VydmljZV9hY2NvdW50I"
        r"|ewogICJ0eXBlIjogInNlcnZpY2VfYWNjb3VudC",
    ),
    Shape("the private part of a JSON web key", r'\\?"d\\?"\s*:\s*\\?"[\w-]{40,}'),
    Shape("an API key of Google's", r"\bAIza[\w-]{35}(?![\w-])"),
    Shape("an access token of Google's", r"\bya29\.[\w-]{20,}"),
    Shape("an OAuth client secret of Google's", r"\bGOCSPX-[\w-]{28}(?![\w-])"),
    Shape("an access key of AWS", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    Shape("an account key of Azure", r"\bAccountKey=[A-Za-z0-9+/]{86}=="),
    Shape("a token of GitHub", r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{60,}"),
    Shape("a token of GitLab", r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[\w-]{20,}"),
    Shape(
        "a token of Slack",
        r"\bxox[abeoprs]-[\w-]{10,}|hooks\.slack\.com/services/T\w+/B\w+/\w{20,}",
    ),
    Shape("a token of Pulumi", r"\bpul-[0-9a-f]{40}\b"),
    Shape("a token of npm or PyPI", r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgE[\w-]{50,}"),
    Shape("a key of Stripe", r"\b[rs]k_live_[A-Za-z0-9]{24,}"),
    Shape("a key of SendGrid", r"\bSG\.[\w-]{22}\.[\w-]{43}"),
    Shape("a key of OpenAI's or Anthropic's", r"\bsk-(?:proj|svcacct|ant|admin)[\w-]*-[\w-]{20,}"),
    Shape("a token of HashiCorp Vault", r"\bhv[sbr]\.[\w-]{24,}"),
    Shape("a secret key of age", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
    Shape("a JSON web token", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    # What is only a place for a password ($PASSWORD, ${...}, {{...}}, <...>, ***) is none.
    Shape(
        "a password in an address",
        r"\b[a-z][a-z0-9+.-]{0,20}://[^\s:/?#@\"']{0,100}:(?![$<{*%])[^\s/@\"']{3,200}@",
    ),
)

_ANY = re.compile("|".join(f"(?P<_{i}>{shape.pattern})" for i, shape in enumerate(SHAPES)))

# Names that hold a secret wherever they stand, and those that do so in maps of settings (of an
# environment, a ConfigMap), but name one in other places: `secret: shop-tls`, `token: grafana`.
_ALWAYS = (
    r"password|passwd|passphrase|api_?key|access_?key|private_?key|client_?secret|secret_?data"
    r"|(?:access|auth|bearer|refresh)_?token|client_?key_?data"
)
_IN_SETTINGS = (
    rf"{_ALWAYS}|pwd|pass|token|secret|(?:secret|signing|encryption|auth)_?key|credentials?"
)
_NAMES = {
    in_settings: re.compile(rf"(?:^|_)(?:{words})$")
    for in_settings, words in ((False, _ALWAYS), (True, _IN_SETTINGS))
}
_SEPARATOR = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# What stands under such a name and is none: a switch, a number's worth of nothing, a place to look
# (a path, a resource's name, an address), or a text that is filled in later.
_REFERENCE = re.compile(
    r"(?:true|false|yes|no|on|off|none|null|enabled|disabled|required|optional|\d{0,3})$"
    r"|/|\./|~/|(?:projects|organizations|folders)/|[a-z][a-z0-9+.-]*://|sm://"
    r"|.*(?:\$[({\w]|\{\{|<[\w -]+>|\*{3})",
    re.IGNORECASE,
)


def shape_of(text: str) -> str | None:
    """Which kind of secret stands somewhere in a text, if any."""
    found = _ANY.search(text)
    return SHAPES[int((found.lastgroup or "_0")[1:])].what if found else None


def named_secret(name: str, *, in_settings: bool = False) -> bool:
    """Whether the name of a property says that its value is a secret.

    `in_settings`: in a map of settings, where more names do.
    """
    snake = _SEPARATOR.sub("_", _CAMEL.sub("_", name)).lower()
    return _NAMES[in_settings].search(snake) is not None


def is_reference(text: str) -> bool:
    """Whether a text under a secret's name says where the secret is, and is not the secret."""
    return _REFERENCE.match(text.strip()) is not None


def mask(text: str) -> str:
    """A text with every secret in it that has a shape masked."""
    return "".join(_masked(text))


def _masked(text: str) -> Iterator[str]:
    end = 0
    for found in _ANY.finditer(text):
        yield text[end : found.start()] + MASK
        # The shape is a secret's beginning; what belongs to it ends where the word does.
        end = _end(text, found)
    yield text[end:]


def _end(text: str, found: re.Match[str]) -> int:
    if "-----BEGIN" in found[0]:
        closing = re.compile(r"-----END [A-Z ]+-----").search(text, found.end())
        return closing.end() if closing else len(text)
    rest = re.compile(r"[^\s\"',;)}\]]*").match(text, found.end())
    return rest.end() if rest else found.end()
