"""Decisions and questions about everybody with PMapper (the package principalmapper), and what they cost.

`python pmapper.py FOLDER LARGE STORAGE`: its command line makes a graph of every account of both folders, reading IAM from
`aws_server.py`; then the functions that its README lists for use as a library answer the questions of `questions.json` in
FOLDER and of `holders.json` in LARGE. Writes `pmapper.json` into FOLDER. Times are processor time in nanoseconds.

Edges between principals are left out (services are limited to one that has none here), so that it answers the same question:
who may do it himself.
"""

import collections
import collections.abc
import json
import os
import resource
import runpy
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from world import World

Json = dict[str, Any]
CLI = "--cli"
NO_POLICY: Json = {"Version": "2012-10-17", "Statement": []}
COMMAND = ("graph", "create", "--ignore-orgs", "--include-regions", "us-east-1", "--include-services", "cloudformation")


def lend_old_names() -> None:
    """The names that Python 3.10 took out of `collections`, which the program still looks for there."""
    for name in ("Callable", "Iterable", "Mapping", "MutableMapping", "MutableSequence", "Sequence"):
        setattr(collections, name, getattr(collections.abc, name))


def run_cli(environment: dict[str, str], *arguments: str) -> float:
    """Nanoseconds that its command line takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, __file__, CLI, *arguments]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9


def make_graph(exports: Path, account: str, storage: Path) -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    script = Path(__file__).with_name("aws_server.py")
    server = subprocess.Popen([sys.executable, script, exports, account, str(port)])
    storage.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PMAPPER_STORAGE": str(storage),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    try:
        for _ in range(100):
            try:
                urllib.request.build_opener(urllib.request.ProxyHandler({})).open(endpoint).close()
                break
            except OSError:
                time.sleep(0.1)
        return run_cli(environment, *COMMAND) - run_cli(environment, "--help")
    finally:
        server.terminate()
        server.wait()


class Graphs:
    """The graphs of an organisation's accounts, and the library's way to ask one of their principals."""

    def __init__(self, exports: Path, storage: Path) -> None:
        from principalmapper.common import Policy
        from principalmapper.graphing import graph_actions
        from principalmapper.querying import query_interface

        self.world, self.check = World(exports), query_interface.local_check_authorization_full
        accounts = [path.stem.rsplit("-", 1)[1] for path in sorted(exports.glob("authorization-details-*.json"))]
        self.create = sum(make_graph(exports, account, storage) for account in accounts)
        started = time.process_time_ns()
        graphs = [graph_actions.get_graph_from_disk(str(storage / account)) for account in accounts]
        self.load = time.process_time_ns() - started
        self.nodes = {node.arn: node for graph in graphs for node in graph.nodes}
        self.policies = {name: Policy(name, name, document) for name, document in self.world.documents.items()}

    def arguments(self, question: Json) -> tuple[Any, ...]:
        asked = self.world.simulation(question)
        policy = self.world.documents.get(asked["resource_policy"])
        if policy is None and asked["owner"] != asked["account"]:
            # Without any it would not look at whose the resource is.
            policy = NO_POLICY
        scps = [[self.policies[name] for name in level] for level in asked["scps"]]
        node = self.nodes[asked["principal"]]
        return node, asked["action"], asked["resource"], asked["context"], policy, policy and asked["owner"], scps, None

    def ask(self, questions: list[Json]) -> tuple[list[str], float]:
        ready = [self.arguments(question) for question in questions]
        verdicts = []
        started = time.process_time_ns()
        for arguments in ready:
            try:
                verdicts.append("allow" if self.check(*arguments) else "deny")
            except Exception as error:
                verdicts.append(f"error: {type(error).__name__}")
        return verdicts, time.process_time_ns() - started


def main(folder: Path, large: Path, storage: Path) -> None:
    lend_old_names()
    graphs = Graphs(folder / "estate", storage / "small")
    questions = json.loads((folder / "questions.json").read_text())
    graphs.ask(questions[:200])
    verdicts, spent = graphs.ask(questions)
    result = {"ns": spent / len(questions), "create": graphs.create, "load": graphs.load, "verdicts": verdicts}

    graphs = Graphs(large / "estate", storage / "large")
    result["large"] = {"create": graphs.create, "load": graphs.load, "who_can": []}
    for question in json.loads((large / "holders.json").read_text()):
        everybody = list(graphs.world.principals)
        answers, spent = graphs.ask([{**question, "principal": principal} for principal in everybody])
        allowed = [principal for principal, answer in zip(everybody, answers, strict=True) if answer == "allow"]
        result["large"]["who_can"].append({"name": question["name"], "ns": spent, "allow": allowed})
    (folder / "pmapper.json").write_text(json.dumps(result))


if __name__ == "__main__":
    if sys.argv[1] == CLI:
        lend_old_names()
        sys.argv = ["pmapper", *sys.argv[2:]]
        runpy.run_module("principalmapper", run_name="__main__")
    else:
        main(*(Path(argument).resolve() for argument in sys.argv[1:]))
