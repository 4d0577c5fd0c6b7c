# ruff: noqa: N802 - the methods are named by the protocol
"""Secrets for a plugin that knows none: it is asked without their marks, its answers get them back.

The engine does the same for plugins that say that they accept no secrets, but builds no components
with those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshwright_sandbox.plugins.serving import InitializationFailed
from meshwright_sandbox.plugins.values import SECRET_MARK, conceal, decode, encode, reveal

# Method -> which of its answer's fields is like which of the request's.
_ALIKE: Mapping[str, Mapping[str, str]] = {
    "Check": {"inputs": "news"},
    "Diff": {},
    "Create": {"properties": "properties"},
    "Update": {"properties": "news"},
    "Read": {"inputs": "inputs", "properties": "properties"},
    "Delete": {},
    "Invoke": {},
}
_SENT = ("news", "olds", "old_inputs", "properties", "inputs", "args")


class SecretsKept:
    """Put before a servicer; requests without a secret go through as they are."""

    accepts_secrets = True

    def Check(self, request, context):
        return self._answered("Check", request, context)

    def Diff(self, request, context):
        return self._answered("Diff", request, context)

    def Create(self, request, context):
        return self._answered("Create", request, context)

    def Update(self, request, context):
        return self._answered("Update", request, context)

    def Read(self, request, context):
        return self._answered("Read", request, context)

    def Delete(self, request, context):
        return self._answered("Delete", request, context)

    def Invoke(self, request, context):
        return self._answered("Invoke", request, context)

    def _answered(self, method: str, request: Any, context: Any) -> Any:
        answer = getattr(super(), method)
        if SECRET_MARK not in request.SerializeToString():
            return answer(request, context)
        plain = type(request).FromString(request.SerializeToString())
        for name in _SENT:
            if name in plain.DESCRIPTOR.fields_by_name and plain.HasField(name):
                getattr(plain, name).CopyFrom(encode(reveal(decode(getattr(request, name)))))
        try:
            answered = answer(plain, context)
        except InitializationFailed as failure:
            _mark(failure.detail, request, _ALIKE[method])
            raise
        _mark(answered, request, _ALIKE[method])
        return answered


def _mark(answer: Any, request: Any, alike: Mapping[str, str]) -> None:
    for name, like in alike.items():
        if answer.HasField(name):
            found, marked = getattr(answer, name), decode(getattr(request, like))
            found.CopyFrom(encode(conceal(decode(found), marked)))
