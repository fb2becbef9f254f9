"""Answers as HTML for notebooks. It is made from the wire form alone, and every text in it is escaped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

MOST_ROWS = 20
MOST_ITEMS = 5
MOST_TEXT = 300

# Notebooks align cells of tables to the right and colour every second row; borders follow the theme's text colour.
_STYLE = (
    "<style>.ciem{font-size:90%;line-height:1.4;overflow-x:auto}.ciem table{border-collapse:collapse;margin:.3em 0}"
    ".ciem th,.ciem td{text-align:left!important;vertical-align:top;padding:.2em .8em .2em 0;border-bottom:1px solid #8884}"
    ".ciem th{font-weight:600;white-space:nowrap}.ciem .rows td{max-width:40em}"
    ".ciem code{font-size:95%;background:none;padding:0}"
    ".ciem .more{opacity:.6;font-style:italic}.ciem .title{font-weight:600;font-size:110%}</style>"
)


def document(title: str, fields: Mapping[str, Any]) -> str:
    """One answer: its fields one below the other."""
    shown = {name: value for name, value in fields.items() if name != "v" and value not in (None, [], {})}
    return _frame(title, _fields(shown))


def table(title: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], count: int, notes: Sequence[str]) -> str:
    """The first rows of a table."""
    below = _more(count - MOST_ROWS, "rows") if count > MOST_ROWS else ""
    return _frame(title, _rows(columns, rows) + below + (_fields({"assumptions": notes}) if notes else ""))


def _frame(title: str, body: str) -> str:
    return f'{_STYLE}<div class="ciem"><div class="title">{escape(title)}</div>{body}</div>'


def _rows(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    head = "".join(f"<th>{_label(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in columns) + "</tr>" for row in rows)
    return f'<table class="rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _fields(fields: Mapping[str, Any]) -> str:
    lines = (f"<tr><th>{_label(name)}</th><td>{_cell(value, whole=True)}</td></tr>" for name, value in fields.items())
    return f"<table><tbody>{''.join(lines)}</tbody></table>"


def _cell(value: Any, *, whole: bool = False) -> str:
    """``whole``: the value has the width of the page, so that records in it may be tables of their own."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        # Counts and tags read as pairs; anything deeper, such as a condition, as the text that it has in a column.
        flat = all(not isinstance(item, (Mapping, list)) for item in value.values())
        if flat and whole:
            return _fields(value)
        return f"<code>{_text(json.dumps(value, ensure_ascii=False))}</code>"
    if isinstance(value, Sequence):
        if whole and value and all(isinstance(item, Mapping) for item in value):
            columns = list(dict.fromkeys(name for item in value for name in item))
            return _rows(columns, value[:MOST_ROWS]) + _more(len(value) - MOST_ROWS, "rows")
        most = MOST_ROWS if whole else MOST_ITEMS
        return "<br>".join(_cell(item) for item in value[:most]) + _more(len(value) - most, "items")
    return escape(str(json.dumps(value)))


def _text(text: str) -> str:
    # Names of resources have no spaces: lines may break where their parts do.
    shown = re.sub("(?<=[/:,])(?=[^/:,])", "<wbr>", escape(text[:MOST_TEXT]))
    return shown + _more(len(text) - MOST_TEXT, "characters")


def _label(name: str) -> str:
    return escape(name.replace("_", " "))


def _more(count: int, what: str) -> str:
    return f'<div class="more">… {count:,} more {what}</div>' if count > 0 else ""
