"""Labels of Google's resources: how many there may be, and of what their keys and values consist.

https://cloud.google.com/resource-manager/docs/labels-overview#requirements
Each API refuses a wrong one in its own words, see `Service.wrong_label`.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import re2

from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.masks import get_path
from meshwright_sandbox.core.schema import snake_case

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Call

Json = dict[str, Any]
FIELDS = ("labels", "resourceLabels", "userLabels")
_MOST = 64
_LENGTH = 63
_PATTERNS = {
    "key": r"[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}",
    "value": r"[\p{Ll}\p{Lo}\p{N}_-]{0,63}",
}
# Without the lengths, which make large programs of patterns with so many characters.
_CHARACTERS = {part: re2.compile(f"{p.partition('{0,')[0]}*") for part, p in _PATTERNS.items()}


class WrongLabel(NamedTuple):
    """Where labels stand, and which key or value of them is wrong."""

    field: str
    part: str
    text: str

    @property
    def too_long(self) -> bool:
        """Whether its length alone is wrong, or what is wrong first."""
        return len(self.text) > _LENGTH

    def said(self) -> str:
        """In the words that many APIs share."""
        return (
            f'Invalid field "{self.field}"; {self.part} "{self.text}" does not conform to regular '
            f'expression "{_PATTERNS[self.part]}"'
        )


def check(call: "Call", document: Json) -> None:
    """Refuse a new document whose labels Google Cloud does not take; unchanged ones may stay.

    Raises:
        ApiError: 400 in the words of the called API.
    """
    for path in call.collection.labels:
        labels = get_path(document, path)
        if labels and labels != get_path(call.before or {}, path):
            check_labels(call, path, labels)


def check_labels(call: "Call", path: str, labels: Json) -> None:
    """Refuse labels, which stand at a path of the request's resource."""
    field = ".".join(snake_case(part) for part in path.split("."))
    if len(labels) > _MOST:
        raise invalid(
            f'Invalid field "{field}"; a resource has at most {_MOST} labels, not {len(labels)}.'
        )
    for key, value in labels.items():
        for part, text in (("key", key), ("value", value)):
            if len(text) > _LENGTH or not _CHARACTERS[part].fullmatch(text):
                raise invalid(call.service.wrong_label(WrongLabel(field, part, text)))
