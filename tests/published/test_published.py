"""Published measurements by name: from a folder, from a server on this machine, from the cache."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer._files import digest
from il6infer.cli.main import main
from il6infer.published import fetch, licence_of, published_sets, registry
from il6infer.published.fetch import MIRROR, SOURCE

FILES = {"gel.csv": "time,pSTAT3\n0,1\n", "more/plate.csv": "well,value\nA1,2\n"}
NAME = "author2026"
ONE = registry.PublishedSet(
    name=NAME, about="Cells", citation="Author 2026", doi="10.1/x", record="the authors", licence="MIT: name them",
    description="config/datasets/x.yaml", files={p: hashlib.sha256(t.encode()).hexdigest() for p, t in FILES.items()},
    bytes=30,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _only_one(monkeypatch, tmp_path, request):
    """Only the set of this test is known, and the cache is its own; there is no proxy and no mirror."""
    if request.function not in OF_THE_TABLE:
        monkeypatch.setattr(registry, "published_sets", lambda: {NAME: ONE})
        registry._licences.cache_clear()
    monkeypatch.setenv("IL6INFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv(MIRROR, raising=False)
    yield
    registry._licences.cache_clear()


def laid(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


@pytest.fixture
def server(tmp_path):
    """Serve a folder on the loopback address; gives the folder, the address and the paths that were asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            asked.append(self.path)

    top = tmp_path / "mirror"
    laid(top / NAME)
    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(top)))
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield top / NAME, f"http://127.0.0.1:{running.server_port}", asked
    running.shutdown()
    running.server_close()


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
            and ".provenance" not in p.parts}  # fmt: skip


WHOLE = {**{name: text.encode() for name, text in FILES.items()}, SOURCE: ONE.source.encode()}


@pytest.mark.parametrize("below", ["", NAME])
def test_from_a_folder_without_network(tmp_path, capsys, below, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked"))
    laid(tmp_path / "given" / below)
    words = ["data", "fetch", NAME, "--from", str(tmp_path / "given"), "--output", str(tmp_path / "out")]

    assert main(words) == 0
    assert files(tmp_path / "out") == WHOLE
    assert capsys.readouterr().out == "Author 2026, doi 10.1/x\nlicence: MIT: name them\n"


def test_from_a_server_and_then_from_the_cache(server, tmp_path):
    _, url, asked = server
    fetch(NAME, tmp_path / "one", url=url + "/")
    assert sorted(asked) == [f"/{NAME}/gel.csv", f"/{NAME}/more/plate.csv"]
    fetch(NAME, tmp_path / "two", url=url)
    fetch(NAME, tmp_path / "three")

    assert len(asked) == 2
    assert files(tmp_path / "one") == files(tmp_path / "two") == files(tmp_path / "three") == WHOLE


def test_the_mirror_may_be_named_by_a_variable(server, tmp_path, monkeypatch):
    monkeypatch.setenv(MIRROR, server[1])
    monkeypatch.chdir(tmp_path)

    assert main(["data", "fetch", NAME]) == 0
    assert files(tmp_path / "data" / NAME) == WHOLE


def test_a_damaged_file_of_the_cache_is_fetched_again(server, tmp_path):
    fetch(NAME, tmp_path / "one", url=server[1])
    (tmp_path / "cache" / "data" / NAME / "gel.csv").write_text("damaged")
    with pytest.raises(UserError, match="nothing says where its files are"):
        fetch(NAME, tmp_path / "two")
    fetch(NAME, tmp_path / "two", url=server[1])

    assert files(tmp_path / "two") == WHOLE
    assert server[2][2:] == [f"/{NAME}/gel.csv"]


def test_another_file_on_the_server_is_refused_and_nothing_is_written(server, tmp_path):
    (server[0] / "gel.csv").write_text("time,pSTAT3\n0,9\n")
    with pytest.raises(UserError) as error:
        fetch(NAME, tmp_path / "out", url=server[1])

    assert str(error.value) == (
        f"{NAME}: 1 fault\n"
        f"  - gel.csv: is another file at {server[1]}/{NAME}/gel.csv than the one that was published.\n"
        "Nothing was written; what was fetched is kept."
    )
    assert not (tmp_path / "out").exists()


def test_a_file_that_the_server_does_not_have_is_named(server, tmp_path):
    (server[0] / "gel.csv").unlink()

    with pytest.raises(UserError, match=rf"gel\.csv: cannot be fetched from {server[1]}/.* \(status 404\)"):
        fetch(NAME, tmp_path / "out", url=server[1])


def test_a_server_that_does_not_answer_is_named_once(tmp_path):
    with pytest.raises(UserError) as error:
        fetch(NAME, tmp_path / "out", url="http://127.0.0.1:9")

    assert "1 fault\n  - gel.csv: cannot be fetched from http://127.0.0.1:9/" in str(error.value)
    assert "(ConnectionError)" in str(error.value)


def test_without_a_place_it_says_where_the_authors_keep_them(tmp_path, capsys):
    assert main(["data", "fetch", NAME, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err

    assert error.startswith(f"error: {NAME}: nothing says where its files are. Its authors keep them at doi 10.1/x (")
    assert "--from FOLDER" in error
    assert "--url ADDRESS" in error


def test_other_and_missing_files_of_a_folder_are_named_together(tmp_path):
    laid(tmp_path / "given")
    (tmp_path / "given" / "gel.csv").write_text("x")
    (tmp_path / "given" / "more" / "plate.csv").unlink()
    found = digest(tmp_path / "given" / "gel.csv")[:12]
    with pytest.raises(UserError) as error:
        fetch(NAME, tmp_path / "out", tmp_path / "given")

    assert str(error.value) == (
        f"{NAME} from {tmp_path}/given: 2 faults\n"
        f"  - gel.csv: is another file than the one that was published: sha256 {found}, "
        f"expected {ONE.files['gel.csv'][:12]}.\n"
        f"  - more/plate.csv: no such file in {tmp_path}/given/more.\n"
        "Nothing was written."
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("url", ["ftp://x", "file:///etc", "/a/folder", "doi:10.1/x"])
def test_an_address_of_another_kind_is_refused(url, tmp_path):
    with pytest.raises(UserError, match="is no address that begins with https:// or http://"):
        fetch(NAME, tmp_path / "out", url=url)


def test_a_name_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"no published measurements 'author2025'. Did you mean 'author2026'\?"):
        fetch("author2025", Path("out"))


def test_a_licence_is_known_by_the_file():
    assert licence_of(ONE.files["gel.csv"]) == "MIT: name them (Author 2026, doi 10.1/x)"
    assert licence_of("0" * 64) == ""


def test_the_list_names_each_set_with_its_licence(capsys):
    assert main(["data", "list"]) == 0
    out = capsys.readouterr().out

    assert set(published_sets()) == {"sobotta2017", "billing2019", "wilmes2021", "zeilfelder2025"}
    for one in published_sets().values():
        assert f"{one.name}  {one.about}\n" in out
        assert f"licence: {one.licence}\n" in out
    assert "none stated: ask the authors" in published_sets()["billing2019"].licence


def test_each_set_is_described_for_ingest(root):
    for one in published_sets().values():
        assert (root / one.description).is_file()
        assert all(not Path(path).is_absolute() and ".." not in Path(path).parts for path in one.files)


@pytest.mark.parametrize("name", ["sobotta2017", "billing2019", "wilmes2021", "zeilfelder2025"])
def test_the_table_is_that_of_the_published_files(name, shared, tmp_path):
    one = fetch(name, tmp_path / "out", shared / "data")
    there = {
        path.relative_to(shared / "data" / name).as_posix()
        for path in (shared / "data" / name).rglob("*")
        if path.is_file()
    }

    assert set(one.files) == there
    assert set(files(tmp_path / "out")) == there | {SOURCE}


OF_THE_TABLE = (
    test_the_list_names_each_set_with_its_licence,
    test_each_set_is_described_for_ingest,
    test_the_table_is_that_of_the_published_files,
)
