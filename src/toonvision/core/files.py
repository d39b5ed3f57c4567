"""Files that are written completely or not at all, and paths that cannot leave their folder."""

import codecs
import contextlib
import errno
import io
import json
import os
import secrets
import stat
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from pathlib import Path

from toonvision.core.errors import EnvironmentFaultError, InputRejectedError, RejectedItemError, shown

TEMPORARY = ".tmp-"
"""Prefix of the names of files that are not complete yet."""
LARGEST_MODEL = 512 * 10**6
"""Bytes of the largest file of a model that is opened."""
_AT_ONCE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""How a file is opened: as bytes, and without waiting, as a pipe would until something is written to it."""
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which replaces `path` when the block ends without an error.

    The old file stays until the new one is on disk (written, fsynced, renamed, folder fsynced); a missing folder is
    created. The temporary name has the same suffix, since some writers choose the format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}{path.suffix}")
    try:
        with naming(path, temporary):
            yield temporary
            _sync(temporary)
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextlib.contextmanager
def naming(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Make an OSError name the file that should be written; on a full disk it names none, or the temporary file."""
    try:
        yield
    except OSError as error:
        if error.filename in (None, str(temporary)):
            error.filename, error.filename2 = str(path), None
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; whatever happens, it has either the old or the complete new content."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_many(folder: Path, contents: Mapping[str, bytes], pool: Executor) -> None:
    """Write several files of a folder, by name, each atomically; the folder is fsynced once, at the end."""

    def write(name: str) -> None:
        temporary = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
        with naming(folder / name, temporary):
            temporary.write_bytes(contents[name])
            _sync(temporary)
            temporary.replace(folder / name)

    deque(pool.map(write, contents), maxlen=0)
    sync_folder(folder)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text; whatever happens, the file has either the old or the complete new content."""
    write_bytes(path, content.encode())


def sync_folder(folder: Path) -> None:
    """Fsync a folder, so that the names in it last; does nothing if folders cannot be opened (Windows)."""
    with contextlib.suppress(PermissionError):
        _sync(folder)


def require_writable(folder: Path) -> None:
    """Check before long work that its result can be written.

    Raises:
        OSError: If no file can be created in the folder; names it.
    """
    probe = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
    with naming(folder, probe):
        probe.touch()
        probe.unlink()


def path_inside(root: Path, name: str) -> Path:
    """Return the path of a name from the input, below a folder whose links are resolved.

    Raises:
        RejectedItemError: If the path is absolute, leads out of the root by ``..`` or by a link, or is no possible
            file name.
    """
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise RejectedItemError(f"the path {shown(name)} is not Unicode text", "rename it", code="bad-path") from error
    return followed_inside(root, root / name.replace("\\", "/"), name=name)


def followed_inside(root: Path, path: Path, *, name: str) -> Path:
    """Return a path with its links resolved; `name` is what messages call it.

    Raises:
        RejectedItemError: If it leads out of the root, or is a link to itself.
    """
    named = shown(name)
    base = root.resolve()
    try:
        followed = Path(os.path.realpath(path))
        _require_no_loop(followed)
    except (OSError, ValueError) as error:
        raise RejectedItemError(f"the path {named} leads nowhere", "correct it", code="bad-path") from error
    if not followed.is_relative_to(base):
        reason, remedy = f"the path {named} leads out of its folder", "use a path inside it"
        if Path(os.path.normpath(path)).is_relative_to(os.path.normpath(root)):
            reason, remedy = f"the path {named} is a link that leads out of its folder", "copy the file into its place"
        raise RejectedItemError(reason, remedy, code="path-escapes")
    return followed


def _require_no_loop(path: Path) -> None:
    """Raise an OSError if links lead to themselves; no function that resolves links does so in every Python."""
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise


def read_regular(path: Path, *, limit: int, first: int | None = None) -> bytes:
    """Read a file of the input: only a regular file (a pipe would never end), and only up to a size in bytes.

    With `first`, only so many bytes are read.

    Raises:
        RejectedItemError: If it cannot be read, is no regular file, or is too large.
    """
    descriptor, size = _opened(path, limit)
    try:
        if first is not None:
            return os.read(descriptor, first)
        content = os.read(descriptor, size + 1)
        if len(content) == size:  # mostly; a file that grows, or states no size, as in /proc, has more
            return content
        return content + b"".join(iter(lambda: os.read(descriptor, size + 1), b""))
    except OSError as error:
        raise _unreadable(error) from error
    finally:
        os.close(descriptor)


def open_regular(path: Path, *, limit: int) -> io.FileIO:
    """Open a file of the input for reading, unbuffered, under the conditions of `read_regular`.

    Raises:
        RejectedItemError: As `read_regular` does.
    """
    return io.FileIO(_opened(path, limit)[0])


def _opened(path: Path, limit: int) -> tuple[int, int]:
    """Return the descriptor and the size in bytes of a regular file, opened for reading."""
    try:
        descriptor = os.open(path, _AT_ONCE)
    except OSError as error:
        raise _no_regular_file() if _is_other(path) else _unreadable(error) from error
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= limit:
        return descriptor, status.st_size
    os.close(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise _no_regular_file()
    size = f"{status.st_size / 1e6:,.1f} MB, over {limit / 1e6:,.0f} MB"
    raise RejectedItemError(f"is too large ({size})", "make it smaller", code="too-large")


def first_bytes(path: Path, count: int) -> bytes:
    """Return the first bytes of a file of the input; none where it cannot be read or is no regular file."""
    try:
        if not path.is_file():  # a pipe would never end
            return b""
        with path.open("rb") as file:
            return file.read(count)
    except OSError:
        return b""


CLOSED = "may not be read"
"""Why what `is_closed` cannot be used."""


def is_closed(path: Path) -> bool:
    """Return whether a file, or what is in a folder, may not be read; one that is not there is not closed."""
    try:
        if path.is_dir():
            os.scandir(path).close()
            return not os.access(path, os.X_OK, effective_ids=os.access in os.supports_effective_ids)
        os.close(os.open(path, _AT_ONCE))
    except PermissionError:
        return True
    except OSError:
        pass
    return False


def _is_other(path: Path) -> bool:
    """Return whether a path is no regular file, as far as that can be seen."""
    with contextlib.suppress(OSError):
        return not stat.S_ISREG(path.stat().st_mode)
    return False


def _no_regular_file() -> RejectedItemError:
    return RejectedItemError("is no regular file", "put the file itself here", code="unreadable")


def _unreadable(error: OSError) -> RejectedItemError:
    remedy = "allow reading it" if isinstance(error, PermissionError) else "check the file"
    return RejectedItemError(f"cannot be read ({error.strerror})", remedy, code="unreadable")


def decode_text(content: bytes, *, errors: str = "strict") -> str:
    """Return a text of the input: in UTF-8, or in UTF-16 where the mark of that stands before it.

    Raises:
        RejectedItemError: If it is neither, unless `errors` says what to do then, as for `bytes.decode`.
    """
    try:
        if content.startswith(UTF_16_MARKS):
            return content.decode("utf-16", errors=errors)
        return content.removeprefix(codecs.BOM_UTF8).decode(errors=errors)
    except UnicodeDecodeError as error:
        raise RejectedItemError("is not UTF-8 text", "save it as UTF-8", code="encoding") from error


def read_text(path: Path, *, limit: int) -> str:
    """Read a text that a person wrote, as `decode_text` does; the limit is in bytes.

    Raises:
        InputRejectedError: Naming the file and the remedy.
        EnvironmentFaultError: If it may not be read.
    """
    if not path.exists():
        raise InputRejectedError(f"{path}: no such file. Correct its name.")
    try:
        return decode_text(read_regular(path, limit=limit))
    except RejectedItemError as error:
        if error.code == "encoding":
            raise InputRejectedError(f"{path}: is not UTF-8 text. Save it as UTF-8 and run again.") from None
        fault = EnvironmentFaultError if isinstance(error.__cause__, PermissionError) else InputRejectedError
        raise fault(f"{path}: {error.reason}. To fix it, {error.remedy}.") from None


def parse_json(content: str | bytes, *, change: Callable[[dict[str, object]], None] | None = None) -> object:
    """Return the value of JSON from the input; refuse objects that have a key twice, where one value would be lost.

    Each object is changed as soon as it is read, where a `change` is given, so that what it drops takes no memory.

    Raises:
        RejectedItemError: If it is no such JSON, or is nested too deeply.
    """
    keys = 0

    def counted(found: dict[str, object]) -> dict[str, object]:
        nonlocal keys
        keys += len(found)
        if change:
            change(found)
        return found

    try:
        text = content if isinstance(content, str) else content.decode(json.detect_encoding(content), "surrogatepass")
        value: object = json.loads(text, object_hook=counted)
        if keys < text.count(":") and keys < _most_keys(text):  # the first is counted several times as quickly
            json.loads(text, object_pairs_hook=_refuse_repeats)
    except (ValueError, RecursionError) as error:
        raise RejectedItemError(
            f"cannot be read as JSON ({error})", "correct it, or write it again", code="bad-json"
        ) from error
    return value


def _most_keys(text: str) -> int:
    """Return how many keys JSON has at most: as many as colons behind a quote or a blank, most of which stand there.

    If all of them are among the values that were read, none comes twice, and they need not be looked at one by one.
    """
    return sum(text.count(f"{before}:") for before in '" \t\n\r')


def _refuse_repeats(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) < len(pairs):
        (key, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {shown(key)} comes twice")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with naming(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
