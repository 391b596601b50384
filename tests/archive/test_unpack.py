"""Archives of others: nothing outside of the folder, nothing that explodes, nothing that was altered."""

from __future__ import annotations

import shutil
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.archive import export, unpacking
from il6infer.archive.packing import ABOUT
from il6infer.archive.unpacking import unpack as take_out
from il6infer.cli.main import main


@pytest.fixture
def archive(analysis) -> Path:
    export(Path("results"), Path("out.zip"))
    return analysis / "out.zip"


def add(archive: Path, name: str, content: bytes = b"x", mode: int = stat.S_IFREG | 0o644) -> None:
    """Add an entry as no `ZipFile.write` would."""
    with zipfile.ZipFile(archive, "a") as packed:
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = entry.orig_filename = name
        entry.external_attr = mode << 16
        packed.writestr(entry, content)


OUT = "leads out of the folder, or names none; a file in it was expected."
ODD = "is no name of a file that every system has."
NAMES = {
    "../escaped": OUT, "analysis/../../escaped": OUT, "/tmp/escaped": OUT, "a//b": OUT, "./a": OUT, "a/": OUT,
    "C:/escaped": ODD, "..\\escaped": ODD, "a\nb": ODD, "n" * 1001: ODD, "export.json": "stands twice.",
    "EXPORT.json": "stands twice.",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:30]))
def test_names_that_lead_out_are_refused_and_nothing_is_unpacked(archive, name, tmp_path):
    add(archive, name)
    before = {path for path in tmp_path.rglob("*") if "escaped" in path.name}
    with pytest.raises(UserError) as error:
        take_out(archive, tmp_path / "there")

    assert f"{name[:100]!r}: {NAMES[name]}" in str(error.value)
    assert str(error.value).endswith("Nothing was unpacked.")
    assert not (tmp_path / "there").exists()
    assert {path for path in tmp_path.rglob("*") if "escaped" in path.name} == before


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_and_devices_are_refused(archive, kind, tmp_path):
    add(archive, "link", b"/etc/passwd", kind | 0o777)

    with pytest.raises(UserError, match="'link': is a link or a device, a file was expected"):
        take_out(archive, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_file_in_the_place_of_a_folder_is_refused(archive, tmp_path):
    add(archive, "analysis")

    with pytest.raises(UserError, match="lies in what is a file"):
        take_out(archive, tmp_path / "there")


def test_a_bomb_is_refused_by_what_it_says(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_BYTES", 1_000_000)
    add(archive, "bomb", b"")
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(200_000_000))

    with pytest.raises(UserError, match=r"would unpack to 0\.2 GB from .* MB, at most 0\.\d GB are"):
        take_out(archive, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_bomb_that_lies_about_its_size_ends_where_it_said(archive, tmp_path):
    """The central directory says 10 bytes, the data are 50 MB."""
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a bomb", bytes(50_000_000))
        place = packed.start_dir
    content = bytearray(archive.read_bytes())
    at = content.index(b"a bomb", place) - 46
    struct.pack_into("<I", content, at + 24, 10)
    archive.write_bytes(content)

    with pytest.raises(UserError, match="is not a zip file that can be read"):
        take_out(archive, tmp_path / "there")
    assert not (tmp_path / "there" / "a bomb").exists() or (tmp_path / "there" / "a bomb").stat().st_size <= 10


def test_files_that_share_their_bytes_are_refused(archive, tmp_path):
    add(archive, "one", b"x" * 1000)
    with zipfile.ZipFile(archive) as packed:
        entries = packed.infolist()
    entries[-1].header_offset = entries[-2].header_offset

    faults = [str(fault) for fault in unpacking._faults(entries, archive.stat().st_size)]
    assert any("shares its bytes with another file." in fault for fault in faults)


def test_too_many_files_are_refused(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_FILES", 10)

    with pytest.raises(UserError, match=r"holds \d+ files, at most 10 are unpacked"):
        take_out(archive, tmp_path / "there")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_file_is_refused(content, tmp_path, capsys):
    (tmp_path / "a.zip").write_bytes(content)

    assert main(["reproduce", str(tmp_path / "a.zip"), "-o", str(tmp_path / "there")]) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}/a.zip: is not a zip file that can be read (")


def test_an_archive_of_somebody_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("data.csv", "x\n")

    with pytest.raises(UserError, match=r"holds no export\.json: `il6infer export` did not write it"):
        take_out(tmp_path / "a.zip", tmp_path / "there")


def test_a_cut_archive_is_refused(archive, tmp_path):
    archive.write_bytes(archive.read_bytes()[:-5000])

    with pytest.raises(UserError, match="is not a zip file that can be read"):
        take_out(archive, tmp_path / "there")


def test_an_altered_file_is_named(archive, tmp_path):
    altered = tmp_path / "altered.zip"
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(altered, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            target.writestr(entry, content.replace(b"0", b"1") if entry.filename.endswith("gel1.csv") else content)

    with pytest.raises(UserError) as error:
        take_out(altered, tmp_path / "there")
    assert "analysis/raw/western_blot_gel1.csv: was altered after the export." in str(error.value)


def test_a_folder_with_something_else_is_left_alone(archive, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")

    with pytest.raises(UserError, match=r"there: holds something else than out\.zip. Choose another folder with -o"):
        take_out(archive, tmp_path / "there")
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["mine.txt"]


def test_an_unpacking_that_was_stopped_goes_on(archive, tmp_path):
    there = tmp_path / "there"
    take_out(archive, there)
    shutil.rmtree(there / "analysis")
    (there / "README.md").write_text("half")
    about = take_out(archive, there)

    assert (there / "analysis" / about.results / "report" / "index.html").is_file()
    assert (there / "README.md").read_text("utf-8").startswith("# Ä small one")


def test_a_name_in_the_list_that_leads_out_is_not_looked_at(archive, tmp_path):
    altered = tmp_path / "altered.zip"
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(altered, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            target.writestr(entry, content.replace(b'"about.yaml"', b'"../../../etc/passwd"')
                            if entry.filename == ABOUT else content)  # fmt: skip

    with pytest.raises(UserError, match=r"names 'analysis/../../../etc/passwd', which leads out of the folder"):
        take_out(altered, tmp_path / "there")
