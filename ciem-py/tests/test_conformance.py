"""Runs the worlds of `ciem-core/testdata/conformance`; the README there says how they are written and compared."""

import base64
import json
from pathlib import Path

import ciem
import pytest

WORLDS = sorted((Path(__file__).parents[2] / "ciem-core/testdata/conformance").glob("*.json"))


@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.stem)
def test_world(path, tmp_path, monkeypatch):
    world = json.loads(path.read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    for file in world["files"] + world.get("logs", []):
        Path(file["name"]).write_bytes(content(file))
    options = {key: world[key] for key in ("on_error", "catalog") if key in world}
    names = [file["name"] for file in world["files"]]
    if expected := world.get("load_error"):
        with pytest.raises(ciem.CiemError) as caught:
            ciem.load(names, **options)
        found = {"code": caught.value.code, **(caught.value.place or {})}
        assert {key: found.get(key) for key in expected} == expected
        return
    snapshot = ciem.load(names, **options)
    usage = ciem.load_usage([file["name"] for file in world["logs"]]) if "logs" in world else None
    for ask in world["ask"]:
        verb, request = ask["verb"], ask.get("request", {})
        if "error" in ask:
            with pytest.raises(ciem.CiemError) as caught:
                call(snapshot, usage, verb, request)
            assert caught.value.code == ask["error"], ask
        else:
            answer = call(snapshot, usage, verb, request)
            assert mismatch(ask["expect"], answer) is None, (ask, answer)
            if lines := ask.get("text"):
                assert set(lines) <= words(answer), (ask, answer)


def content(file):
    if "json" in file:
        return json.dumps(file["json"]).encode()
    return file["text"].encode() if "text" in file else base64.b64decode(file["base64"])


def call(snapshot, usage, verb, request):
    if verb == "usage_coverage":
        return usage.coverage()
    if verb == "uses":
        return usage.uses().to_dict()
    if verb in ("unused", "rightsize", "rightsize_each") or "window" in request:
        return getattr(snapshot, verb)(usage=usage, **request).to_dict()
    if verb.startswith("condition_"):
        return getattr(ciem, verb)(**request)
    if verb == "simulate":
        answer = ciem.simulate(request)
    else:
        loose = verb.startswith("check_") or "pairs" in request
        answer = getattr(ciem if loose else snapshot, verb)(**request)
    return answer if isinstance(answer, dict) else answer.to_dict()


def words(answer):
    """The lines of an explanation in words."""
    return {line.lstrip() for line in ciem.Explanation(answer).text().splitlines()}


def mismatch(expected, actual, at=""):
    """Where `expected` does not describe a part of `actual`; None if it does."""
    if isinstance(expected, dict) and isinstance(actual, list) and any(key.startswith("$") for key in expected):
        return next((f"{at} {key}" for key in expected if not ARRAY_CHECKS[key](expected[key], actual)), None)
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = (member(key, value, actual, f"{at}/{key}") for key, value in expected.items())
        return next(filter(None, found), None)
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        found = (mismatch(e, a, f"{at}/{i}") for i, (e, a) in enumerate(zip(expected, actual)))
        return next(filter(None, found), None)
    if isinstance(expected, dict) and isinstance(actual, str):
        return in_text(expected, actual, at)
    same = expected == actual and isinstance(expected, bool) == isinstance(actual, bool)
    return None if same else f"`{at}` is {actual!r}, expected {expected!r}"


def in_text(expected, text, at):
    """Columns hold conditions as JSON text."""
    try:
        return mismatch(expected, json.loads(text), at)
    except json.JSONDecodeError:
        return f"`{at}` is no JSON text: {text!r}"


def member(key, expected, actual, at):
    if isinstance(expected, dict) and expected.get("$absent") is True:
        return f"{at} is there" if actual.get(key) is not None else None
    return mismatch(expected, actual[key], at) if key in actual else f"{at} is absent"


def some(wanted, items):
    return any(mismatch(wanted, item) is None for item in items)


ARRAY_CHECKS = {
    "$contains": lambda listed, items: all(some(wanted, items) for wanted in listed),
    "$none": lambda listed, items: not any(some(wanted, items) for wanted in listed),
    "$length": lambda length, items: len(items) == length,
}
