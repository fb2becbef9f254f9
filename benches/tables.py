"""How long a large answer takes to become a data frame: `python benches/tables.py [USERS]`, a million if not said.

Needs the wheel, polars and pyarrow. The export has one account in which every user may read one bucket, half of them under
a condition; `who_can` then has a row for each. Times are of one run, in seconds: elapsed, and of the processor.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import ciem
import polars
import pyarrow

Answer = TypeVar("Answer")
ACCOUNT = "111122223333"


def managed(name: str, condition: dict[str, object]) -> dict[str, object]:
    statement = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::pay/*", **condition}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    version = {"Document": document, "VersionId": "v1", "IsDefaultVersion": True}
    return {"PolicyName": name, "Arn": arn("policy", name), "DefaultVersionId": "v1", "PolicyVersionList": [version]}


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def write(path: Path, users: int) -> None:
    """User by user: the export of a million users is a third of a gigabyte."""
    policies = [managed("read", {}), managed("inside", {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}})]
    with path.open("w", encoding="utf-8") as file:
        file.write('{"RoleDetailList":[],"GroupDetailList":[],"Policies":%s,"UserDetailList":[' % json.dumps(policies))
        for number in range(users):
            name, policy = f"user{number:07}", policies[number % 2]
            held = [{"PolicyName": policy["PolicyName"], "PolicyArn": policy["Arn"]}]
            user = {"Path": "/", "UserName": name, "UserId": f"AIDA{number:017}", "Arn": arn("user", name), "GroupList": []}
            file.write(("," if number else "") + json.dumps({**user, "AttachedManagedPolicies": held}))
        file.write("]}")


def timed(what: str, work: Callable[[], Answer]) -> Answer:
    started, spent = time.perf_counter(), time.process_time()
    answer = work()
    print(f"{what:<40} {time.perf_counter() - started:8.3f} {time.process_time() - spent:8.3f}")
    return answer


def main(users: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "account.json")
        write(path, users)
        print(f"{users} users, {path.stat().st_size / 1e6:.0f} MB")
        snapshot = timed("load", lambda: ciem.load(path, max_bytes=1 << 34))
    table = timed("who_can, all columns", lambda: snapshot.who_can("s3:GetObject", "arn:aws:s3:::pay/report.csv"))
    print(f"{len(table)} rows of {len(table.columns)} columns")
    frame = timed("polars.DataFrame", lambda: polars.DataFrame(table))
    arrow = timed("pyarrow.table", lambda: pyarrow.table(table))
    assert frame.height == arrow.num_rows == len(table) and frame["principal"].n_unique() == len(table)
    timed("to_pandas", table.to_pandas)
    timed("to_arrow_ipc", table.to_arrow_ipc)
    timed("iteration over dicts", lambda: sum(1 for _ in table))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
