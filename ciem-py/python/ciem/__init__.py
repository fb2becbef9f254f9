"""Who can do what in a cloud, on which resource, under which condition, and why: answered from exported files,
inside this process and without a network.

    import ciem
    snapshot = ciem.load("exports/")
    for row in snapshot.who_can("s3:GetObject", "arn:aws:s3:::pay/*"):
        print(row["principal"], row["verdict"])
"""

from ciem._core import __version__
from ciem.answers import AccessCheck, Decision, Explanation, Proposal, RoleMining, Table
from ciem.checks import check_access_not_granted, check_no_new_access, check_no_public_access
from ciem.conditions import condition_blocks, condition_text
from ciem.errors import (
    Cancelled,
    CiemError,
    DecodeError,
    FileError,
    InternalError,
    LimitError,
    NameLookupError,
    RequestError,
)
from ciem.mining import mine_roles
from ciem.progress import OnProgress, Step
from ciem.snapshot import Snapshot, load, simulate
from ciem.usage import Usage, load_usage

__all__ = [
    "AccessCheck",
    "Cancelled",
    "CiemError",
    "DecodeError",
    "Decision",
    "Explanation",
    "FileError",
    "InternalError",
    "LimitError",
    "NameLookupError",
    "OnProgress",
    "Proposal",
    "RequestError",
    "RoleMining",
    "Snapshot",
    "Step",
    "Table",
    "Usage",
    "__version__",
    "check_access_not_granted",
    "check_no_new_access",
    "check_no_public_access",
    "condition_blocks",
    "condition_text",
    "load",
    "load_usage",
    "mine_roles",
    "simulate",
]
