# SPDX-License-Identifier: MIT
"""Files of vectors: one JSON object a line, a definition or a case. test/vectors/README.md explains the members."""

import json


class Lines:
    """The lines of one file. A text is defined before the first case that uses it."""

    def __init__(self):
        self.lines = []
        self.cases = 0
        self._defined = {}
        self._names = set()

    def write(self, path):
        with open(path, "w", encoding="ascii") as file:
            file.write(self.text())

    def text(self):
        return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in self.lines)

    def define(self, name, text):
        """`text` is a str, or bytes that are no text."""
        if name in self._defined:
            if self._defined[name] != text:
                raise ValueError(f"{name} is defined twice")
            return
        self._defined[name] = text
        self.lines.append({"define": name, "hex": text.hex()} if isinstance(text, bytes) else {"define": name, "text": text})

    def _case(self, name, group, source, code, members):
        if name in self._names:
            raise ValueError(f"two cases are named {name}")
        self._names.add(name)
        self.cases += 1
        self.lines.append({"name": name, "class": group, "source": source, "code": code, **members})

    def _reference(self, key):
        """`key` is (role, name, text); role: "key" or "secret"."""
        role, name, text = key
        self.define(name, text)
        return {role: name}

    def signature(self, name, group, source, code, key, algorithm, message, signature):
        self._case(name, group, source, code, {
            **self._reference(key), "algorithm": algorithm, "input": message.hex(), "signature": signature.hex()})

    def key(self, name, group, source, code, key, **members):
        self._case(name, group, source, code, {**self._reference(key), **members})

    def token(self, name, group, source, code, key, token, call="verify", options=None, payload=None, kids=None):
        """`token` is a str, or a list of str, of (str, count) for what is repeated and of {"hex": digits}. `key` is None for inspect
        and where `kids` has the keys to look up."""
        members = {"call": call}
        if key:
            members.update(self._reference(key))
        if kids is not None:
            members["kids"] = {kid: self._reference(each)["key"] for kid, each in kids.items()}
        if options:
            members["options"] = options
        if payload is not None:
            members["payload"] = payload
        members["token"] = token
        self._case(name, group, source, code, members)
