"""Encrypted connections to a real server, with certificates made here: verified, or not at all."""

import datetime as dt
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airglow.catalogue import connect, settings_from_environment
from airglow.catalogue.connection import in_transaction
from airglow.demo.processes import private_directory
from airglow.demo.servers import MariadbServer, mariadb_server
from airglow.model.errors import CatalogueError

IMPATIENT = {"attempts": 3, "pause_s": 30}  # a test that waits for a second attempt is seen


class Authority:
    """A certificate authority with its file, which makes certificates and their keys."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        authority = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._signed(self.name, self.key, authority, critical=True)
        self.file = self._write(f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *hosts: str) -> tuple[str, str]:
        """Files of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address(h)) if h[0].isdigit() else x509.DNSName(h) for h in hosts]
        )
        certificate = self._signed(_name(name), key, alternatives, critical=False)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return (
            self._write(f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM)),
            self._write(f"{name}.key", private),
        )

    def _signed(self, subject, key, extension, *, critical) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(extension, critical)
            .sign(self.key, hashes.SHA256())
        )

    def _write(self, name: str, content: bytes) -> str:
        path = self.directory / name
        path.write_bytes(content)
        path.chmod(0o644)  # the server runs as another account; what is here is worth nothing
        return str(path)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass(frozen=True)
class TlsServer:
    """A server with a certificate for 127.0.0.1, and the authorities that there are."""

    server: MariadbServer
    authority: Authority
    stranger: Authority

    def environment(self, **more: str) -> dict[str, str]:
        return self.server.environment() | {"MYSQL_SSL_CA": self.authority.file} | more


@pytest.fixture(scope="module")
def tls() -> Iterator[TlsServer]:
    with private_directory() as directory:
        directory.chmod(0o755)
        authority, stranger = Authority(directory, "authority"), Authority(directory, "stranger")
        certificate, key = authority.issue("server", "127.0.0.1", "db.example.org")
        options = (f"--ssl-ca={authority.file}", f"--ssl-cert={certificate}", f"--ssl-key={key}")
        with mariadb_server(options=options) as server:
            yield TlsServer(server, authority, stranger)


def _cipher(connection) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        return cursor.fetchone()[1]


def test_a_server_with_a_certificate_of_the_authority_is_talked_to_in_cipher(tls):
    with connect(settings_from_environment(tls.environment()), **IMPATIENT) as connection:
        assert _cipher(connection)


def test_without_an_authority_it_is_encrypted_all_the_same(tls):
    environment = tls.environment()
    del environment["MYSQL_SSL_CA"]
    with connect(settings_from_environment(environment), **IMPATIENT) as connection:
        assert _cipher(connection)


def test_a_certificate_of_another_authority_is_refused_at_once(tls):
    environment = tls.environment(MYSQL_SSL_CA=tls.stranger.file)
    with pytest.raises(CatalogueError, match=r"airglow at 127.*certificate is refused: .*MYSQL_SSL_CA"):
        connect(settings_from_environment(environment), **IMPATIENT)


def test_a_certificate_for_another_host_is_refused_at_once(tls):
    """The server has no name but 127.0.0.1 and db.example.org in its certificate; we call it localhost."""
    environment = tls.environment(MYSQL_HOST="localhost")
    with pytest.raises(CatalogueError, match=r"refused: .*localhost.*made out to the host as MYSQL_HOST"):
        connect(settings_from_environment(environment), **IMPATIENT)


def test_a_server_without_encryption_is_refused_if_there_is_an_authority(tls, mariadb):
    """Whoever is in between could say for the server that it has none."""
    environment = mariadb.environment() | {"MYSQL_SSL_CA": tls.authority.file}
    with pytest.raises(CatalogueError, match="SSL is required but the server doesn't support it"):
        connect(settings_from_environment(environment), **IMPATIENT)


def test_a_new_connection_after_a_lost_one_is_verified_too(tls):
    connection = connect(settings_from_environment(tls.environment()))
    connection.close()
    assert in_transaction(connection, lambda cursor: _cipher(cursor.connection), "test")


def test_an_account_that_must_show_a_certificate(tls):
    with tls.server.connect_as_root() as root, root.cursor() as cursor:
        cursor.execute("CREATE USER 'shown'@'%' IDENTIFIED BY 'word' REQUIRE X509")
        cursor.execute("GRANT SELECT ON airglow.* TO 'shown'@'%'")
    certificate, key = tls.authority.issue("client")
    account = {"MYSQL_USER": "shown", "MYSQL_PASSWORD": "word"}
    with pytest.raises(CatalogueError, match="Access denied"):
        connect(settings_from_environment(tls.environment(**account)), **IMPATIENT)
    shown = account | {"MYSQL_SSL_CERT": certificate, "MYSQL_SSL_KEY": key}
    with connect(settings_from_environment(tls.environment(**shown)), **IMPATIENT) as connection:
        assert _cipher(connection)


def test_over_a_socket_the_authority_counts_and_the_name_does_not(tls):
    environment = tls.environment(MYSQL_UNIX_SOCKET=tls.server.socket)
    del environment["MYSQL_HOST"]
    with connect(settings_from_environment(environment), **IMPATIENT) as connection:
        assert _cipher(connection)
    with pytest.raises(CatalogueError, match="certificate is refused"):
        connect(settings_from_environment(environment | {"MYSQL_SSL_CA": tls.stranger.file}), **IMPATIENT)


def test_a_file_that_is_no_certificate_is_named(tls, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    environment = tls.environment(MYSQL_SSL_CA=str(tmp_path / "ca.pem"))
    with pytest.raises(CatalogueError, match=r"ca\.pem: not certificates in PEM format"):
        connect(settings_from_environment(environment), **IMPATIENT)


def test_a_certificate_of_ours_needs_its_key_and_the_authority(tls):
    complete = tls.environment(MYSQL_SSL_CERT=tls.authority.file, MYSQL_SSL_KEY=tls.authority.file)
    assert settings_from_environment(complete).ssl_key == tls.authority.file
    for name in ("MYSQL_SSL_CA", "MYSQL_SSL_CERT", "MYSQL_SSL_KEY"):
        with pytest.raises(CatalogueError, match="need each other, and MYSQL_SSL_CA"):
            settings_from_environment(complete | {name: ""})
