# SPDX-License-Identifier: MIT
"""A certificate authority for tests, and the certificates it issues: each a file with the key in it."""

import pathlib
import subprocess

MAKER = pathlib.Path(__file__).resolve().parents[2] / "support" / "certificates.sh"


class Authority:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.file = self._make("authority", "ca.pem", "Test CA")

    def issue(self, file, names=("localhost", "127.0.0.1")):
        """A certificate for these names and addresses; gives back its file."""
        return self._make("issue", file, "1", *names)

    def _make(self, what, file, *words):
        subprocess.run(["sh", MAKER, what, self.folder, file, *words], check=True)
        return str(self.folder / file)
