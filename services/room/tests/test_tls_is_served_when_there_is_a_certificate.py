import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError
from salon_room.config import RoomSettings
from websockets.asyncio.client import connect

from .conftest import Cloud
from .processes import RoomProcess


def make_certificate(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = directory / "cert.pem", directory / "key.pem"
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_path.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return cert_path, key_path


async def test_a_browser_can_connect_with_wss(cloud: Cloud, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    settings = {"tls_cert": cert, "tls_key": key}
    room = RoomProcess(cloud.server.settings, tmp_path / "tls.log", "room-tls", settings)
    cloud.instances.append(room)
    context = ssl.create_default_context(cafile=str(cert))
    await room.ready(verify=context)
    async with connect(f"wss://127.0.0.1:{room.port}/ws", ssl=context) as socket:
        await socket.send('{"requestId":1,"hello":{"protocolVersions":[1]}}')
        assert '"welcome"' in str(await socket.recv())


def test_certificate_and_key_go_together() -> None:
    with pytest.raises(ValidationError, match="go together"):
        RoomSettings(tls_cert=Path("cert.pem"))
    with pytest.raises(ValidationError, match="two heartbeat"):
        RoomSettings(presence_ttl_s=10, heartbeat_interval_s=6)
