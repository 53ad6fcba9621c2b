# SPDX-License-Identifier: MIT
"""A certificate authority for tests, and the certificates it issues: each a file with the key in it."""

import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    def __init__(self, folder, name="Test CA"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.name = _name(name)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = self._certificate(self.name, self.key, DAY).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.file = self._write("ca.pem", certificate.sign(self.key, hashes.SHA256()))

    def issue(self, file, names=("localhost", "127.0.0.1"), until=DAY):
        """A certificate for these names and addresses, valid `until` from now; gives back its file."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = self._certificate(_name(names[0]), key, until).add_extension(
            x509.SubjectAlternativeName([
                x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names
            ]), critical=False)
        return self._write(file, certificate.sign(self.key, hashes.SHA256()), key)

    def _certificate(self, subject, key, until):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - 2 * DAY).not_valid_after(now + until))

    def _write(self, file, certificate, key=None):
        path = self.folder / file
        data = certificate.public_bytes(serialization.Encoding.PEM)
        if key:
            data += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())
        path.write_bytes(data)
        return str(path)
