"""What was not read, and what do answers take for granted because of it?

    python not_read.py [FOLDER]
"""

import sys
from pathlib import Path

import ciem

SAMPLE = Path(__file__).parent.parent / "estate"


def main(folder: str | Path = SAMPLE) -> None:
    # A file that is damaged is one of the things to report.
    coverage = ciem.load(folder, on_error="skip").coverage()

    for layer in coverage["layers"]:
        if layer["state"] != "given":
            print(f"account {layer['account']}: {layer['layer']} {layer['state'].replace('_', ' ')}")
            if layer.get("reason"):
                print(f"    {layer['reason']}")
    for file in coverage["files"]:
        for error in file["errors"]:
            print(f"{file['name']}: {error}")
    for policy in coverage["rejected"]:
        print(f"rejected: {policy['policy']} {policy['pointer']}: {policy['reason']}")
    for action in coverage["unknown_actions"]:
        print(f"no such action in the catalogue: {action}")
    for assumption in coverage["assumptions"]:
        print(f"assumed: {assumption}")


if __name__ == "__main__":
    main(*sys.argv[1:])
