"""Text formats that discovery documents name: durations, timestamps and base64.

Each check says what is wrong with a text, or "", in the words of the parser behind Google's front
end, protobuf's. Follows https://protobuf.dev/programming-guides/json/.
"""

import base64
import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

_TO_STANDARD = str.maketrans("-_", "+/")
_DURATION = re.compile(r"-?(\d+)(\.\d{1,9})?s", re.ASCII)
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
# Ten thousand years, as google.protobuf.Duration has it.
_MOST_SECONDS = 315_576_000_000


class Format(NamedTuple):
    """A format's protobuf message, and what says why a text is none of it."""

    message: str
    fault: Callable[[str], str]


def _duration_fault(text: str) -> str:
    if not text.endswith("s"):
        return "Illegal duration format; duration must end with 's'"
    match = _DURATION.fullmatch(text)
    if not match:
        return "Invalid duration format, failed to parse seconds"
    return "" if int(match[1]) <= _MOST_SECONDS else "Duration value exceeds limits"


def _timestamp_fault(text: str) -> str:
    wrong = f"Invalid time format: {text}"
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        return wrong
    if not match[3]:
        return (
            "Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone "
            "offset."
        )
    try:
        datetime.fromisoformat(match[1] + match[3])
    except ValueError:
        return wrong
    return ""


FORMATS = {
    "google-duration": Format("google.protobuf.Duration", _duration_fault),
    "google-datetime": Format("google.protobuf.Timestamp", _timestamp_fault),
}


def base64_bytes(text: str) -> bytes | None:
    """What base64 in either alphabet holds (gcloud writes the URL-safe one); None if it is none."""
    standard = standard_base64(text)
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:  # binascii's own, or that of a text that is not ASCII
        return None


def standard_base64(text: str) -> str:
    """Base64 in its standard alphabet, unpadded; it may have been written in the URL-safe one."""
    return text.translate(_TO_STANDARD).rstrip("=")
