"""What a notebook shows: every answer, with all foreign text escaped."""

import json
import re
from html.parser import HTMLParser

import ciem
import pytest
from conftest import READ, arn, export, user

NASTY = "<script>alert('x')</script>&\"\u202e"


class Reader(HTMLParser):
    """Reads a page; refuses tags that are not closed and scripts."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        tables = {"table", "thead", "tbody", "tr", "th", "td"}
        lists = {"details", "summary", "ul", "li", "span"}
        assert tag in {"style", "div", "code", "br", "wbr", *tables, *lists}, tag
        assert all(name in {"class", "open"} for name, _ in attrs)
        if tag not in {"br", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def text(answer):
    reader = Reader()
    reader.feed(answer._repr_html_())
    reader.close()
    assert reader.open == []
    return reader.text


@pytest.fixture
def snapshot(tmp_path):
    condition = {"StringEquals": {"aws:SourceVpc": NASTY}}
    statement = {**READ, "Sid": "Read", "Condition": condition}
    people = [user("ana", statement), user("bob"), {**user("eve"), "Tags": [{"Key": NASTY, "Value": NASTY}]}]
    path = tmp_path / "account.json"
    path.write_text(json.dumps(export(*people)))
    return ciem.load(path)


def test_answers_show_their_fields(snapshot):
    question = (arn("user", "ana"), "s3:GetObject", "arn:aws:s3:::pay/x")
    shown = text(snapshot.can(*question))
    assert "conditional" in shown and "aws:SourceVpc" in shown and "Read" in shown
    assert json.dumps(NASTY, ensure_ascii=False) in shown
    assert "blocked by" in text(snapshot.can(arn("user", "bob"), *question[1:]))


def test_an_explanation_shows_itself_in_words(snapshot):
    explanation = snapshot.explain(arn("user", "ana"), "s3:GetObject", "arn:aws:s3:::pay/x", context={"aws:SourceVpc": "vpc-1"})
    visible = NASTY.replace("\u202e", "\\u{202e}")
    for shown in (text(explanation), str(explanation)):
        assert "does not allow" in shown and "condition" in shown and "aws:SourceVpc" in shown and visible in shown
    assert explanation.near_misses[0]["failed"][0]["wanted"] == [NASTY] and explanation.deciding == []


def test_tables_show_their_first_rows(snapshot):
    shown = text(snapshot.principals())
    assert json.dumps({NASTY: NASTY}, ensure_ascii=False) in shown and "principal kind" in shown
    table = snapshot.permissions()
    assert re.search(r"… [\d,]+ more rows", text(table)) and f"{len(table):,} rows" in text(table)
    assert table[19]["permission"] in text(table) and len(table._repr_html_()) < 50_000
    assert "0 rows" in text(table.slice(0, 0)) and "1 row" in text(table.slice(0, 1))


def test_conditions_of_rows_are_shown_in_words(snapshot):
    shown = text(snapshot.who_can("s3:GetObject", "arn:aws:s3:::pay/x"))
    assert "only from VPC" in shown and "\u202e" not in shown
    assert "only from VPC" in text(snapshot.can(arn("user", "ana"), "s3:GetObject", "arn:aws:s3:::pay/x"))


def test_a_snapshot_shows_what_was_read(snapshot):
    shown = text(snapshot)
    assert "account.json" in shown and "not_given" in shown and "users" in shown
    assert repr(snapshot) == "Snapshot(1 file)"
