"""The exceptions. Each has a stable ``code``, the same in every language, and the ``place`` in the input if there is one."""

from __future__ import annotations

import json
from typing import Any


class CiemError(Exception):
    """Any failure of the library; ``except CiemError`` catches all of them."""

    def __init__(self, message: str, code: str = "internal", place: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        #: Stable snake_case code.
        self.code = code
        #: ``source``, ``pointer`` and ``line`` of the offending input, those that apply; None without an input.
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.code, self.place)

    def __str__(self) -> str:
        return str(self.args[0])


class DecodeError(CiemError, ValueError):
    """An input is not what its format says, or no reader knows it: ``malformed``, ``unrecognised``."""


class LimitError(CiemError, ValueError):
    """An input or a question exceeds a limit: ``too_large``, ``too_deep``, ``too_complex``."""


class RequestError(CiemError, ValueError):
    """A request, option or policy in it is not valid: ``invalid_request``, ``rejected_policy``."""


class NameLookupError(CiemError, LookupError):
    """A name is not there, or not unique: ``unknown_principal``, ``ambiguous_principal``, ``unknown_action``."""


class FileError(CiemError, OSError):
    """A file could not be read: ``io``."""


class Cancelled(CiemError):
    """The caller stopped the work: ``cancelled``."""


class InternalError(CiemError, RuntimeError):
    """A defect of this library: ``internal``."""


_CLASSES: dict[str, type[CiemError]] = {
    "malformed": DecodeError,
    "unrecognised": DecodeError,
    "too_large": LimitError,
    "too_deep": LimitError,
    "too_complex": LimitError,
    "rejected_policy": RequestError,
    "invalid_request": RequestError,
    "unknown_principal": NameLookupError,
    "ambiguous_principal": NameLookupError,
    "unknown_action": NameLookupError,
    "io": FileError,
    "cancelled": Cancelled,
    "internal": InternalError,
}


def from_wire(text: str) -> CiemError:
    """The exception of an error in wire form; a code that this version does not know gives the base class."""
    error = json.loads(text)
    code = error["code"]
    return _CLASSES.get(code, CiemError)(error["message"], code, error.get("place"))
