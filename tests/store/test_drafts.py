"""Unsaved edits on disk: kept, found again, and nobody else's."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from slop_qt.core.errors import StoreError
from slop_qt.store.drafts import Draft, DraftStore


def draft(track_id: str, document: str = "spec", text: str = "mine\r\n\u2028") -> Draft:
    return Draft(track_id=track_id, document=document, text=text, base_digest="d", time=datetime.now(UTC))


def test_what_is_kept_is_found_until_it_is_dropped(tmp_path: Path) -> None:
    store = DraftStore(tmp_path / "drafts")
    assert store.find("a", "spec") is None
    for kept in (draft("a"), draft("a", "plan"), draft("../a/b", text="other"), draft("a", text="newer")):
        store.keep(kept)
    assert store.find("a", "spec").text == "newer"
    assert store.find("../a/b", "spec").text == "other"
    store.drop("a", "spec")
    store.drop("a", "spec")
    assert store.find("a", "spec") is None
    assert store.find("a", "plan") is not None
    assert (tmp_path / "drafts").stat().st_mode & 0o077 == 0
    assert {path.parent for path in tmp_path.rglob("*.json")} == {tmp_path / "drafts"}


def test_what_cannot_be_read_is_no_draft(tmp_path: Path) -> None:
    store = DraftStore(tmp_path)
    store.keep(draft("a"))
    path = next(tmp_path.glob("*.json"))
    for content in (b"{", b"\xff\xfe", b'{"track_id": "a"}'):
        path.write_bytes(content)
        assert store.find("a", "spec") is None


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        DraftStore(tmp_path / "file" / "drafts").keep(draft("a"))
