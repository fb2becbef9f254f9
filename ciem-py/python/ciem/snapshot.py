"""Loading exports and asking them. Every method sends the wire request of its verb; what an option means and which
values it takes is decided by the core, which raises :class:`ciem.RequestError` for a value that it does not know."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ciem import _core
from ciem.answers import Decision, Explanation, Table


class Snapshot:
    """What was loaded, frozen. Methods may be called from several threads at once; long ones let other threads run."""

    __slots__ = ("_native",)

    def __init__(self, native: _core.Snapshot) -> None:
        self._native = native

    def can(
        self,
        principal: str,
        action: str,
        resource: str | None = None,
        *,
        context: dict[str, Any] | None = None,
        session: dict[str, Any] | None = None,
        at: str | datetime | None = None,
        unknown_context: str | None = None,
        missing_layer: str | None = None,
    ) -> Decision:
        """May ``principal`` do ``action`` on ``resource``?

        ``context`` gives request keys: text, number, boolean, a list for several values, None for a key known to be absent.
        ``at`` is RFC 3339 text or an aware ``datetime``; without it time is not known.
        """
        return Decision(self._ask("can", _options(locals())))

    def explain(
        self,
        principal: str,
        action: str,
        resource: str | None = None,
        *,
        context: dict[str, Any] | None = None,
        session: dict[str, Any] | None = None,
        at: str | datetime | None = None,
        unknown_context: str | None = None,
        missing_layer: str | None = None,
    ) -> Explanation:
        """Why, or why not: the decision of :meth:`can` and what each layer says."""
        return Explanation(self._ask("explain", _options(locals())))

    def who_can(
        self,
        action: str,
        resource: str | None = None,
        *,
        match: str | None = None,
        context: dict[str, Any] | None = None,
        at: str | datetime | None = None,
        unknown_context: str | None = None,
        missing_layer: str | None = None,
    ) -> Table:
        """Who can do ``action`` on ``resource``, which may be a pattern: one row per principal."""
        return Table(self._ask("who_can", _options(locals())))

    def what_can(
        self,
        principal: str,
        *,
        resource: str | None = None,
        context: dict[str, Any] | None = None,
        session: dict[str, Any] | None = None,
        at: str | datetime | None = None,
        unknown_context: str | None = None,
        missing_layer: str | None = None,
    ) -> Table:
        """What ``principal`` can do: one row per group of permissions with the same resources and verdict."""
        return Table(self._ask("what_can", _options(locals())))

    def matrix(
        self,
        *,
        resource: str | None = None,
        context: dict[str, Any] | None = None,
        at: str | datetime | None = None,
        unknown_context: str | None = None,
        missing_layer: str | None = None,
    ) -> Table:
        """What every principal can do."""
        return Table(self._ask("matrix", _options(locals())))

    def coverage(self) -> dict[str, Any]:
        """What was read and what was not: files, counts, layers, rejected policies, assumptions."""
        return self._ask("coverage", {})

    def principals(self) -> Table:
        """Users and roles of the loaded accounts, and callers that policies name."""
        return Table(self._ask("principals", {}))

    def permissions(self) -> Table:
        """The permissions of the catalogues and of the loaded documents."""
        return Table(self._ask("permissions", {}))

    def resources(self) -> Table:
        """The resources that were loaded."""
        return Table(self._ask("resources", {}))

    def _ask(self, verb: str, request: dict[str, Any]) -> dict[str, Any]:
        return json.loads(self._native.call(verb, json.dumps(request)))


def load(
    path_or_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    on_error: str = "raise",
    max_bytes: int | None = None,
    catalog: dict[str, Any] | None = None,
) -> Snapshot:
    """Reads export files, plain or gzip, zip and tar archives, folders, and what matches patterns such as ``"exports/**/*.json"``.

    ``on_error="skip"`` lists a file that cannot be read in ``coverage()`` and goes on. ``max_bytes`` limits the unpacked size of each.
    ``catalog`` adds to or replaces the permissions that the library knows.
    """
    paths = [path_or_paths] if isinstance(path_or_paths, (str, os.PathLike)) else list(path_or_paths)
    text = None if catalog is None else json.dumps(catalog)
    return Snapshot(_core.Snapshot.load(paths, on_error=on_error, max_bytes=max_bytes, catalog=text))


def simulate(simulation: dict[str, Any]) -> Decision:
    """Decides about loose policies, given in wire form, without an account export."""
    return Decision(json.loads(_core.simulate(json.dumps(simulation))))


def _options(arguments: dict[str, Any]) -> dict[str, Any]:
    """A method's arguments as a wire request: those given, time as text."""
    request = {name: value for name, value in arguments.items() if name != "self" and value is not None}
    if isinstance(request.get("at"), datetime):
        request["at"] = request["at"].isoformat()
    return request
