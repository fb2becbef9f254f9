"""Answers as Python objects over their wire form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, overload

from ciem import _core, html

if TYPE_CHECKING:
    import pandas as _pandas

#: Rows that are made into dicts at a time.
_CHUNK = 1024

# Inside `Table` the plain name is its method.
_Slice = slice


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

    def _repr_html_(self) -> str:
        return html.document(type(self).__name__, self._wire)


class Proposal(Answer):
    """A proposal of least privilege: every field of the wire form is an attribute (``docs/rightsizing.md``)."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name not in self._wire:
            raise AttributeError(name)
        return self._wire[name]


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
    def condition_text(self) -> str | None:
        """The same in words."""
        return self._wire.get("condition_text")

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
    """Why a question is answered as it is: the decision, what each layer says, and the statements that nearly apply.
    ``print`` and notebooks show it in words.

    >>> explanation = ciem.load("exports").explain("ana", "s3:GetObject", "arn:aws:s3:::other/x")
    >>> near = explanation.layers[0]["near_misses"][0]
    >>> near["elements"]["action"], near["failed"][0]["element"]
    ('matches', 'resource')
    >>> print(explanation.text().splitlines()[0])
    deny: `ana` may not do `s3:GetObject` on `arn:aws:s3:::other/x`
    """

    __slots__ = ()

    @property
    def question(self) -> dict[str, str]:
        """What was asked: principal, action and resource."""
        return self._wire["question"]

    @property
    def decision(self) -> Decision:
        """The decision that is explained."""
        return Decision(self._wire["decision"])

    @property
    def deciding(self) -> list[dict[str, Any]]:
        """The statements that decide."""
        statements = self.decision.statements
        return [statements[place] for place in self._wire.get("deciding", [])]

    @property
    def layers(self) -> list[dict[str, Any]]:
        """Every layer with its state, the statements that spoke in it, and near misses."""
        return self._wire.get("layers", [])

    @property
    def near_misses(self) -> list[dict[str, Any]]:
        """The near misses of all layers."""
        return [near for layer in self.layers for near in layer.get("near_misses", [])]

    def text(self) -> str:
        """The explanation in words, line by line."""
        return _core.explanation_text(self.to_json())

    def html(self) -> str:
        """The explanation as an HTML fragment, without scripts and with all foreign text escaped."""
        return _core.explanation_html(self.to_json())

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Explanation({self.decision.verdict!r})"

    def _repr_html_(self) -> str:
        return self.html()


class AccessCheck(Answer):
    """How a check of loose policies ended, and the request that shows why."""

    __slots__ = ()

    @property
    def result(self) -> str:
        """How the check ended."""
        return self._wire["result"]

    @property
    def witness(self) -> dict[str, Any] | None:
        """The request that was found."""
        return self._wire.get("witness")

    @property
    def statements(self) -> list[dict[str, Any]]:
        """The statements that allow it."""
        return self._wire.get("statements", [])

    @property
    def reasons(self) -> list[str]:
        """Why, in words."""
        return self._wire["reasons"]

    def __repr__(self) -> str:
        return f"AccessCheck({self.result!r})"


class RoleMining(Answer):
    """Mined roles. Each is a dict with ``users``, ``permissions`` and what is to be said of it."""

    __slots__ = ()

    @property
    def roles(self) -> list[dict[str, Any]]:
        """The roles, those that account for the most pairs first."""
        return self._wire["roles"]

    @property
    def lower_bound(self) -> int:
        """Less than this no solution has."""
        return self._wire["lower_bound"]

    @property
    def optimal(self) -> bool:
        """Whether there is provably nothing better."""
        return self._wire["optimal"]


class Table:
    """Rows, each a dict, in a stable order; kept as columns and made into dicts when they are read.

    A table is an Arrow table to any library that speaks the Arrow PyCapsule interface, without a copy in Python:
    ``polars.DataFrame(table)``, ``pyarrow.table(table)``, ``duckdb.sql("from table")``.

    >>> table = ciem.load("exports").principals()
    >>> len(table) == len(list(table)) >= 2
    True
    >>> table.columns[:3]
    ['principal', 'principal_kind', 'name']
    >>> table[0]["principal"] == table.column("principal")[0]
    True
    """

    __slots__ = ("_native",)

    def __init__(self, native: _core.Table) -> None:
        self._native = native

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in their order."""
        return self._native.columns()

    @property
    def assumptions(self) -> list[str]:
        """What the rows take for granted."""
        return self._native.assumptions()

    def column(self, name: str) -> list[Any]:
        """All values of a column, in the order of the rows.

        Raises KeyError if there is no such column.
        """
        try:
            return self._native.column(self.columns.index(name))
        except ValueError:
            raise KeyError(name) from None

    def slice(self, start: int, stop: int | None = None) -> Table:
        """The rows from ``start`` up to ``stop`` as a table of its own, without a copy; negative positions count from the end."""
        first, last, _ = _Slice(start, stop).indices(len(self))
        return Table(self._native.slice(first, max(first, last)))

    def to_dict(self) -> dict[str, Any]:
        """The wire form as plain Python data."""
        return json.loads(self.to_json())

    def to_json(self) -> str:
        """The wire form as JSON text."""
        return self._native.to_json()

    def to_pandas(self) -> _pandas.DataFrame:
        """The rows as a ``pandas.DataFrame``, which need not come with pyarrow; lists stay lists.

        Raises ImportError if pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise ImportError("to_pandas() needs pandas: pip install pandas") from None
        return pandas.DataFrame({name: self.column(name) for name in self.columns}, columns=self.columns)

    def to_arrow_ipc(self) -> bytes:
        """The rows as an Arrow IPC stream, for another process or a file; needs no other library."""
        return self._native.to_arrow_ipc()

    def __arrow_c_schema__(self) -> object:
        """The columns, by the Arrow PyCapsule interface."""
        return self._native.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows, by the Arrow PyCapsule interface; the schema is always the table's own."""
        return self._native.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return len(self._native)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for start in range(0, len(self), _CHUNK):
            yield from self._native.rows(start, start + _CHUNK)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: _Slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | _Slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, _Slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                return self._native.rows(start, stop)
            return [self[at] for at in range(start, stop, step)]
        at = range(len(self))[index]
        return self._native.rows(at, at + 1)[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and len(self) == len(other) and self.to_json() == other.to_json()

    def __repr__(self) -> str:
        return f"Table({len(self)} rows: {', '.join(self.columns)})"

    def _repr_html_(self) -> str:
        title = f"{len(self):,} row{'' if len(self) == 1 else 's'}"
        rows = self[: html.MOST_ROWS]
        for row in rows:
            if row.get("condition"):
                row["condition"] = _core.condition_text(row["condition"])
        return html.table(title, self.columns, rows, len(self), self.assumptions)
