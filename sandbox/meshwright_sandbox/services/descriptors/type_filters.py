"""Filters of Cloud Monitoring's lists of types, as far as they compare the type.

https://cloud.google.com/monitoring/api/v3/filters
"""

import re
from collections.abc import Callable

from meshwright_sandbox.core.errors import ApiError

_COMPARISON = (
    r'\s*(?:=\s*(?:(?P<function>\w+)\("(?P<part>[^"]*)"\)|"(?P<whole>[^"]*)")'
    r'|:\s*"(?P<within>[^"]*)")'
)
_FUNCTIONS: dict[str | None, Callable[[str, str], bool]] = {
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "has_substring": str.__contains__,
}


def wanted(filter_: str, subject: str) -> Callable[[str], bool]:
    """A test of types. ``subject`` is what the filter calls them, such as `metric.type`.

    Raises:
        ApiError: 501 for a filter of another form than a comparison of the type has.
    """
    if not filter_.strip():
        return lambda _: True
    match = re.fullmatch(re.escape(subject) + _COMPARISON, filter_.strip())
    if match and match["whole"] is not None:
        return lambda type_: type_ == match["whole"]
    if match and match["within"] is not None:
        return lambda type_: match["within"] in type_
    compare = _FUNCTIONS.get(match["function"]) if match else None
    if match is None or compare is None:
        raise ApiError(501, f"The sandbox cannot evaluate the filter '{filter_}'.")
    return lambda type_: compare(type_, match["part"])
