"""Usage: who used which permission, when and on what, made of logs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ciem import _core, html
from ciem.answers import Table
from ciem.progress import OnProgress, watching


class Usage:
    """What logs tell of the use of permissions. A value: merging gives a new one."""

    __slots__ = ("_native",)

    def __init__(self, native: _core.Usage) -> None:
        self._native = native

    def merge(self, other: Usage) -> Usage:
        """What both know together, whichever comes first. Counts are sums, marked ``at_most`` where both know of a day."""
        return Usage(self._native.merge(other._native))

    def uses(self) -> Table:
        """One row for each permission of each principal: days, counts, resources, refused and failed calls."""
        return Table(self._native.table("uses", "{}"))

    def coverage(self) -> dict[str, Any]:
        """What was read, what was not, and of which accounts, services, regions and days the logs tell."""
        return json.loads(self._native.call("coverage", "{}"))

    def __repr__(self) -> str:
        return f"Usage({self.coverage()['counts']['uses']} uses)"

    def _repr_html_(self) -> str:
        return html.document("Usage", self.coverage())


def load_usage(
    path_or_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    on_error: str = "raise",
    on_progress: OnProgress = None,
    as_of: str | datetime | None = None,
    failed_is_used: bool = False,
    max_bytes: int | None = None,
) -> Usage:
    """Reads logs, plain or gzip, as a stream: files, folders, and what matches patterns.

    Of a file that can be read in part that part stays, and ``coverage()`` lists the rest with its offset. A file of which
    nothing can be read is an exception; ``on_error="skip"`` lists it, too. ``as_of`` is when the logs were fetched: later
    events have a wrong clock and do not count. ``failed_is_used`` counts calls that failed, though not for want of a
    permission, as uses.

    >>> ciem.load_usage("exports", on_error="skip")
    Usage(0 uses)
    """
    paths = [path_or_paths] if isinstance(path_or_paths, (str, os.PathLike)) else list(path_or_paths)
    moment = as_of.isoformat() if isinstance(as_of, datetime) else as_of
    options = {"on_error": on_error, "as_of": moment, "failed_is_used": failed_is_used, "max_bytes": max_bytes}
    with watching(on_progress) as report:
        return Usage(_core.Usage.load(paths, json.dumps(options), report))
