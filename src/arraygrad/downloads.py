"""Downloads: a file of the network, once, checked, in a cache directory.

The cache is `cache_dir`: the directory that the variable ARRAYGRAD_CACHE_DIR names, or
`arraygrad` in the platform's cache directory. A file reaches it by being renamed, after all of it
has arrived and its checksum is right, so that nothing in it is half a file.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from arraygrad import settings
from arraygrad.errors import DownloadError

__all__ = ["cache_dir", "get_file", "show_progress"]

cache_dir: str  # computed at each access, see __getattr__: the variable may change

_SCHEMES = ("http", "https", "file")


def get_file(
    url: str,
    file_name: str | None = None,
    *,
    sha256: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    timeout: float = 30.0,
) -> str:
    """The path of a file that was downloaded from `url`, now or earlier.

    url: http, https or file. file_name: its name in the cache, folders allowed ("mnist/x.gz"); by
    default the URL's last part with a prefix of its own, so that no two URLs share a file. sha256:
    the checksum of the file, 64 hexadecimal digits. directory: instead of `cache_dir`. timeout: in
    seconds, how long the server may be silent. A file: URL is copied anew wherever the checksum
    does not say that the copy is the same.

    Raises DownloadError for a file that cannot be downloaded (the message says where to put it by
    hand), for one with another checksum, downloaded now or found in the cache, which is left as it
    was, and for odd arguments. The downloads need the package pooch (the extra `data`).

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "greeting.txt")
    ...     _ = file.write_text("hello")
    ...     copy = get_file(file.as_uri(), "copy.txt", directory=folder)
    ...     print(pathlib.Path(copy).name, pathlib.Path(copy).read_text())
    copy.txt hello
    """
    scheme, colon, _ = url.partition(":") if isinstance(url, str) else ("", "", "")
    scheme = scheme.lower()
    if scheme not in _SCHEMES or not colon:
        raise DownloadError(
            f"get_file: got the URL {url!r}; expected one that begins with http:, https: or file:"
        )
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise DownloadError(f"get_file: sha256 is {sha256!r}; expected 64 hexadecimal digits")
    folder = Path(cache_directory() if directory is None else directory).expanduser()
    path = folder / (cached_name(url) if file_name is None else _relative(file_name))
    if _is_cached(path, url, scheme, sha256):
        return str(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(
            f"get_file: the directory {path.parent} cannot be made: {_one_line(error)}; name "
            "another in the variable ARRAYGRAD_CACHE_DIR"
        ) from error
    try:
        _fetch(url, scheme, path, sha256, timeout)
    except DownloadError:
        raise
    except OSError as error:
        checksum = "" if sha256 is None else f" (its SHA-256 is {sha256})"
        raise DownloadError(
            f"get_file: {url} cannot be downloaded: {_one_line(error)}; try again when it can be "
            f"reached, or get the file another way and put it at {path}{checksum}"
        ) from error
    return str(path)


def cache_directory() -> Path:
    """The directory of downloaded files, as `cache_dir`; it need not exist."""
    here: str = settings.get("cache_dir")
    if here:
        return Path(here).expanduser()
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the XDG standard says to ignore relative paths
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA", "") or os.path.expanduser("~/AppData/Local")
        elif sys.platform == "darwin":
            base = os.path.expanduser("~/Library/Caches")
        else:
            base = os.path.expanduser("~/.cache")
    return Path(base, "arraygrad")


def show_progress(block_num: int, block_size: int, total_size: int) -> None:
    """Print a bar of progress, in the form that `urllib.request.urlretrieve` calls it.

    >>> import contextlib, io
    >>> with contextlib.redirect_stdout(io.StringIO()) as screen:
    ...     show_progress(1, 50, 100)
    >>> screen.getvalue()
    '\\r[###############...............] 50.00%'
    """
    if total_size <= 0:  # the server has not said how much will come
        print(f"\r{block_num * block_size} bytes", end="", flush=True)
        return
    share = min(1.0, block_num * block_size / total_size)
    done = int(30 * share)
    print(f"\r[{'#' * done}{'.' * (30 - done)}] {100 * share:.2f}%", end="", flush=True)


def __getattr__(name: str) -> Any:
    if name == "cache_dir":
        return str(cache_directory())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def cached_name(url: str) -> str:
    """The name in the cache of what comes from a URL: its last part, with a prefix of its own.

    >>> cached_name("https://example.org/data.txt")
    '0a63adf64c8e-data.txt'
    """
    from hashlib import sha256
    from urllib.parse import unquote, urlsplit

    last = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", last)[-100:]
    return f"{sha256(url.encode()).hexdigest()[:12]}-{readable or 'file'}"


def _relative(file_name: str) -> Path:
    name = Path(file_name)
    if not file_name or name.is_absolute() or name.drive or ".." in name.parts or not name.name:
        raise DownloadError(
            f"get_file: file_name is {file_name!r}; expected a name inside of the cache directory"
        )
    return name


def _is_cached(path: Path, url: str, scheme: str, sha256: str | None) -> bool:
    """Whether the file is there; raises DownloadError where it is not the one that is meant."""
    try:
        size = path.stat().st_size
    except OSError:
        return False
    if path.is_dir():
        raise DownloadError(f"get_file: {path} is a directory; expected a file, or nothing yet")
    if size == 0:  # no download ends so here: it is what another program has left
        return False
    if sha256 is None:
        return scheme != "file"
    found = sha256_of(path)
    if found == sha256.lower():
        return True
    if scheme == "file":
        return False
    raise DownloadError(
        f"get_file: {path} has the SHA-256 {found}, expected {sha256.lower()}: it is not the whole "
        f"file of {url}, or not that file; delete it, and it is downloaded again"
    )


def _fetch(url: str, scheme: str, path: Path, sha256: str | None, timeout: float) -> None:
    """Bring the file beside its place, check it, and rename it."""
    # Not tempfile: its files are for the user alone, and a cache may be shared.
    part = path.with_name(f".{path.name[-100:]}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        if scheme == "file":
            _copy(url, part)
        else:
            _download(url, part, path, timeout)
        if part.stat().st_size == 0:
            raise OSError("an empty file came")
        found = None if sha256 is None else sha256_of(part)
        if sha256 is not None and found != sha256.lower():
            raise DownloadError(
                f"get_file: {url} gave a file with the SHA-256 {found}, expected "
                f"{sha256.lower()}; it is not kept. Try again; if it stays so, the file has "
                f"changed there: get the right one another way and put it at {path}"
            )
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _copy(url: str, part: Path) -> None:
    import shutil
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    split = urlsplit(url)
    if split.netloc not in ("", "localhost"):
        raise OSError(f"{split.netloc} is another machine")
    shutil.copyfile(url2pathname(split.path), part)


def _download(url: str, part: Path, path: Path, timeout: float) -> None:
    from importlib import import_module

    try:
        pooch = import_module("pooch")
    except ImportError:
        raise DownloadError(
            f"get_file: {url} is not in the cache, and downloads need the package pooch, which is "
            f'not installed: run pip install "arraygrad[data]", or put the file at {path}'
        ) from None
    pooch.HTTPDownloader(progressbar=_is_watched(), timeout=timeout)(url, str(part), None)


def _is_watched() -> bool:
    """Whether somebody sees a bar of progress, and tqdm is there to draw it."""
    from importlib.util import find_spec

    terminal = sys.stderr is not None and sys.stderr.isatty()
    return (terminal or "ipykernel" in sys.modules) and find_spec("tqdm") is not None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    from hashlib import file_digest

    with open(path, "rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
