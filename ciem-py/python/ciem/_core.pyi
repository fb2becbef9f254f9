"""
Native half of `ciem`; import `ciem` instead.
"""

from _typeshed import SupportsGetItem
from os import PathLike
from typing import Any, Final, SupportsIndex, final

__all__ = ["__version__", "Snapshot", "Table", "Usage", "check", "condition_blocks", "condition_text", "explanation_html", "explanation_text", "mine_roles", "simulate"]

__version__: Final[str]
"""
Version of crate, wheel and npm package.
"""

@final
class Snapshot:
    """
    A loaded snapshot that answers wire requests; `ciem.Snapshot` wraps it.
    """
    def ask(self, /, verb: str, request: str, report: Any | None = None, usage: Usage | None = None) -> str:
        """
        Answers the wire request of a verb that takes long; some verbs take usage into account.
        """
    def call(self, /, verb: str, request: str) -> str:
        """
        Answers the wire request of a verb.
        """
    @staticmethod
    def load(paths: SupportsGetItem[int, str | PathLike[str]], *, on_error: str, limits: dict[str, SupportsIndex], catalog: str | None = None, report: Any | None = None) -> Snapshot:
        """
        Reads files and folders. `limits` has those of `max_bytes`, `max_entries`, `max_ratio` and `max_depth` that
        differ from the usual ones.
        """
    def table(self, /, verb: str, request: str, report: Any | None = None, usage: Usage | None = None) -> Table:
        """
        Answers the wire request of a verb with rows; some verbs take usage into account.
        """

@final
class Table:
    """
    Rows kept as columns; `ciem.Table` wraps it.
    """
    def __arrow_c_schema__(self, /) -> Any:
        """
        A capsule with an Arrow C schema.
        """
    def __arrow_c_stream__(self, /, requested_schema: Any | None = None) -> Any:
        """
        A capsule with an Arrow C stream; batches are made while the consumer pulls them.
        """
    def __len__(self, /) -> int: ...
    def assumptions(self, /) -> list[str]:
        """
        What the rows take for granted.
        """
    def column(self, /, column: SupportsIndex) -> list[Any]:
        """
        All cells of the column at a position.
        """
    def columns(self, /) -> list[str]:
        """
        Names of the columns.
        """
    def rows(self, /, start: SupportsIndex, stop: SupportsIndex) -> list[Any]:
        """
        The rows from `start` up to `stop` as dicts.
        """
    def slice(self, /, start: SupportsIndex, stop: SupportsIndex) -> Table:
        """
        The rows from `start` up to `stop`, sharing the cells.
        """
    def to_arrow_ipc(self, /) -> bytes:
        """
        An Arrow IPC stream.
        """
    def to_json(self, /) -> str:
        """
        The wire document.
        """

@final
class Usage:
    """
    Usage that answers wire requests; `ciem.Usage` wraps it.
    """
    def call(self, /, verb: str, request: str) -> str:
        """
        Answers the wire request of a verb.
        """
    @staticmethod
    def load(paths: SupportsGetItem[int, str | PathLike[str]], options: str, report: Any | None = None) -> Usage:
        """
        Reads files and folders; takes the wire form of the options.
        """
    def merge(self, /, other: Usage) -> Usage:
        """
        What this and the other know together.
        """
    def table(self, /, verb: str, request: str) -> Table:
        """
        Answers the wire request of a verb with rows.
        """

def check(verb: str, request: str) -> str:
    """
    Answers the wire request of a check of loose policies.
    """

def condition_blocks(condition: str) -> str:
    """
    Writes a condition as blocks of policy statements; takes and gives JSON text.
    """

def condition_text(condition: str) -> str:
    """
    Says a condition in words; takes its JSON text.
    """

def explanation_html(explanation: str) -> str:
    """
    The wire answer of `explain` as an HTML fragment.
    """

def explanation_text(explanation: str) -> str:
    """
    The wire answer of `explain` as text of several lines.
    """

def mine_roles(pairs: Any, options: str, report: Any | None = None) -> str:
    """
    Mines roles. `pairs` are pairs of texts, and Arrow IPC streams of such as bytes; `options` and the answer are wire forms.
    """

def simulate(simulation: str) -> str:
    """
    Decides the simulation given in wire form.
    """
