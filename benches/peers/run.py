#!/usr/bin/env python3
"""Measures the engine and other programs on the same organisation: `python3 benches/peers/run.py`.

Installs the peers from PyPI, npm and crates.io below `.work/` beside this file, runs them one after the other, and writes
`result.json`, `tables.md` and `peers.svg` there, and into `loose/` there what they say of loose policies. What is installed
already is not installed again. With `--docs`, the tables go into `docs/benchmarks.md` and `docs/providers/aws.md`, and the
picture into `docs/images/` too.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = HERE / ".work"
PYTHON_PEERS = ["principalmapper==1.1.5", "cloudsplaining==0.9.1"]
PLOTTING = ["matplotlib>=3.8,<4"]
NODE_PEER = "@cloud-copilot/iam-simulate@0.1.173"


def run(*command: object, **options: object) -> None:
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, **options)


def spent_on(*command: object) -> float:
    """Nanoseconds of processor time that a program and what it starts take."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(*command, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9


def install() -> tuple[Path, Path, Path, Path, Path]:
    """Where the Python, the npm prefix, the engine's two programs and cedar's program are."""
    environment, npm = WORK / "venv", WORK / "npm"
    if not (environment / "bin" / "cloudsplaining").exists():
        venv.create(environment, with_pip=True)
        run(environment / "bin" / "pip", "install", "--quiet", *PYTHON_PEERS, *PLOTTING)
    if not (npm / "node_modules").exists():
        npm.mkdir(parents=True, exist_ok=True)
        (npm / "package.json").write_text('{"private": true}')
        run("npm", "install", "--prefix", npm, "--no-package-lock", "--no-audit", "--no-fund", NODE_PEER)
    run("cargo", "build", "--locked", "--release", "-p", "ciem-benches", "--examples", cwd=ROOT)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    target = target if target.is_absolute() else ROOT / target
    cedar = WORK / "cedar-target"
    manifest = HERE / "cedar" / "Cargo.toml"
    run("cargo", "build", "--release", "--manifest-path", manifest, "--target-dir", cedar)
    examples = target / "release" / "examples"
    programs = examples / "peers", examples / "simulations", cedar / "release" / "ciem-peer-cedar"
    return environment / "bin" / "python", npm, *programs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", action="store_true", help="publish the figures of this run")
    parser.add_argument("--fresh", action="store_true", help="install and build everything anew")
    parser.add_argument("--small", type=int, default=1_000, help="principals for decisions")
    parser.add_argument("--large", type=int, default=10_000, help="principals for questions about everybody")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--simulations", type=int, default=20_000, help="requests with loose policies")
    parser.add_argument("--loose", action="store_true", help="loose policies only")
    given = parser.parse_args()
    if platform.system() != "Linux":
        sys.exit("processor time is read from /proc: this runs on Linux only")
    if given.fresh:
        shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(exist_ok=True)
    python, npm, engine, simulations, cedar = install()
    small, large, loose = WORK / "small", WORK / "large", WORK / "loose"
    for folder in (small, large, loose, WORK / "pmapper", WORK / "cloudsplaining"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()

    run(simulations, loose, given.simulations)
    run("node", HERE / "iam_simulate_full.mjs", npm, loose)
    run(python, HERE / "pmapper_full.py", loose)
    docs = [ROOT / "docs"] if given.docs else []
    run(sys.executable, HERE / "disagreements.py", loose, simulations, npm, python, *docs)
    if given.loose:
        return

    run(engine, small, given.small, given.requests)
    run(engine, large, given.large, 100)
    run(sys.executable, HERE / "world.py", small)
    run(cedar, small)
    run("node", HERE / "iam_simulate.mjs", small, npm)
    run(python, HERE / "pmapper.py", small, large, WORK / "pmapper")
    scan = python.with_name("cloudsplaining")
    start = spent_on(scan, "--help")
    details = sorted((small / "estate").glob("authorization-details-*.json"))
    scans = (spent_on(scan, "scan", "-s", "-i", path, "-o", WORK / "cloudsplaining") - start for path in details)
    (small / "cloudsplaining.json").write_text(json.dumps({"ns": sum(scans)}))
    run(python, HERE / "report.py", WORK, *docs)
    print((WORK / "tables.md").read_text())


if __name__ == "__main__":
    main()
