"""What a secret looks like: by its own shape, or by the name of what holds it.

The shapes are those that their makers document, so that scanners can know them. Nothing is guessed
from how random a text looks: identifiers and digests look random too. Scanners for whole
repositories (detect-secrets, gitleaks) read lines of files and know nothing of Google's keys.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MASK = "[secret]"


@dataclass(frozen=True)
class Shape:
    """A kind of secret that its own text gives away."""

    what: str
    marks: tuple[str, ...]
    """Texts of which each such secret has one: looking for them is quick, and mostly in vain."""
    pattern: re.Pattern[str]


def _shape(what: str, marks: str, pattern: str) -> Shape:
    return Shape(what, tuple(marks.split()), re.compile(pattern))


SHAPES = (
    _shape(
        "a private key in PEM",
        "-----BEGIN",
        r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----",
    ),
    # "-----BEGIN PRIVATE KEY", with RSA, EC, OPENSSH or ENCRYPTED before PRIVATE, in base64.
    _shape(
        "a private key in base64",
        "LS0tLS1CRUdJTi",
        r"LS0tLS1CRUdJTi(?:BQUklWQVRFI|BSU0EgUFJJVkFUR|BFQyBQUklWQVRFI|BPUEVOU1NIIFBSSVZBVEUg"
        r"|BFTkNSWVBURUQgUFJJVkFUR)",
    ),
    # {"type": "service_account" in base64 too, on one line or as Google writes it.
    _shape(
        "a key file of a Google service account",
        "private_key eyJ0eXBl ewogICJ0eXBlIj",
        r'\\?"private_key(?:_id)?\\?"\s*:\s*\\?"[^"\\]'
        r"|eyJ0eXBlIjogInNlcnZpY2VfYWNjb3VudC|eyJ0eXBlIjoic2VydmljZV9hY2NvdW50I"
        r"|ewogICJ0eXBlIjogInNlcnZpY2VfYWNjb3VudC",
    ),
    _shape("the private part of a JSON web key", '"d" "d\\', r'\\?"d\\?"\s*:\s*\\?"[\w-]{40,}'),
    _shape("an API key of Google's", "AIza", r"\bAIza[\w-]{35}(?![\w-])"),
    _shape("an access token of Google's", "ya29.", r"\bya29\.[\w-]{20,}"),
    _shape("an OAuth client secret of Google's", "GOCSPX-", r"\bGOCSPX-[\w-]{28}(?![\w-])"),
    _shape(
        "an access key of AWS", "AKIA ASIA ABIA ACCA", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"
    ),
    _shape("an account key of Azure", "AccountKey=", r"\bAccountKey=[A-Za-z0-9+/]{86}=="),
    _shape(
        "a token of GitHub",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{60,}",
    ),
    _shape(
        "a token of GitLab",
        "glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glagent-",
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[\w-]{20,}",
    ),
    _shape(
        "a token of Slack",
        "xox hooks.slack.com",
        r"\bxox[abeoprs]-[\w-]{10,}|hooks\.slack\.com/services/T\w+/B\w+/\w{20,}",
    ),
    _shape("a token of Pulumi", "pul-", r"\bpul-[0-9a-f]{40}\b"),
    _shape(
        "a token of npm or PyPI",
        "npm_ pypi-",
        r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgE[\w-]{50,}",
    ),
    _shape("a key of Stripe", "k_live_", r"\b[rs]k_live_[A-Za-z0-9]{24,}"),
    _shape("a key of SendGrid", "SG.", r"\bSG\.[\w-]{22}\.[\w-]{43}"),
    _shape(
        "a key of OpenAI's or Anthropic's",
        "sk-",
        r"\bsk-(?:proj|svcacct|ant|admin)[\w-]*-[\w-]{20,}",
    ),
    _shape("a token of HashiCorp Vault", "hvs. hvb. hvr.", r"\bhv[sbr]\.[\w-]{24,}"),
    _shape("a secret key of age", "AGE-SECRET-KEY-", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
    _shape("a JSON web token", ".eyJ", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    # What is only a place for a password ($PASSWORD, ${...}, {{...}}, <...>, ***) is none.
    _shape(
        "a password in an address",
        "://",
        r"\b[a-z][a-z0-9+.-]{0,20}://[^\s:/?#@\"']{0,100}:(?![$<{*%])[^\s/@\"']{3,200}@",
    ),
)
_MARKS = tuple((mark, shape) for shape in SHAPES for mark in shape.marks)
# Texts up to this length come again and again: regions, names, types.
_SHORT = 100

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
_PEM_END = re.compile(r"-----END [A-Z ]+-----")
_WORD = re.compile(r"[^\s\"',;)}\]]*")
_SEPARATOR = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# What stands under such a name and is none: a switch, a number's worth of nothing, a place to look
# (a path, a resource's name, an address), a text that is filled in later, or one that SOPS has
# encrypted.
_REFERENCE = re.compile(
    r"(?:true|false|yes|no|on|off|none|null|enabled|disabled|required|optional|\d{0,3})$"
    r"|ENC\[|/|\./|~/|(?:projects|organizations|folders)/|[a-z][a-z0-9+.-]*://|sm://"
    r"|.*(?:\$[({\w]|\{\{|<[\w -]+>|\*{3})",
    re.IGNORECASE,
)


def shape_of(text: str) -> str | None:
    """Which kind of secret stands somewhere in a text, if any."""
    return _short_shape_of(text) if len(text) <= _SHORT else _shape_of(text)


def _shape_of(text: str) -> str | None:
    for mark, shape in _MARKS:
        if mark in text and shape.pattern.search(text):
            return shape.what
    return None


_short_shape_of = lru_cache(maxsize=4096)(_shape_of)


@lru_cache(maxsize=4096)
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
    for mark, shape in _MARKS:
        if mark in text:
            text = "".join(_masked(text, shape.pattern))
    return text


def _masked(text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    end = 0
    for found in pattern.finditer(text):
        if found.start() >= end:
            yield text[end : found.start()] + MASK
            # The shape is a secret's beginning; what belongs to it ends where the word does.
            end = _end(text, found)
    yield text[end:]


def _end(text: str, found: re.Match[str]) -> int:
    if "-----BEGIN" in found[0]:
        closing = _PEM_END.search(text, found.end())
        return closing.end() if closing else len(text)
    rest = _WORD.match(text, found.end())
    return rest.end() if rest else found.end()
