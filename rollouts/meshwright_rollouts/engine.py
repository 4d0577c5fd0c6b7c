"""The stack, through Pulumi's Automation API: where rollouts stand, and what moves them."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from pulumi import automation
from pulumi.automation import errors
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from meshwright_provider.position import ORDER_VARIABLE, Order, Position
from meshwright_rollouts.plan import Rollout, rollout_in, rollouts_in

_LOCK_SECONDS = 5
_HOLDER = re.compile(r"created by \S+@(\S+) \(pid (\d+)\)")
# A store of files names a lock before it holds it: who reads it just then finds nothing there.
_BEING_LOCKED = re.compile(r'"\.pulumi/locks/[^"]*\.tmp"\) \(code=NotFound\)')
_MOVED_ON = "the rollout has moved on"


class UpdateFailed(Exception):
    """The engine did not finish an update, or cannot read the state; the text is its own."""


class Locked(UpdateFailed):
    """Another update holds the stack for longer than was waited for."""


class MovedOn(Exception):
    """Somebody else moved the rollout first."""


class _Workspace(automation.LocalWorkspace):
    """A workspace that leaves the stack that the user has selected as it is."""

    def select_stack(self, stack_name: str) -> None:
        self.pulumi_command.run(
            ["stack", "--stack", stack_name, "--show-name"], self.work_dir, dict(self.env_vars)
        )


@dataclass(frozen=True)
class Settings:
    """How updates are run."""

    folder: Path
    stack: str
    policy_packs: tuple[str, ...] = ()
    lock_seconds: float = 300
    """How long to wait for another update to end."""


class Engine:
    """One stack."""

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        """`tell` is given a line when an update has to wait.

        Raises:
            UpdateFailed: there is no such stack, or no engine.
        """
        self._settings = settings
        self._tell = tell
        # The workspace keeps this very map, so that one update can be given more than the others.
        self._environment: dict[str, str] = {}
        with _readable():
            workspace = _Workspace(work_dir=str(settings.folder))
            workspace.env_vars = self._environment
            self._workspace = workspace
            self._stack = automation.Stack.select(settings.stack, workspace)

    def read(self, name: str | None) -> Rollout:
        """The rollout as the state holds it."""
        return rollout_in(self._deployment(), name)

    def read_all(self) -> list[Rollout]:
        """Every rollout of the stack."""
        return rollouts_in(self._deployment())

    def settle(self, rollout: Rollout, message: str) -> Rollout:
        """Bring a rollout's routes to what the state says; where it stands then.

        It mends what an update that was killed left half done, and takes changed steps and
        analyses from the spec.

        Raises:
            MovedOn: the spec names another target, or somebody else moved it.
            UpdateFailed: the engine did not finish.
        """
        hold = Order(rollout.urn, rollout.position.generation, None).as_text()
        self._update([rollout.urn, *rollout.dependents], message, hold)
        return self.read(rollout.name)

    def order(self, rollout: Rollout, position: Position, message: str) -> Rollout:
        """Move a rollout and its routes, and nothing else.

        Raises:
            MovedOn: it does not stand any more where `rollout` says.
            UpdateFailed: the engine did not finish.
        """
        order = Order(rollout.urn, rollout.position.generation, position).as_text()
        self._update([rollout.urn, *rollout.dependents], message, order)
        moved = self.read(rollout.name)
        if moved.position.generation == rollout.position.generation:
            raise UpdateFailed(
                "the update ran, and the rollout did not move: its plugin did not get the order. A "
                "plugin that runs already (PULUMI_DEBUG_PROVIDERS) takes none"
            )
        return moved

    def _update(self, targets: Sequence[str], message: str, order: str | None = None) -> None:
        settings = self._settings
        if order is not None:
            self._environment[ORDER_VARIABLE] = order
        try:
            for attempt in self._while_locked():
                with attempt:
                    self._run(
                        "up", "--yes", "--skip-preview", "--message", message,
                        *_each("--target", targets), *_each("--policy-pack", settings.policy_packs),
                        "--color", "never", "--suppress-outputs", "--suppress-progress",
                    )  # fmt: skip
        finally:
            self._environment.pop(ORDER_VARIABLE, None)

    def _while_locked(self) -> Iterator[Any]:
        return iter(
            Retrying(
                retry=retry_if_exception_type(Locked),
                wait=wait_fixed(_LOCK_SECONDS),
                stop=stop_after_delay(self._settings.lock_seconds),
                before_sleep=self._say_locked,
                reraise=True,
            )
        )

    def _say_locked(self, state: Any) -> None:
        text = str(state.outcome.exception())
        holder = _HOLDER.search(text)
        if holder and holder[1] == os.uname().nodename and not _runs(int(holder[2])):
            self._tell(f"process {holder[2]}, which locked the stack, was killed; unlocked")
            with _readable():
                self._stack.cancel()
            return
        who = f": {holder[0]}" if holder else ""
        self._tell(f"another update works on the stack{who}; waiting for it")

    def _deployment(self) -> dict[str, Any]:
        # Not by the Automation API's export, which lays secrets open.
        deployment: dict[str, Any] = (
            json.loads(self._run("stack", "export")).get("deployment") or {}
        )
        return deployment

    def _run(self, *command: str) -> str:
        """What a command of the engine prints.

        The Automation API's own `up` runs the engine three times more, for outputs and history.
        """
        with _readable():
            done = self._workspace.pulumi_command.run(
                [*command, "--stack", self._settings.stack],
                self._workspace.work_dir,
                dict(self._workspace.env_vars),
            )
        return done.stdout


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


@contextmanager
def _readable() -> Generator[None]:
    try:
        yield
    except errors.ConcurrentUpdateError as error:
        raise Locked(_text(error)) from error
    except errors.CommandError as error:
        text = _text(error)
        if _BEING_LOCKED.search(text):
            raise Locked(text) from error
        if _MOVED_ON in text:
            raise MovedOn(text) from error
        raise UpdateFailed(text) from error
    except FileNotFoundError as error:
        raise UpdateFailed(f"there is no `{error.filename}`; `make tools` brings it") from error


def _runs(pid: int) -> bool:
    """A process that was killed stays in the table where nobody asks how it ended, as in a
    container whose first process is a program of the user's.
    """
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _text(error: Exception) -> str:
    """What the engine said: its errors, without what it tells of its own running."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line.startswith("error:") or _HOLDER.search(line)]
    return "\n".join(dict.fromkeys(told)) or "\n".join(line for line in lines if line)[-2000:]


class Clock:
    """The real time."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
