"""Loading exports and asking them. Every method sends the wire request of its verb; what an option means and which
values it takes is decided by the core, which raises :class:`ciem.RequestError` for a value that it does not know."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, SupportsIndex

from ciem import _core, html
from ciem.answers import Decision, Explanation, Proposal, RoleMining, Table
from ciem.progress import OnProgress, watching
from ciem.usage import Usage


class Snapshot:
    """What was loaded, frozen. Methods may be called from several threads at once; long ones let other threads run, and
    Ctrl-C ends them.

    >>> snapshot = ciem.load("exports")
    >>> snapshot
    Snapshot(1 file)
    """

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

        >>> snapshot = ciem.load("exports")
        >>> snapshot.can("ana", "s3:GetObject", "arn:aws:s3:::pay/report.csv").verdict
        'allow'
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
        """Why, or why not: the decision of :meth:`can` and what each layer says.

        >>> ciem.load("exports").explain("bob", "s3:GetObject", "arn:aws:s3:::pay/report.csv").decision.denial
        'implicit'
        """
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
        caller_side_only: bool = False,
        tiers: Sequence[str] | None = None,
        on_progress: OnProgress = None,
    ) -> Table:
        """Who can do ``action`` on ``resource``, which may be a pattern: one row per principal.

        ``match="all"`` leaves out those who can do it on some of the resources only; ``tiers=("active", "eligible")`` adds those who
        have to activate it first.

        >>> [row["principal"] for row in ciem.load("exports").who_can("s3:GetObject", "arn:aws:s3:::pay/*")]
        ['arn:aws:iam::111122223333:user/ana']
        """
        return self._table("who_can", _options(locals()))

    def what_can(
        self,
        principal: str | None = None,
        *,
        action: str | None = None,
        resource: str | None = None,
        context: dict[str, Any] | None = None,
        session: dict[str, Any] | None = None,
        at: str | datetime | None = None,
        unknown_context: str | None = None,
        missing_layer: str | None = None,
        caller_side_only: bool = False,
        tiers: Sequence[str] | None = None,
        on_progress: OnProgress = None,
    ) -> Table:
        """What ``principal`` can do: one row per group of permissions with the same resources and verdict.

        Without ``principal`` the rows of everybody, with whose they are in further columns; that costs far less than to
        ask about one after the other.

        >>> table = ciem.load("exports").what_can("ana", resource="arn:aws:s3:::pay/report.csv")
        >>> table[0]["permissions"], table[0]["verdict"]
        (['s3:GetObject'], 'allow')
        >>> table = ciem.load("exports").what_can()
        >>> [row["principal"] for row in table if "s3:GetObject" in row["permissions"]]
        ['arn:aws:iam::111122223333:user/ana']
        """
        return self._table("what_can", _options(locals()))

    def matrix(
        self,
        *,
        principal: str | None = None,
        action: str | None = None,
        resource: str | None = None,
        context: dict[str, Any] | None = None,
        at: str | datetime | None = None,
        unknown_context: str | None = None,
        missing_layer: str | None = None,
        caller_side_only: bool = False,
        on_progress: OnProgress = None,
    ) -> Table:
        """What every principal can do, or ``principal`` alone, all permissions at once or ``action`` alone: those that are
        sure, and those that are possible on some resources or under a condition. ``caller_side_only`` leaves out what the
        policies of resources say.

        >>> [row["principal"] for row in ciem.load("exports").matrix() if "s3:GetObject" in row["possibly"]]
        ['arn:aws:iam::111122223333:user/ana']
        """
        return self._table("matrix", _options(locals()))

    def can_become(
        self,
        principal: str | None = None,
        *,
        transitive: bool = True,
        context: dict[str, Any] | None = None,
        session: dict[str, Any] | None = None,
        at: str | datetime | None = None,
        unknown_context: str | None = None,
        missing_layer: str | None = None,
        on_progress: OnProgress = None,
    ) -> Table:
        """Into whom ``principal`` can turn, or everybody without it: roles taken on, assignments, identity providers,
        services, and who may pass a role to a service.

        ``transitive=False`` lists single steps only; otherwise there is a row, too, for each principal that is best reached over
        several, with their number in ``hops`` and the principals in between in ``through``.

        >>> ciem.load("exports").can_become("ana").column("to")
        []
        """
        return self._table("can_become", _options(locals()))

    def assignments(self, *, usage: Usage | None = None, on_progress: OnProgress = None, **selection: Any) -> Table:
        """Who is effectively allowed what, as pairs for :func:`ciem.mine_roles`; selected by ``account``, ``principal_kind``, ``tags``.
        With ``usage`` only what was used in the ``window``; ``keep_unobservable=True`` adds what the logs cannot show.

        >>> ciem.load("exports").assignments()[0]["permission"]
        's3:GetObject on arn:aws:s3:::pay/* in 111122223333'
        """
        return self._table("assignments", _options({**selection, "on_progress": on_progress}), usage)

    def mine_roles(
        self, *, usage: Usage | None = None, on_progress: OnProgress = None, **options: Any
    ) -> RoleMining:
        """The fewest roles for this access, with the options of :meth:`assignments` and :func:`ciem.mine_roles`, and ``form``, in
        which they are written, too: ``"group"``, ``"permission_set"`` or ``"custom_role"``.

        >>> ciem.load("exports").mine_roles(form="group").roles[0]["native"][0]["definition"]["UserNames"]
        ['ana']
        """
        return RoleMining(self._long("mine_roles", usage, on_progress, _options(options)))

    def what_would_settle_it(
        self,
        principal: str | None = None,
        *,
        action: str | None = None,
        resource: str | None = None,
        match: str | None = None,
        context: dict[str, Any] | None = None,
        session: dict[str, Any] | None = None,
        at: str | datetime | None = None,
        unknown_context: str | None = None,
        missing_layer: str | None = None,
        on_progress: OnProgress = None,
    ) -> Table:
        """What to find out: the missing facts and unknown keys behind answers that are not definite, those first that settle
        the most.

        With ``principal`` it is about the answers of :meth:`what_can`; without it about those of :meth:`who_can` if ``action`` is one
        permission, else about what everybody can do. ``answers`` counts those that depend on the row, ``alone`` those that
        depend on nothing else, ``open`` all that are not definite.

        >>> row = ciem.load("exports").what_would_settle_it("ana")[0]
        >>> row["kind"], row["name"]
        ('fact', 'trust policy')
        """
        return self._table("what_would_settle_it", _options(locals()))

    def unused(
        self,
        usage: Usage,
        *,
        window: str = "90d",
        at: str | datetime | None = None,
        gaps: int = 0,
        of: str | list[str] | None = None,
        account: str | None = None,
        environment: str | None = None,
        team: str | None = None,
        by: str | None = None,
        on_progress: OnProgress = None,
    ) -> Table:
        """What was granted and not used in the ``window`` that ends at ``at``, or when the logs end: principals, credentials,
        groups, policies, statements, permissions, resources and trusts, or only those named in ``of``.

        ``state`` is ``"unused"`` only where the logs would have shown a use on every day of the window, save for as many as
        ``gaps``; otherwise ``"unobservable"``. ``by`` (``"provider"``, ``"account"``, ``"environment"``, ``"team"``) brings rows
        together.

        >>> usage = ciem.load_usage("exports", on_error="skip")
        >>> table = ciem.load("exports").unused(usage, at="2026-02-01T00:00:00Z", of="principal")
        >>> table[0]["id"], table[0]["state"]
        ('arn:aws:iam::111122223333:user/ana', 'unobservable')
        """
        of = [of] if isinstance(of, str) else of
        return self._table("unused", _options({**locals(), "usage": None}), usage)

    def rightsize(self, principal: str, usage: Usage, *, on_progress: OnProgress = None, **options: Any) -> Proposal:
        """The smallest policies that keep what ``principal`` used and what has to be protected, with proof, certificate and exact
        rollback. ``options`` are those of ``docs/rightsizing.md``: ``window``, ``at``, ``level``, ``mode``, ``shared`` and more.

        >>> usage = ciem.load_usage("exports", on_error="skip")
        >>> ciem.load("exports").rightsize("ana", usage, at="2026-02-01T00:00:00Z").keep[0]["reasons"]
        ['unobservable']
        """
        return Proposal(self._long("rightsize", usage, on_progress, {"principal": principal, **_options(options)}))

    def rightsize_each(
        self, usage: Usage, principals: Sequence[str] | None = None, *, on_progress: OnProgress = None, **options: Any
    ) -> Table:
        """The proposals of :meth:`rightsize` for many, or for everybody: what they have in common is found once, and several are made
        at a time. One row each, with the proposal as JSON in ``proposal``, or in ``error`` why there is none.

        >>> usage = ciem.load_usage("exports", on_error="skip")
        >>> [row["kept"] for row in ciem.load("exports").rightsize_each(usage, ["ana"], at="2026-02-01T00:00:00Z")]
        [1]
        """
        request = _options({**options, "principals": principals, "on_progress": on_progress})
        return self._table("rightsize_each", request, usage)

    def coverage(self) -> dict[str, Any]:
        """What was read and what was not: files, counts, layers, rejected policies, assumptions.

        >>> ciem.load("exports").coverage()["counts"]["users"]
        2
        """
        return self._ask("coverage", {})

    def principals(self) -> Table:
        """Users and roles of the loaded accounts, and callers that policies name.

        >>> [row["name"] for row in ciem.load("exports").principals() if row["loaded"]]
        ['ana', 'bob']
        """
        return self._table("principals", {})

    def permissions(self) -> Table:
        """The permissions of the catalogues and of the loaded documents."""
        return self._table("permissions", {})

    def resources(self) -> Table:
        """The resources that were loaded."""
        return self._table("resources", {})

    def credentials(self) -> Table:
        """Passwords, access keys, MFA devices and certificates: whether they work, their age and their last use."""
        return self._table("credentials", {})

    def last_accessed(self) -> Table:
        """The last use of services and permissions by each principal; ``None`` where there was none."""
        return self._table("last_accessed", {})

    def _ask(self, verb: str, request: dict[str, Any]) -> dict[str, Any]:
        return json.loads(self._native.call(verb, json.dumps(request)))

    def _long(self, verb: str, usage: Usage | None, on_progress: OnProgress, request: dict[str, Any]) -> dict[str, Any]:
        with watching(on_progress) as report:
            return json.loads(self._native.ask(verb, json.dumps(request), report, usage._native if usage else None))

    def _table(self, verb: str, request: dict[str, Any], usage: Usage | None = None) -> Table:
        with watching(request.pop("on_progress", None)) as report:
            return Table(self._native.table(verb, json.dumps(request), report, usage._native if usage else None))

    def __repr__(self) -> str:
        count = len(self.coverage()["files"])
        return f"Snapshot({count} file{'' if count == 1 else 's'})"

    def _repr_html_(self) -> str:
        return html.document("Snapshot", self.coverage())


def load(
    path_or_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    on_error: str = "raise",
    on_progress: OnProgress = None,
    max_bytes: int | None = None,
    max_entries: int | None = None,
    max_ratio: int | None = None,
    max_depth: int | None = None,
    catalog: dict[str, Any] | None = None,
) -> Snapshot:
    """Reads export files, plain or gzip, zip and tar archives, folders, and what matches patterns such as ``"exports/**/*.json"``.

    ``on_error="skip"`` lists a file that cannot be read in ``coverage()`` and goes on. ``max_bytes`` limits the unpacked size of each,
    ``max_entries`` the files in an archive or folder, ``max_ratio`` what one packed byte may unfold to, ``max_depth`` the levels of
    folders. ``catalog`` adds to or replaces the permissions that the library knows.

    ``on_progress`` is called with every :class:`ciem.Step`; True shows a bar of ``tqdm``, False nothing. None shows the bar
    for longer work if ``tqdm`` is installed and the error stream is a terminal.

    >>> phases = []
    >>> snapshot = ciem.load("exports", on_progress=lambda step: phases.append(step.phase))
    >>> {"reading", "indexing"} <= set(phases)
    True
    """
    paths = [path_or_paths] if isinstance(path_or_paths, (str, os.PathLike)) else list(path_or_paths)
    text = None if catalog is None else json.dumps(catalog)
    given = {"max_bytes": max_bytes, "max_entries": max_entries, "max_ratio": max_ratio, "max_depth": max_depth}
    limits: dict[str, SupportsIndex] = {name: limit for name, limit in given.items() if limit is not None}
    with watching(on_progress) as report:
        native = _core.Snapshot.load(paths, on_error=on_error, limits=limits, catalog=text, report=report)
    return Snapshot(native)


def simulate(simulation: dict[str, Any]) -> Decision:
    """Decides about loose policies, given in wire form, without an account export.

    >>> policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    >>> question = {"provider": "aws", "principal": "arn:aws:iam::111122223333:user/ana", "action": "s3:GetObject"}
    >>> question["resource"] = "arn:aws:s3:::pay/report.csv"
    >>> ciem.simulate({**question, "identity_policies": [{"name": "own", "document": policy}]}).verdict
    'allow'
    """
    return Decision(json.loads(_core.simulate(json.dumps(simulation))))


def _options(arguments: dict[str, Any]) -> dict[str, Any]:
    """A method's arguments as a wire request: those given, time as text."""
    request = {name: value for name, value in arguments.items() if name != "self" and value is not None}
    if isinstance(request.get("at"), datetime):
        request["at"] = request["at"].isoformat()
    return request
