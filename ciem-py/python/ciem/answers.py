"""Answers as Python objects over their wire form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, overload


class Answer:
    """A wire document; fields that do not apply are absent from it."""

    __slots__ = ("_wire",)

    def __init__(self, wire: dict[str, Any]) -> None:
        self._wire = wire

    def to_dict(self) -> dict[str, Any]:
        """The wire form as plain Python data."""
        return self._wire

    def to_json(self) -> str:
        """The wire form as JSON text."""
        return json.dumps(self._wire, ensure_ascii=False, separators=(",", ":"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._wire == other._wire

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._wire!r})"


class Decision(Answer):
    """The answer to one question: the verdict and what it rests on."""

    __slots__ = ()

    @property
    def verdict(self) -> str:
        """One of the four verdicts."""
        return self._wire["verdict"]

    @property
    def denial(self) -> str | None:
        """How access is denied, when it is."""
        return self._wire.get("denial")

    @property
    def blocked_by(self) -> list[str]:
        """Layers each of which stands in the way."""
        return self._wire.get("blocked_by", [])

    @property
    def condition(self) -> dict[str, Any] | None:
        """The residual condition, when the verdict depends on the request."""
        return self._wire.get("condition")

    @property
    def missing(self) -> list[dict[str, Any]]:
        """Facts that would decide and were not loaded."""
        return self._wire.get("missing", [])

    @property
    def statements(self) -> list[dict[str, Any]]:
        """The statements that made the answer."""
        return self._wire.get("statements", [])

    @property
    def assumptions(self) -> list[str]:
        """What the answer takes for granted."""
        return self._wire.get("assumptions", [])

    def __repr__(self) -> str:
        return f"Decision({self.verdict!r})"


class Explanation(Answer):
    """Why a question is answered as it is: the decision and what each layer says."""

    __slots__ = ()

    @property
    def decision(self) -> Decision:
        """The decision that is explained."""
        return Decision(self._wire["decision"])

    @property
    def layers(self) -> list[dict[str, Any]]:
        """Every layer with the statements that spoke in it."""
        return self._wire.get("layers", [])

    def __repr__(self) -> str:
        return f"Explanation({self.decision.verdict!r})"


class Table(Answer):
    """Rows, each a dict, in a stable order."""

    __slots__ = ()

    @property
    def assumptions(self) -> list[str]:
        """What the rows take for granted."""
        return self._wire.get("assumptions", [])

    def __len__(self) -> int:
        return len(self._wire["rows"])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._wire["rows"])

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._wire["rows"][index]

    def __repr__(self) -> str:
        return f"Table({len(self)} rows)"
