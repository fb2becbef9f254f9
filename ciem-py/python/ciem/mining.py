"""The fewest roles that give everybody what they have."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from ciem import _core
from ciem.answers import RoleMining, Table
from ciem.progress import OnProgress, watching

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Constraints(TypedDict, total=False):
    """What mined roles must fulfil, and how much work may be done."""

    #: Of what there should be as little as possible: ``"roles"``, or ``"assignments"`` (users and permissions of all roles).
    objective: str
    max_permissions_per_role: int
    max_roles_per_user: int
    #: So many pairs may be left out.
    max_missing: int
    #: Pairs of permissions that no role may have both of.
    separate: Iterable[Sequence[str]]
    #: Roles to prefer: ``name``, ``permissions``, and ``users`` for the overlap that is told.
    existing: Iterable[dict[str, Any]]
    #: The budget: nodes of the exact search, steps of everything else.
    nodes: int
    steps: int


def mine_roles(pairs: Any, *, on_progress: OnProgress = None, **constraints: Unpack[Constraints]) -> RoleMining:
    """Groups pairs of a user and a permission into as few roles as possible. The roles give exactly the pairs, no more.

    ``pairs`` are tuples, a :class:`ciem.Table`, a DataFrame of pandas or polars, an Arrow IPC stream as bytes, or, with pyarrow
    installed, anything that speaks the Arrow PyCapsule interface; of columns ``user`` and ``permission``, or the first two.

    >>> mined = ciem.mine_roles([("ana", "read"), ("ana", "write"), ("bob", "read")])
    >>> mined.optimal, [role["permissions"] for role in mined.roles]
    (True, [['read', 'write'], ['read']])
    """
    with watching(on_progress) as report:
        return RoleMining(json.loads(_core.mine_roles(_pieces(pairs), wire(constraints), report)))


def wire(constraints: Any) -> str:
    """A request; what was given as any iterable becomes a list."""
    return json.dumps(constraints, default=list)


def _pieces(pairs: Any) -> Iterator[Any]:
    """Pairs, or Arrow IPC streams of pairs."""
    if isinstance(pairs, bytes):
        yield pairs
    elif isinstance(pairs, Table):
        yield pairs.to_arrow_ipc()
    elif hasattr(pairs, "write_ipc_stream"):
        stream = io.BytesIO()
        pairs.write_ipc_stream(stream)
        yield stream.getvalue()
    elif hasattr(pairs, "itertuples"):
        named = {"user", "permission"} <= set(pairs.columns)
        yield from (pairs[["user", "permission"]] if named else pairs.iloc[:, :2]).itertuples(index=False, name=None)
    elif hasattr(pairs, "__arrow_c_stream__"):
        import pyarrow

        for batch in pyarrow.RecordBatchReader.from_stream(pairs):
            stream = io.BytesIO()
            with pyarrow.ipc.new_stream(stream, batch.schema) as writer:
                writer.write_batch(batch)
            yield stream.getvalue()
    else:
        yield from pairs
