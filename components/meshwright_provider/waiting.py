"""Wait until the mesh is ACTIVE on every membership."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import NamedTuple

from meshwright_provider.hub import FeatureMissing, Hub, HubError, MemberState, PassingError

_PROGRESS_SECONDS = 15
_LONGEST_PAUSE = 60.0
# A feature that was made a moment ago may not be visible yet.
_FEATURE_SECONDS = 120

Progress = Callable[[str], Awaitable[None]]


class Member(NamedTuple):
    """A fleet membership, by its location and short id."""

    location: str
    membership: str


class NotReady(Exception):
    """Time is up, or the mesh can never become ready; the text names each membership."""


class Cancelled(Exception):
    """The engine has asked to stop."""


async def wait_until_active(
    hub: Hub,
    members: Sequence[Member],
    *,
    timeout: float,
    interval: float,
    cancelled: asyncio.Event,
    progress: Progress,
) -> dict[str, MemberState]:
    """Poll until all members are ready; return their states by short id.

    Args:
        hub: where to look.
        members: what to wait for.
        timeout: seconds.
        interval: seconds between two looks; doubled after each failed one, up to a minute.
        cancelled: ends the wait.
        progress: told every 15 seconds what is still missing.

    Raises:
        NotReady: time is up, or the feature does not exist.
        HubError: access is refused.
        Cancelled: the engine has asked to stop.
    """
    start = monotonic()
    told = start - _PROGRESS_SECONDS
    pause = interval
    while True:
        wished = None
        try:
            states = await hub.member_states()
            waiting = _unready(members, states)
            if not waiting:
                return {member.membership: states[member] for member in members}
            pause = interval
        except FeatureMissing:
            waiting = ["the fleet has no feature `servicemesh`; create it (Fleet does)"]
            if monotonic() - start > _FEATURE_SECONDS:
                raise NotReady(waiting[0]) from None
        except PassingError as error:
            waiting = [f"GKE Hub cannot be asked at the moment: {error}"]
            pause = min(max(pause, 0.1) * 2, _LONGEST_PAUSE)
            wished = error.retry_after
        now = monotonic()
        rest = timeout - (now - start)
        if rest <= 0:
            raise NotReady(_timed_out(timeout, waiting))
        if now - told >= _PROGRESS_SECONDS:
            await progress(f"waiting for the mesh ({now - start:.0f} s): {'; '.join(waiting)}")
            told = now
        await _pause(min(wished or pause, rest), cancelled)


async def read_states(hub: Hub, members: Sequence[Member]) -> dict[str, MemberState] | None:
    """Return what is reported now of those members that are reported; None without a feature.

    Raises:
        HubError: access is refused, or the API does not answer.
    """
    pause = 0.5
    while True:
        try:
            states = await hub.member_states()
        except FeatureMissing:
            return None
        except PassingError as error:
            if pause > 8:
                raise HubError(f"GKE Hub cannot be asked: {error}") from error
            await asyncio.sleep(error.retry_after or pause)
            pause *= 2
        else:
            return {item.membership: states[item] for item in members if item in states}


def _unready(members: Sequence[Member], states: Mapping[tuple[str, str], MemberState]) -> list[str]:
    texts: list[str] = []
    for member in members:
        found = states.get(member)
        name = f"{member.location}/{member.membership}"
        if found is None:
            texts.append(f"{name} is not reported by the feature")
        elif not found.ready:
            data_plane = f", data plane {found.data_plane}" if found.data_plane else ""
            why = f" ({'; '.join(found.details)})" if found.details else ""
            texts.append(f"{name} is {found.state or 'without a state'}{data_plane}{why}")
    return texts


def _timed_out(timeout: float, waiting: Sequence[str]) -> str:
    listed = "".join(f"\n  {text}" for text in waiting)
    return (
        f"the mesh was not ACTIVE after {timeout:g} s:{listed}\nSee the reasons in "
        "`gcloud container fleet mesh describe`, mend them and run the update again, or allow "
        "more time with timeoutSeconds."
    )


async def _pause(seconds: float, cancelled: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(cancelled.wait(), seconds)
    except TimeoutError:
        return
    raise Cancelled("the wait for the mesh was cancelled")
