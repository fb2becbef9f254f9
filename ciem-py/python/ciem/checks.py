"""Loose policies compared as sets of requests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ciem import _core
from ciem.answers import AccessCheck

#: A policy document, as data or as its JSON text.
Policy = dict[str, Any] | str


def check_no_new_access(
    new: Policy,
    old: Policy,
    *,
    kind: str | None = None,
    resource_account: str | None = None,
    provider: str | None = None,
) -> AccessCheck:
    """Whether ``new`` allows no request that ``old`` does not allow.

    >>> policy = lambda resource: {"Version": "2012-10-17", "Statement": [
    ...     {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]}
    >>> check = ciem.check_no_new_access(policy("arn:aws:s3:::pay/*"), policy("arn:aws:s3:::pay/in/*"))
    >>> check.result, check.witness["action"]
    ('fail', 's3:GetObject')
    """
    return _check("check_no_new_access", locals())


def check_access_not_granted(
    policy: Policy,
    actions: Iterable[str] = (),
    resources: Iterable[str] = (),
    *,
    kind: str | None = None,
    resource_account: str | None = None,
    provider: str | None = None,
) -> AccessCheck:
    """Whether ``policy`` allows none of the actions on any part of any of the resources.

    Actions may have wildcards, resources are ids or patterns; none of them means any.

    >>> policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    >>> ciem.check_access_not_granted(policy, ["s3:Delete*", "s3:Put*"]).result
    'pass'
    """
    actions, resources = list(actions), list(resources)
    return _check("check_access_not_granted", locals())


def check_no_public_access(
    policy: Policy,
    *,
    kind: str | None = None,
    resource_account: str | None = None,
    provider: str | None = None,
) -> AccessCheck:
    """Whether ``policy``, the policy of a resource, grants nothing to the public.

    >>> policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
    ...     "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pay/*"}]}
    >>> ciem.check_no_public_access(policy).witness["principal"]
    'anonymous'
    """
    return _check("check_no_public_access", locals())


def _check(verb: str, arguments: dict[str, Any]) -> AccessCheck:
    request = {name: value for name, value in arguments.items() if value is not None}
    return AccessCheck(json.loads(_core.check(verb, json.dumps(request))))
