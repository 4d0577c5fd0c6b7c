"""What one preview under policies found: read from the engine's events, written for people and CI.

Nothing here starts a server; the engine starts the pack by itself.
"""

from meshwright_policies.report.events import Collector, EventsError, read
from meshwright_policies.report.model import Change, Finding, Mended, NotKnown, Report

__all__ = [
    "Change",
    "Collector",
    "EventsError",
    "Finding",
    "Mended",
    "NotKnown",
    "Report",
    "read",
]
