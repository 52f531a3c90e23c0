"""get_file: whole and checked files in a cache, and what it says when there are none."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from arraygrad import downloads
from arraygrad.downloads import get_file, show_progress
from arraygrad.errors import DownloadError

NOWHERE = "http://127.0.0.1:9/data/numbers.txt"
CONTENT = b"1 2 3\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("ARRAYGRAD_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "numbers.txt"
    file.write_bytes(CONTENT)
    return file


@pytest.fixture
def server(monkeypatch):
    """A server of this machine that gives CONTENT, or what a test puts in its place."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            self.send_response(self.server.status)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(self.server.content)

        def log_message(self, *args):
            pass

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.content, server.status = [], CONTENT, 200
        server.url = f"http://127.0.0.1:{server.server_port}/data/numbers.txt"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def files(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


# What arrives


@pytest.mark.parametrize("sha256", [None, SHA256, SHA256.upper()])
def test_a_file_is_downloaded_once(cache, server, sha256):
    path = get_file(server.url, "sub/numbers.txt", sha256=sha256)
    assert path == str(cache / "sub" / "numbers.txt")
    assert (cache / "sub" / "numbers.txt").read_bytes() == CONTENT
    assert get_file(server.url, "sub/numbers.txt", sha256=sha256) == path
    assert server.asked == ["/data/numbers.txt"]
    assert len(files(cache)) == 1


def test_a_file_of_this_machine(cache, source):
    path = get_file(source.as_uri())
    assert (cache / path).read_bytes() == CONTENT
    source.write_bytes(b"new")
    assert Path(get_file(source.as_uri())).read_bytes() == b"new"


def test_two_urls_with_one_base_name(cache, tmp_path):
    paths = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "data.txt").write_text(name)
        paths.append(get_file((folder / "data.txt").as_uri()))
    assert [Path(path).read_text() for path in paths] == ["a", "b"]
    assert all(path.endswith("-data.txt") for path in paths)


@pytest.mark.parametrize(
    ("url", "end"),
    [
        ("http://h/a%20b/c%2Fd.gz?x=/y#z", "-d.gz"),
        ("http://h/x?file=../../etc/passwd", "-x"),
        ("http://h/", "-file"),
        ("http://h/..%2F..%2Fmore evil$.txt", "-more_evil_.txt"),
        ("http://h/" + "n" * 500, "-" + "n" * 100),
    ],
)
def test_names_made_of_urls_stay_in_the_cache(cache, url, end):
    name = downloads.cached_name(url)
    assert name.endswith(end)
    assert os.sep not in name
    assert name != downloads.cached_name(url + "x")


def test_a_directory_of_ones_own(cache, source, tmp_path):
    path = get_file(source.as_uri(), "n.txt", directory=tmp_path / "here")
    assert path == str(tmp_path / "here" / "n.txt")
    assert not cache.exists()


def test_no_pooch_for_what_is_there(cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    cache.mkdir()
    (cache / "numbers.txt").write_bytes(CONTENT)
    assert get_file(NOWHERE, "numbers.txt") == str(cache / "numbers.txt")
    assert get_file(NOWHERE, "numbers.txt", sha256=SHA256) == str(cache / "numbers.txt")
    with pytest.raises(DownloadError, match=r'pooch.*pip install "arraygrad\[data\]".*other.txt'):
        get_file(NOWHERE, "other.txt")


# What does not


def test_a_download_with_another_checksum_is_not_kept(cache, server, source):
    server.content = CONTENT.replace(b"2", b"4")
    found = hashlib.sha256(server.content).hexdigest()
    for url in (server.url, source.as_uri()):
        source.write_bytes(server.content)
        message = f"{url} gave .*SHA-256 {found}, expected {SHA256}; it is not kept"
        with pytest.raises(DownloadError, match=message):
            get_file(url, "numbers.txt", sha256=SHA256)
        assert files(cache) == []


@pytest.mark.parametrize("sha256", [None, SHA256])
def test_half_a_download_is_not_kept(cache, server, sha256):
    server.content = CONTENT[:3000]
    with pytest.raises(DownloadError, match=r"cannot be downloaded: .*put it at .*numbers\.txt"):
        get_file(server.url, "numbers.txt", sha256=sha256)
    assert files(cache) == []


def test_an_interrupted_download_leaves_nothing(cache, source, monkeypatch):
    def interrupted(url, part):
        part.write_bytes(CONTENT[:10])
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads, "_copy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get_file(source.as_uri(), "numbers.txt")
    assert files(cache) == []


def test_a_failure_leaves_what_was_there(cache, source):
    path = get_file(source.as_uri(), "numbers.txt")
    source.write_bytes(b"")
    with pytest.raises(DownloadError, match="an empty file came"):
        get_file(source.as_uri(), "numbers.txt")
    assert files(cache) == [cache / "numbers.txt"]
    assert Path(path).read_bytes() == CONTENT


def test_a_cached_file_with_another_checksum(cache, server):
    cache.mkdir()
    file = cache / "numbers.txt"
    for content in (CONTENT[:100], CONTENT + b"!"):
        file.write_bytes(content)
        found = hashlib.sha256(content).hexdigest()
        message = f"numbers.txt has the SHA-256 {found}, expected {SHA256}: .*delete it"
        with pytest.raises(DownloadError, match=message):
            get_file(server.url, "numbers.txt", sha256=SHA256)
        assert file.read_bytes() == content
    assert server.asked == []


@pytest.mark.parametrize("sha256", [None, SHA256])
def test_an_empty_leftover_is_not_a_file(cache, server, sha256):
    cache.mkdir()
    (cache / "numbers.txt").touch()
    assert Path(get_file(server.url, "numbers.txt", sha256=sha256)).read_bytes() == CONTENT


@pytest.mark.parametrize("sha256", [None, SHA256])
def test_offline(cache, monkeypatch, sha256):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(DownloadError) as caught:
        get_file(NOWHERE, "numbers.txt", sha256=sha256)
    text = str(caught.value)
    assert text.startswith(f"get_file: {NOWHERE} cannot be downloaded: ")
    assert f"put it at {cache / 'numbers.txt'}" in text
    assert "\n" not in text
    assert (SHA256 in text) == (sha256 is not None)
    assert isinstance(caught.value, OSError)
    assert files(cache) == []


def test_an_error_of_the_server(cache, server):
    server.status = 404
    with pytest.raises(DownloadError, match="404"):
        get_file(server.url, "numbers.txt")
    assert files(cache) == []


def test_a_silent_server(cache, monkeypatch):
    import socket

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/numbers.txt"
        with pytest.raises(DownloadError, match=r"[Tt]imed? ?out"):
            get_file(url, "numbers.txt", timeout=0.05)


def test_a_missing_file_of_this_machine(cache, source):
    source.unlink()
    with pytest.raises(DownloadError, match="cannot be downloaded: FileNotFoundError"):
        get_file(source.as_uri())
    with pytest.raises(DownloadError, match="elsewhere is another machine"):
        get_file("file://elsewhere/x.txt")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "numbers.txt",
        "/etc/passwd",
        "ftp://h/x",
        "data:text/plain,x",
        "C:\\x",
        None,
        Path("/etc/passwd"),
        "javascript:x",
    ],
)
def test_other_schemes(cache, url):
    with pytest.raises(DownloadError, match="expected one that begins with http:, https: or file:"):
        get_file(url)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/../../x", "/etc/x"])
def test_names_outside_of_the_cache(cache, name):
    with pytest.raises(DownloadError, match="a name inside of the cache directory"):
        get_file(NOWHERE, name)


@pytest.mark.parametrize("sha256", ["", "md5:0123", "g" * 64, SHA256[:-1]])
def test_odd_checksums(cache, sha256):
    with pytest.raises(DownloadError, match="expected 64 hexadecimal digits"):
        get_file(NOWHERE, sha256=sha256)


def test_a_directory_in_the_place_of_the_file(cache):
    (cache / "numbers.txt").mkdir(parents=True)
    with pytest.raises(DownloadError, match=r"numbers\.txt is a directory"):
        get_file(NOWHERE, "numbers.txt")


def test_a_cache_that_cannot_be_made(cache, source):
    cache.write_text("a file")
    with pytest.raises(DownloadError, match=r"cannot be made: .*ARRAYGRAD_CACHE_DIR"):
        get_file(source.as_uri(), "sub/numbers.txt")


# Where the cache is


def test_the_cache_directory(cache, monkeypatch, tmp_path):
    assert downloads.cache_dir == str(cache)
    monkeypatch.delenv("ARRAYGRAD_CACHE_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert downloads.cache_dir == str(tmp_path / "arraygrad")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert downloads.cache_dir == os.path.expanduser(os.path.join("~", ".cache", "arraygrad"))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert downloads.cache_dir.endswith(os.path.join("Library", "Caches", "arraygrad"))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert downloads.cache_dir == str(tmp_path / "local" / "arraygrad")
    with pytest.raises(AttributeError):
        downloads.cache_dirs  # noqa: B018


def test_a_bar_of_progress(capsys):
    show_progress(0, 10, 100)
    show_progress(20, 10, 100)
    show_progress(3, 10, -1)
    empty, full = "." * 30, "#" * 30
    assert capsys.readouterr().out == f"\r[{empty}] 0.00%\r[{full}] 100.00%\r30 bytes"


def test_progress_of_a_download(cache, server, monkeypatch, capsys):
    monkeypatch.setattr(downloads, "_is_watched", lambda: True)
    get_file(server.url)
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize(("terminal", "watched"), [(True, True), (False, False)])
def test_the_bar_is_for_people(monkeypatch, terminal, watched):
    monkeypatch.setattr(sys, "stderr", type("S", (), {"isatty": lambda self: terminal})())
    assert downloads._is_watched() == watched
    monkeypatch.setattr(sys, "stderr", None)
    assert not downloads._is_watched()
