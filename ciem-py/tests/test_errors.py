"""Errors carry the core's code, the place in the input, and a class that Python users can catch."""

import pickle

import ciem
import pytest
from conftest import arn
from ciem.errors import from_wire


def failure(kind, call):
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(caught.value, ciem.CiemError)
    return caught.value


def test_broken_input_is_a_decode_error_with_its_place(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text('{"UserDetailList": [')
    error = failure(ciem.DecodeError, lambda: ciem.load(path))
    assert error.code == "malformed" and isinstance(error, ValueError)
    assert error.place["source"] == str(path) and str(path) in str(error)


def test_foreign_input_is_unrecognised(tmp_path):
    path = tmp_path / "shopping.json"
    path.write_text('{"milk": 1}')
    assert failure(ciem.DecodeError, lambda: ciem.load(path)).code == "unrecognised"


def test_an_absent_file_is_an_os_error(tmp_path):
    assert failure(OSError, lambda: ciem.load(tmp_path / "none.json")).code == "io"


def test_a_limit_is_a_limit_error(account):
    assert failure(ciem.LimitError, lambda: ciem.load(account, max_bytes=10)).code == "too_large"
    (account.parent / "second.json").write_bytes(account.read_bytes())
    assert failure(ciem.LimitError, lambda: ciem.load(account.parent, max_entries=1)).code == "too_large"


def test_an_unknown_name_is_a_lookup_error(account):
    snapshot = ciem.load(account)
    ask = lambda: snapshot.can(arn("user", "nobody"), "s3:GetObject", "arn:aws:s3:::pay/x")
    assert failure(LookupError, ask).code == "unknown_principal"


def test_a_wrong_option_is_a_request_error(account):
    assert failure(ciem.RequestError, lambda: ciem.load(account, on_error="ignore")).code == "invalid_request"


def test_skip_lists_the_broken_file_and_keeps_the_rest(account):
    broken = account.with_name("broken.json")
    broken.write_text("{")
    coverage = ciem.load([broken, account], on_error="skip").coverage()
    files = {file["name"]: file for file in coverage["files"]}
    assert files[str(broken)]["errors"] and not files[str(account)].get("errors")
    assert coverage["counts"]["users"] == 2


def test_errors_survive_pickling_and_codes_of_the_future():
    error = from_wire('{"v": 1, "code": "from_tomorrow", "message": "x", "place": {"line": 3}}')
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.code, copy.place, str(copy)) == (ciem.CiemError, "from_tomorrow", {"line": 3}, "x")
