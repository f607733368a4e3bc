"""What is written is whole or absent, and what is damaged is noticed."""

from pathlib import Path

import pytest

from tinylm.errors import BadData, DiskProblem
from tinylm.files import new_directory, read_manifest, remove_directory, sweep_leftovers, write_file


def make(path: Path, text: str = "hello", **keywords: bool) -> None:
    with new_directory(path, details={"n": 1}, **keywords) as building:
        (building / "a.txt").write_text(text)
        (building / "b.bin").write_bytes(bytes(1000))


def test_new_directory_appears_with_a_manifest_that_verifies(tmp_path):
    make(tmp_path / "d")
    assert read_manifest(tmp_path / "d") == {"n": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["d"]


def test_new_directory_vanishes_when_the_block_raises(tmp_path):
    with pytest.raises(ZeroDivisionError), new_directory(tmp_path / "d", details={}) as building:
        (building / "a.txt").write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_new_directory_replaces_only_when_told_to(tmp_path):
    make(tmp_path / "d", "old")
    with pytest.raises(DiskProblem):
        make(tmp_path / "d", "new")
    assert (tmp_path / "d/a.txt").read_text() == "old"
    make(tmp_path / "d", "new", replace=True)
    assert (tmp_path / "d/a.txt").read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["d"]


@pytest.mark.parametrize("position", [0, 500, 999])
def test_read_manifest_notices_one_flipped_byte(tmp_path, position):
    make(tmp_path / "d")
    content = bytearray(1000)
    content[position] ^= 1
    (tmp_path / "d/b.bin").write_bytes(content)
    with pytest.raises(BadData, match=r"b\.bin.*SHA-256"):
        read_manifest(tmp_path / "d")


def test_read_manifest_notices_a_truncated_and_a_missing_file(tmp_path):
    make(tmp_path / "d")
    (tmp_path / "d/b.bin").write_bytes(bytes(999))
    with pytest.raises(BadData, match="999 bytes where the manifest says 1000"):
        read_manifest(tmp_path / "d")
    (tmp_path / "d/b.bin").unlink()
    with pytest.raises(BadData, match="missing"):
        read_manifest(tmp_path / "d")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"format": 1}', b'{"format":9,"details":{},"files":{}}', b"\xff"]
)
def test_read_manifest_refuses_what_is_no_manifest(tmp_path, content):
    make(tmp_path / "d")
    (tmp_path / "d/manifest.json").write_bytes(content)
    with pytest.raises(BadData):
        read_manifest(tmp_path / "d")


def test_read_manifest_stays_inside_its_directory(tmp_path):
    make(tmp_path / "d")
    (tmp_path / "d/manifest.json").write_text(
        '{"format":1,"details":{},"files":{"../x":{"bytes":0,"sha256":"e3b0c442"}}}'
    )
    (tmp_path / "x").touch()
    with pytest.raises(BadData):
        read_manifest(tmp_path / "d")


def test_write_file_replaces_and_leaves_nothing_behind(tmp_path):
    write_file(tmp_path / "f", b"one")
    write_file(tmp_path / "f", b"two")
    assert (tmp_path / "f").read_bytes() == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def test_write_file_into_a_missing_folder_is_a_disk_problem(tmp_path):
    with pytest.raises(DiskProblem, match="check that the folder still exists"):
        write_file(tmp_path / "missing" / "f", b"")


def test_sweep_leftovers_removes_only_what_this_module_makes(tmp_path):
    make(tmp_path / "d")
    (tmp_path / ".tmp-x-1").mkdir()
    (tmp_path / ".del-y-2").mkdir()
    (tmp_path / ".tmp-f").touch()
    (tmp_path / ".tmpfile").touch()
    sweep_leftovers(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".tmpfile", "d"]
    remove_directory(tmp_path / "d")
    assert [entry.name for entry in tmp_path.iterdir()] == [".tmpfile"]
