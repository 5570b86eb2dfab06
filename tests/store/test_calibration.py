"""What was learnt is kept where it can be, and its loss is a line in the log."""

import os

import pytest

from slop_qt.store.calibration import read_calibration, write_calibration


def test_what_is_written_is_read_again(tmp_path):
    write_calibration(tmp_path / "file.json", '{"a": 1}')
    assert read_calibration(tmp_path / "file.json") == '{"a": 1}'
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


def test_no_file_is_no_text_and_no_word(tmp_path, caplog):
    assert read_calibration(tmp_path / "none.json") == ""
    assert not caplog.records


def test_a_file_that_is_not_text_is_logged(tmp_path, caplog):
    (tmp_path / "file.json").write_bytes(b"\xff\xfe")
    assert read_calibration(tmp_path / "file.json") == ""
    assert "not UTF-8" in caplog.text


@pytest.mark.timeout(10)
def test_what_is_no_file_is_logged_and_not_waited_for(tmp_path, caplog):
    os.mkfifo(tmp_path / "file.json")
    assert read_calibration(tmp_path / "file.json") == ""
    assert "regular file" in caplog.text


def test_a_folder_that_is_gone_is_logged(tmp_path, caplog):
    write_calibration(tmp_path / "gone" / "file.json", "{}")
    assert "not kept" in caplog.text
