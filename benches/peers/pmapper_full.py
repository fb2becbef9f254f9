"""Loose policies with PMapper (the package principalmapper): `python pmapper_full.py FOLDER` answers `simulations.jsonl` and
writes `simulations-pmapper.json`; without FOLDER it reads simulations line by line and writes the answers.

It is asked with the library function that its graphs are asked with, about a principal put together from the documents. It
knows users and roles, and neither RCPs nor endpoint policies: what hangs on these it is not asked.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from pmapper import lend_old_names

lend_old_names()

from principalmapper.common import Node, Policy  # noqa: E402
from principalmapper.querying import query_interface  # noqa: E402

Json = dict[str, Any]
NO_POLICY: Json = {"Version": "2012-10-17", "Statement": []}


def arguments(asked: Json) -> tuple[Any, ...] | None:
    arn = asked.get("role_arn", asked["principal"])
    if not (":user/" in arn or ":role/" in arn) or asked["vpc_endpoint_policies"]:
        return None
    held = [Policy(arn, item["name"], item["document"]) for item in asked["identity_policies"]]
    boundaries = [Policy(arn, item["name"], item["document"]) for item in asked["permissions_boundaries"]]
    user = ":user/" in arn
    node = Node(
        arn, "ID", held, [] if user else None, None if user else NO_POLICY, None, 0, False, False,
        boundaries[0] if boundaries else None, False, {},
    )  # fmt: skip
    context = {key: value for key, value in asked["context"].items() if value is not None}
    account, owner = arn.split(":")[4], asked.get("resource_account")
    policy = asked.get("resource_policy", {}).get("document")
    if policy is None and owner not in (None, account):
        # Without any it would not look at whose the resource is.
        policy = NO_POLICY
    levels = [[Policy(arn, i["name"], i["document"]) for i in level["policies"]] for level in asked["service_control_policies"]]
    documents = [item["document"] for item in asked["session_policies"]]
    session = {**documents[0], "Statement": [one for document in documents for one in document["Statement"]]} if documents else None
    return node, asked["action"], asked["resource"], context, policy, owner or account, levels or None, session


def ask(ready: tuple[Any, ...] | None) -> Json:
    if ready is None:
        return {"verdict": "not asked"}
    try:
        return {"verdict": "allow" if query_interface.local_check_authorization_full(*ready) else "deny"}
    except Exception as error:
        return {"verdict": "error", "errors": {"message": f"{type(error).__name__}: {error}"[:200]}}


def main() -> None:
    if len(sys.argv) == 1:
        for line in sys.stdin:
            print(json.dumps(ask(arguments(json.loads(line)))), flush=True)
        return
    folder = Path(sys.argv[1])
    lines = (folder / "simulations.jsonl").read_text().splitlines()
    ready = [arguments(json.loads(line)["simulation"]) for line in lines]
    started = time.process_time_ns()
    answers = [ask(one) for one in ready]
    once = (time.process_time_ns() - started) / sum(one is not None for one in ready)
    (folder / "simulations-pmapper.json").write_text(json.dumps({"ns": {"once": once}, "answers": answers}))


if __name__ == "__main__":
    main()
