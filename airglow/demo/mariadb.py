"""MariaDB's programs: where they are, how they are called, and a new data directory."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from airglow.demo.processes import ServerError, as_account, tail

HOW_TO_INSTALL = "install them with: apt-get install mariadb-server-core mariadb-client-core"
SYSTEM_DIRECTORIES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin")
UNPACKED_PACKAGES = Path(__file__).parents[2] / ".deb"  # where `make` puts them when it may not install


@dataclass(frozen=True)
class MariadbPrograms:
    """Where MariaDB is installed.

    Parameters
    ----------
    server
        Path of ``mariadbd``.
    install
        Path of ``mariadb-install-db``.
    prefix
        Where its packages were unpacked; None if they are installed.
    """

    server: str
    install: str
    prefix: Path | None


def find_mariadb(unpacked: Path = UNPACKED_PACKAGES) -> MariadbPrograms:
    """Find MariaDB's programs: on the system, or unpacked from its Debian packages into a directory.

    Parameters
    ----------
    unpacked
        A directory with Debian packages unpacked in it, for machines where one may not install.

    Returns
    -------
    MariadbPrograms

    Raises
    ------
    ServerError
        When a program is missing; the message says how to install it.
    """
    system = os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_DIRECTORIES])
    local = unpacked.absolute() / "usr"
    for path, prefix in ((system, None), (f"{local}/sbin{os.pathsep}{local}/bin", unpacked.absolute())):
        server = shutil.which("mariadbd", path=path) or shutil.which("mysqld", path=path)
        install = shutil.which("mariadb-install-db", path=path)
        helper = shutil.which("my_print_defaults", path=path)
        if server and install and helper:
            return MariadbPrograms(server, install, prefix)
    raise ServerError(
        f"MariaDB's programs (mariadbd, mariadb-install-db, my_print_defaults) are missing; {HOW_TO_INSTALL}"
    )


def common_options(programs: MariadbPrograms, home: Path, temporary: Path, account: str | None) -> list[str]:
    """Options that the server and the program that makes its data directory have in common.

    Parameters
    ----------
    programs
        Where MariaDB is installed.
    home
        Where ``data`` is, its data directory.
    temporary
        Directory for temporary files.
    account
        User to run as; None for the present one.

    Returns
    -------
    list of str
        ``--no-defaults`` first, as it must be.
    """
    options = [
        "--no-defaults",
        f"--datadir={home / 'data'}",
        f"--tmpdir={temporary}",
        "--character-set-server=utf8mb4",
        "--collation-server=utf8mb4_unicode_ci",
    ]
    if programs.prefix is not None:
        options += [
            f"--basedir={programs.prefix / 'usr'}",
            f"--lc-messages-dir={programs.prefix / 'usr/share/mysql'}",
        ]
    if account == "root":  # the server refuses root unless it is told
        options.append("--user=root")
    return options


def make_data_directory(programs: MariadbPrograms, home: Path, temporary: Path, account: str | None) -> None:
    """Make a new data directory with the system tables in it.

    Parameters
    ----------
    programs, home, temporary, account
        As of `common_options`.

    Raises
    ------
    ServerError
        With the last lines that the program wrote, if it fails.
    """
    no_defaults, *options = common_options(programs, home, temporary, account)
    done = subprocess.run(
        [
            programs.install,
            no_defaults,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *options,
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=temporary,
        env=environment_of(programs),
        **as_account(account),
    )
    if done.returncode:
        raise ServerError(f"mariadb-install-db failed in {home}: {tail(done.stdout + done.stderr)}")


def environment_of(programs: MariadbPrograms) -> dict[str, str]:
    """Environment variables for MariaDB's programs: ours without ``MYSQL_...``, and where its libraries are.

    Parameters
    ----------
    programs
        Where MariaDB is installed.

    Returns
    -------
    dict
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MYSQL_")}
    if programs.prefix is not None:
        libraries = [str(path) for path in (programs.prefix / "usr/lib").glob("*-linux-gnu*")]
        libraries += [str(path) for path in (programs.prefix / "lib").glob("*-linux-gnu*")]
        before = environment.get("LD_LIBRARY_PATH")
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(libraries + ([before] if before else []))
    return environment
