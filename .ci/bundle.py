"""A bundle as a process, and a client for it."""

import json
import os
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.request


class Bundle:
    """A process of the bundle on free ports."""

    def __init__(self, binary, log, *flags, **environment):
        # What the shell says about AWS must not reach it.
        plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.errors = open(log, "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [binary, "--listen", "127.0.0.1:0", *flags],
            env=plain | environment,
            stdout=subprocess.DEVNULL,
            stderr=self.errors,
        )
        self.url = self.address("operations")
        self.wechat = self.address("WeChat    ")

    def text(self):
        return pathlib.Path(self.errors.name).read_text(encoding="utf-8")

    def address(self, what):
        for _ in range(200):
            found = re.search(rf"{what} +(http://\S+)", self.text())
            if found:
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the bundle does not start: {self.text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.errors.close()


def send(method, url, body=None, session=None):
    """A request as a front end sends it: status and JSON."""
    headers = {"content-type": "application/json"}
    if session:
        headers["authorization"] = f"Bearer {session}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, content = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, content = error.code, error.read()
    try:
        return status, json.loads(content)
    except ValueError:
        return status, {}


def until(found, seconds=10):
    end = time.monotonic() + seconds
    while True:
        result = found()
        if result or time.monotonic() > end:
            return result
        time.sleep(0.1)
