"""The smallest simulation on which two programs still disagree: parts are taken away while they do."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Ask = Callable[[Json], tuple[str, str]]
HELD = ("identity_policies", "permissions_boundaries", "session_policies", "vpc_endpoint_policies")
LEVELS = ("service_control_policies", "resource_control_policies")
# What facts say of these a program may know without being told: taking one away would change the question.
TOLD = ("aws:CurrentTime", "aws:Principal", "aws:Resource", "aws:username", "aws:RequestedRegion")


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def policies(asked: Json) -> list[tuple[str, Json]]:
    """Every policy of a simulation, with the field that it stands in."""
    found = [(field, policy) for field in HELD for policy in asked[field]]
    found += [(field, policy) for field in LEVELS for level in asked[field] for policy in level["policies"]]
    return found + ([("resource_policy", asked["resource_policy"])] if "resource_policy" in asked else [])


def statements(asked: Json) -> list[tuple[str, Json]]:
    """Every statement, with the field of its policy."""
    return [(field, one) for field, policy in policies(asked) for one in listed(policy["document"]["Statement"])]


def containers(asked: Json) -> Iterator[list[Any] | Json]:
    """Lists and objects any entry of which may be taken away."""
    yield from (asked[field] for field in (*HELD, *LEVELS))
    yield from (level["policies"] for field in LEVELS for level in asked[field])
    yield asked["context"]
    for _, policy in policies(asked):
        if isinstance(policy["document"]["Statement"], list):
            yield policy["document"]["Statement"]
    for _, one in statements(asked):
        yield from (tests for tests in one.get("Condition", {}).values() if len(tests) > 1)
        yield one.get("Condition", {})
        elements = [one.get(element) for element in ("Action", "NotAction", "Resource", "NotResource")]
        named = [one[element] for element in ("Principal", "NotPrincipal") if isinstance(one.get(element), dict)]
        elements += [entries for group in named for entries in (group, *group.values())]
        yield from (entries for entries in elements if isinstance(entries, (list, dict)) and len(entries) > 1)


def smaller(asked: Json) -> Iterator[Json]:
    """The simulation with one part less, in every way."""
    for at, container in enumerate(containers(asked)):
        keys = range(len(container)) if isinstance(container, list) else list(container)
        for key in keys:
            if container is asked["context"] and str(key).startswith(TOLD):
                continue
            less = copy.deepcopy(asked)
            del list(containers(less))[at][key]
            yield less
    if "resource_policy" in asked:
        yield {key: value for key, value in asked.items() if key != "resource_policy"}
    for at, (_, one) in enumerate(statements(asked)):
        for element in ("Action", "Resource"):
            if one.get(element, "*") != "*":
                less = copy.deepcopy(asked)
                statements(less)[at][1][element] = "*"
                yield less
        if "Condition" in one:
            less = copy.deepcopy(asked)
            del statements(less)[at][1]["Condition"]
            yield less


def smallest(asked: Json, ask: Ask) -> Json:
    wanted = ask(asked)
    while (less := next((one for one in smaller(asked) if ask(one) == wanted), None)) is not None:
        asked = less
    return asked
