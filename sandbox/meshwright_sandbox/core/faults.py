"""Faults on purpose: the next matching calls answer an error, hang, or lose their connection."""

import itertools
import re
from dataclasses import asdict, dataclass

from meshwright_sandbox.core.errors import ApiError

STATUS_ACTIONS = ("400", "403", "404", "409", "429", "500", "502", "503", "504")
OTHER_ACTIONS = ("hang", "reset-before", "reset-after", "operation-error", "truncate", "not-json")
METHODS = ("*", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_TEXTS = {
    429: "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute'.",
    500: "Internal error encountered.",
    502: "Bad gateway.",
    503: "The service is currently unavailable.",
    504: "Deadline exceeded.",
}
_REASONS = {429: "rateLimitExceeded"}


@dataclass
class Fault:
    """One order: what happens to the next `count` calls that match.

    Attributes:
        id: number, to remove it by.
        method: HTTP method or `*`.
        path_pattern: regular expression searched in the path, service prefix included.
        count: how many calls are left; negative means for ever.
        action: one of `STATUS_ACTIONS` and `OTHER_ACTIONS`.
        skip: how many matching calls pass first.
        hits: how many calls it has struck.
    """

    id: int
    method: str
    path_pattern: str
    count: int
    action: str
    skip: int = 0
    hits: int = 0


class Faults:
    """The faults that are armed. They are not stored: a restarted server is sound."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._armed: list[Fault] = []

    def add(self, method: str, path_pattern: str, count: int, action: str, skip: int = 0) -> Fault:
        """Arm a fault.

        Raises:
            ApiError: 400 for an unknown action or method, for a pattern that is no regular
                expression, and for an order of no calls: none of them would ever strike.
        """
        if action not in STATUS_ACTIONS + OTHER_ACTIONS:
            allowed = ", ".join(STATUS_ACTIONS + OTHER_ACTIONS)
            raise ApiError(400, f"unknown action {action!r}; allowed: {allowed}")
        if method.upper() not in METHODS:
            raise ApiError(400, f"unknown method {method!r}; allowed: {', '.join(METHODS)}")
        if count == 0:
            raise ApiError(400, "count 0 strikes no call; a negative one strikes every call")
        try:
            re.compile(path_pattern)
        except re.error as error:
            raise ApiError(400, f"path_pattern {path_pattern!r}: {error}") from error
        fault = Fault(next(self._ids), method.upper(), path_pattern, count, action, skip)
        self._armed.append(fault)
        return fault

    def clear(self) -> None:
        """Disarm all."""
        self._armed.clear()

    def list(self) -> list[dict[str, object]]:
        """What is armed, spent ones included (their count is 0)."""
        return [asdict(fault) for fault in self._armed]

    def strike(self, method: str, path: str) -> str | None:
        """The action for this call, if any; the first matching fault is used up by one."""
        for fault in self._armed:
            if fault.count == 0 or fault.method not in ("*", method):
                continue
            if not re.search(fault.path_pattern, path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.count -= 1
            fault.hits += 1
            return fault.action
        return None


def error_of(action: str) -> ApiError:
    """The error that a status action answers with."""
    code = int(action)
    return ApiError(code, _TEXTS.get(code, "Injected fault."), reason=_REASONS.get(code))
