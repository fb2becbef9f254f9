"""What answers depend on, told in other forms than their own. What the words are and what a block can say is decided by
the core."""

from __future__ import annotations

import json
from typing import Any

from ciem import _core


def condition_text(condition: dict[str, Any] | str) -> str:
    """A condition in words: that of a decision, or the text in the column ``condition`` of a row.

    >>> ciem.condition_text({"key": "aws:SourceIp", "operator": "IpAddress", "values": ["10.0.0.0/8"]})
    'only from 10.0.0.0/8'
    """
    return _core.condition_text(_text(condition))


def condition_blocks(condition: dict[str, Any] | str) -> dict[str, Any]:
    """A condition as ``Condition`` blocks of policy statements: ``blocks``, one for each alternative, or the ``reason`` why there
    are none. Access exists if any of the blocks holds, so each belongs to a statement of its own.

    >>> ciem.condition_blocks({"key": "aws:SourceIp", "operator": "IpAddress", "values": ["10.0.0.0/8"]})["blocks"]
    [{'IpAddress': {'aws:SourceIp': ['10.0.0.0/8']}}]
    >>> ciem.condition_blocks({"session_name": "ci"})["reason"]
    "a condition block cannot test the session's name"
    """
    return json.loads(_core.condition_blocks(_text(condition)))


def _text(condition: dict[str, Any] | str) -> str:
    return condition if isinstance(condition, str) else json.dumps(condition)
