"""A PostgreSQL server for tests: real, of this machine's packages, in a folder of its own, on a free port."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from builders import free_port

PASSWORD = "sécret/{x}@1"
_USER, _ACCOUNT = "tester", "postgres"
_PATIENCE_S = 30


def why_not():
    """Say why no server can be started here; nothing where one can."""
    if _programs() is None:
        return "there is no PostgreSQL server on this machine (no initdb under /usr/lib/postgresql)"
    if os.geteuid() == 0 and _account() is None:
        return f"a PostgreSQL server refuses to run as root, and there is no account {_ACCOUNT}"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed"
    return ""


@dataclass
class PostgresServer:
    """A running server; what it holds is gone with it."""

    folder: Path
    port: int
    process: subprocess.Popen | None = None
    numbers: itertools.count = field(default_factory=itertools.count)

    @classmethod
    def made(cls):
        """Make an empty one and start it."""
        folder = Path(tempfile.mkdtemp(prefix="toonvision-postgresql-"))
        word = folder / "password"
        word.write_text(PASSWORD, encoding="utf-8")
        if os.geteuid() == 0:
            for path in (folder, word):
                shutil.chown(path, _ACCOUNT, _account().pw_gid)
        options = ["--username", _USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"]
        command = [_programs() / "initdb", "--pgdata", folder / "data", "--pwfile", word, *options]
        subprocess.run(command, check=True, capture_output=True, **_as_owner(folder))
        server = cls(folder, free_port())
        server.start()
        return server

    def start(self):
        """Start it, and wait until it answers."""
        options = [f"port={self.port}", f"unix_socket_directories={self.folder}", "listen_addresses=127.0.0.1"]
        settings = [part for option in (*options, "fsync=off") for part in ("-c", option)]
        command = [_programs() / "postgres", "-D", self.folder / "data", *settings]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **_as_owner(self.folder))
        self._wait()

    def stop(self, how=signal.SIGINT):
        """Stop it: SIGINT breaks connections off and ends in order, SIGQUIT at once."""
        self.process.send_signal(how)
        self.process.wait(_PATIENCE_S)

    def remove(self):
        """Stop it for good."""
        self.stop()
        shutil.rmtree(self.folder)

    def database(self):
        """Make an empty database and give its address."""
        name = f"studies_{next(self.numbers)}"
        with self._connected() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database, *, password=PASSWORD, port=None):
        """Return an address as a person would write it."""
        from sqlalchemy.engine import URL

        url = URL.create("postgresql", _USER, password, "127.0.0.1", port or self.port, database)
        return url.render_as_string(hide_password=False)

    def _connected(self):
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=_USER, password=PASSWORD, dbname="postgres", autocommit=True
        )

    def _wait(self):
        import psycopg

        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._connected().close()
            except psycopg.OperationalError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.1)
            else:
                return


def _programs():
    """Return the newest server's programs, wherever this system keeps them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    beside = shutil.which("initdb")
    return found[-1].parent if found else Path(beside).parent if beside else None


def _account():
    try:
        return pwd.getpwnam(_ACCOUNT)
    except KeyError:
        return None


def _as_owner(folder):
    """Run as the account of the server where we are root, in a folder that it can enter."""
    if os.geteuid() != 0:
        return {"cwd": folder}
    account = _account()
    return {"cwd": folder, "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
