"""The fewest roles that give everybody what they have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ciem import _core
from ciem.answers import RoleMining, Table
from ciem.progress import OnProgress, watching
from ciem.snapshot import _options


def mine_roles(
    pairs: Any,
    *,
    objective: str | None = None,
    max_permissions_per_role: int | None = None,
    max_roles_per_user: int | None = None,
    max_missing: int | None = None,
    separate: Sequence[Sequence[str]] | None = None,
    existing: Sequence[dict[str, Any]] | None = None,
    nodes: int | None = None,
    steps: int | None = None,
    on_progress: OnProgress = None,
) -> RoleMining:
    """Groups pairs of a user and a permission into as few roles as possible; they give exactly the pairs. ``pairs`` are tuples, a
    :class:`ciem.Table`, a DataFrame, Arrow with pyarrow installed, or an Arrow IPC stream; docs/mining.md lists the constraints.

    >>> mined = ciem.mine_roles([("ana", "read"), ("ana", "write"), ("bob", "read")], max_roles_per_user=2)
    >>> mined.optimal, [role["permissions"] for role in mined.roles]
    (True, [['read', 'write'], ['read']])
    """
    options = json.dumps(_options({**locals(), "pairs": None, "on_progress": None}))
    with watching(on_progress) as report:
        return RoleMining(json.loads(_core.mine_roles(_pieces(pairs), options, report)))


def _pieces(pairs: Any) -> Iterable[Any]:
    """Pairs, or Arrow IPC streams of pairs."""
    if isinstance(pairs, (bytes, Table)):
        return [pairs if isinstance(pairs, bytes) else pairs.to_arrow_ipc()]
    if hasattr(pairs, "write_ipc_stream"):  # polars
        return [pairs.write_ipc_stream(None).getvalue()]
    if hasattr(pairs, "itertuples"):  # pandas
        named = {"user", "permission"} <= set(pairs.columns)
        pairs = pairs[["user", "permission"]] if named else pairs.iloc[:, :2]
        return pairs.itertuples(index=False, name=None)
    if hasattr(pairs, "__arrow_c_stream__"):
        import pyarrow

        reader, stream = pyarrow.RecordBatchReader.from_stream(pairs), pyarrow.BufferOutputStream()
        with pyarrow.ipc.new_stream(stream, reader.schema) as writer:
            writer.write_table(reader.read_all())
        return [stream.getvalue().to_pybytes()]
    return pairs
