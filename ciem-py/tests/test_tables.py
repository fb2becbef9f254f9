"""A table is the same rows as dicts, as JSON and through Arrow, with and without the libraries that read it."""

import json
import subprocess
import sys
import textwrap

import ciem
import pandas
import polars
import pyarrow
import pytest
from conftest import READ, arn, export, user


@pytest.fixture
def snapshot(tmp_path):
    tags = [{"Key": "team", "Value": 'p"ay\n'}]
    condition = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
    people = [user("ana", READ), user("bob"), user("eve", {**READ, "Condition": condition})]
    path = tmp_path / "account.json"
    path.write_text(json.dumps(export(*people, {**user("tag"), "Tags": tags})))
    return ciem.load(path)


@pytest.fixture
def tables(snapshot):
    return {
        "who_can": snapshot.who_can("s3:GetObject", "arn:aws:s3:::pay/x"),
        "what_can": snapshot.what_can("eve"),
        "what_can, everybody": snapshot.what_can(),
        "matrix": snapshot.matrix(),
        "can_become": snapshot.can_become(),
        "principals": snapshot.principals(),
        "permissions": snapshot.permissions(),
        "resources": snapshot.resources(),
        "credentials": snapshot.credentials(),
        "last_accessed": snapshot.last_accessed(),
    }


def plain(rows):
    """Arrow holds a cell of names and texts as a list of pairs."""
    return [{name: pairs(value) for name, value in row.items()} for row in rows]


def pairs(value):
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {item["name"]: item["value"] for item in value}
    return value


def without_empty(rows):
    """No pairs at all look like an empty list."""
    return [{name: None if value in ([], {}) else value for name, value in row.items()} for row in rows]


def test_libraries_read_the_rows_that_python_reads(tables):
    for table in tables.values():
        rows = without_empty(table)
        assert without_empty(json.loads(table.to_json())["rows"]) == rows
        assert without_empty(plain(pyarrow.table(table).to_pylist())) == rows
        assert without_empty(plain(polars.DataFrame(table).to_dicts())) == rows
        assert without_empty(table.to_pandas().astype(object).where(table.to_pandas().notna(), None).to_dict("records")) == rows


def test_columns_have_one_type_each_also_without_rows(tables):
    for verb, table in tables.items():
        schema = pyarrow.schema(table)
        assert schema.names == table.columns == list(polars.DataFrame(table).columns) == list(table.to_pandas().columns)
        assert pyarrow.table(table).schema == schema == pyarrow.table(table.slice(0, 0)).schema, verb
        assert polars.DataFrame(table.slice(0, 0)).schema == polars.DataFrame(table).schema
    schema = polars.DataFrame(tables["who_can"]).schema
    assert schema["condition"] == polars.String and schema["via"] == polars.List(polars.String)
    numbers = polars.DataFrame(tables["principals"]).schema
    assert numbers["policies"] == polars.UInt64 and numbers["loaded"] == polars.Boolean


def test_a_stream_of_bytes_holds_the_table(tables):
    for table in tables.values():
        assert pyarrow.ipc.open_stream(table.to_arrow_ipc()).read_all() == pyarrow.table(table)


def test_conditions_are_text_and_absent_where_there_are_none(tables):
    frame = polars.DataFrame(tables["who_can"]).sort("principal")
    assert frame["principal"].to_list() == [arn("user", "ana"), arn("user", "eve")]
    assert frame["condition"][0] is None and json.loads(frame["condition"][1])["key"] == "aws:SourceVpc"


def test_positions_and_slices_are_those_of_a_list(tables):
    table = tables["permissions"]
    rows = list(table)
    assert [table[0], table[-1], table[1500]] == [rows[0], rows[-1], rows[1500]]
    for part in (slice(3, 9), slice(None, None, 4000), slice(-5, None), slice(9, 3), slice(5, 1, -2), slice(10**9, None)):
        assert table[part] == rows[part]
    for first, last in ((10, 20), (-3, None), (0, 0), (7, 3), (0, 10**9)):
        assert list(table.slice(first, last)) == rows[first:last]
    assert list(table.slice(10, 30).slice(5, 7)) == rows[15:17] and table.slice(2, 4)[-1] == rows[3]
    for beyond in (len(rows), -len(rows) - 1):
        with pytest.raises(IndexError):
            table[beyond]


def test_columns_are_read_by_name(tables):
    table = tables["principals"]
    assert table.column("tags") == [row["tags"] for row in table] and {"team": 'p"ay\n'} in table.column("tags")
    with pytest.raises(KeyError, match="nothing"):
        table.column("nothing")


def test_tables_are_compared_by_their_rows(snapshot):
    assert snapshot.principals() == snapshot.principals() != snapshot.permissions()
    assert repr(snapshot.what_can("bob").slice(0, 0)).startswith("Table(0 rows: permissions, ")


def test_no_library_is_needed_and_the_one_that_is_absent_is_named():
    program = """
        import sys
        sys.modules.update(dict.fromkeys(["pandas", "polars", "pyarrow", "numpy", "tqdm", "tqdm.auto"]))
        import ciem
        snapshot = ciem.load([])
        table = snapshot.permissions()
        assert len(table) > 1000 and table[0]["permission"] and len(table.to_arrow_ipc()) > 1000
        assert table.__arrow_c_stream__() is not None and table.__arrow_c_schema__() is not None
        for call, name in ((table.to_pandas, "pandas"), (lambda: ciem.load([], on_progress=True), "tqdm")):
            try:
                call()
            except ImportError as error:
                assert f"pip install {name}" in str(error), error
            else:
                raise AssertionError(name)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)
