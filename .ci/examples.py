"""Builds the session checks of docs/your-code.md and asks each about the same headers:
examples.py BUNDLE DIRECTORY."""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bundle import Bundle, send

PAGE = (pathlib.Path(__file__).parent.parent / "docs/your-code.md").read_text(encoding="utf-8")
APPID = "wx1111111111111111"

# Each reads a list of Authorization headers and writes who they are of, or null.
NODE = """
import { readFileSync } from 'node:fs'
import { session } from './session.mjs'
const answers = JSON.parse(readFileSync(0)).map((header) => session(header).then((user) => user.sub, () => null))
console.log(JSON.stringify(await Promise.all(answers)))
"""
PYTHON = """
import json, sys
import jwt
from session import session

def subject(header):
    try:
        return session(header)["sub"]
    except jwt.InvalidTokenError:
        return None

print(json.dumps([subject(header) for header in json.load(sys.stdin)]))
"""
RUST = """
mod session;

fn main() {
    let headers: Vec<String> = serde_json::from_reader(std::io::stdin()).unwrap();
    let [keys, appid] = ["SESSION_PUBLIC_KEYS", "APPID"].map(|name| std::env::var(name).unwrap());
    let subject = |header: &String| {
        let session = session::session(header, &keys, &appid).ok()?;
        [Some(session.sid), session.unionid].iter().flatten().all(|id| !id.is_empty()).then_some(session.sub)
    };
    println!("{}", serde_json::to_string(&headers.iter().map(subject).collect::<Vec<_>>()).unwrap());
}
"""
CARGO = """
[package]
name = "session"
version = "0.1.0"
edition = "2024"

[dependencies]
jsonwebtoken = { version = "10", features = ["rust_crypto"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"

[workspace]
"""
GO = """
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"example/session"
)

func main() {
	var headers []string
	if err := json.NewDecoder(os.Stdin).Decode(&headers); err != nil {
		panic(err)
	}
	subjects := make([]*string, len(headers))
	for at, header := range headers {
		if session, err := session.Check(header); err == nil {
			subjects[at] = &session.Subject
		}
	}
	answer, _ := json.Marshal(subjects)
	fmt.Println(string(answer))
}
"""


def example(language):
    """The block of a language in the chapter on checking sessions."""
    chapter = PAGE.split("## Check a session")[1]
    return re.search(rf"```{language}\n(.+?)```", chapter, re.DOTALL)[1]


def laid(directory, files):
    for name, text in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        # What has not changed is not built again.
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    return directory


def node(directory):
    laid(directory / "node", {"session.mjs": example("js"), "main.mjs": NODE})
    return ["node", directory / "node/main.mjs"]


def python(directory):
    laid(directory / "python", {"session.py": example("python"), "main.py": PYTHON})
    return [sys.executable, directory / "python/main.py"]


def rust(directory):
    files = {"Cargo.toml": CARGO, "src/main.rs": RUST, "src/session.rs": example("rust")}
    project = laid(directory / "rust", files)
    # Its own, in its own place.
    build = ["cargo", "build", "--quiet", "--target-dir", project / "target"]
    subprocess.run(build, cwd=project, check=True)
    return [project / "target/debug/session"]


def go(directory):
    if not shutil.which("go"):
        raise FileNotFoundError("there is no go")
    files = {
        "go.mod": "module example\n\ngo 1.21\n",
        "main.go": GO,
        "session/session.go": example("go"),
    }
    project = laid(directory / "go", files)
    got = ["go", "get", "github.com/golang-jwt/jwt/v5"]
    found = subprocess.run(got, cwd=project, capture_output=True, text=True)
    if found.returncode:
        raise FileNotFoundError(found.stderr.strip().splitlines()[-1])
    subprocess.run(["go", "build", "-o", "main", "."], cwd=project, check=True)
    return [project / "main"]


def headers(session, data):
    """What is asked, and whether it is the session's user; `data` is a bundle's directory."""
    kid, seed = (data / "session-key").read_text(encoding="utf-8").strip().split(":")
    key = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(seed + "=="))
    claims = jwt.decode(session, options={"verify_signature": False})
    header = jwt.get_unverified_header(session)

    def token(by=key, algorithm="EdDSA", kid=kid, without=(), **changes):
        changed = {name: one for name, one in (claims | changes).items() if name not in without}
        return "Bearer " + jwt.encode(changed, by, algorithm=algorithm, headers={"kid": kid})

    public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw())
    head, body, signature = session.split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "oMallory"}).encode())
    assert header == {"alg": "EdDSA", "kid": kid, "typ": "JWT"}, header
    return {
        "a login's session": (f"Bearer {session}", True),
        "signed by the same key": (token(), True),
        "nothing": ("", False),
        "no token": ("Bearer abc", False),
        "another user under the same signature": (
            f"Bearer {head}.{other.rstrip(b'=').decode()}.{signature}",
            False,
        ),
        "another key under its name": (token(by=Ed25519PrivateKey.generate()), False),
        "an unknown key": (token(by=Ed25519PrivateKey.generate(), kid="other"), False),
        "no signature": (token(by=None, algorithm="none"), False),
        "the public key as a secret": (token(by=public.rstrip(b"="), algorithm="HS256"), False),
        "expired": (token(exp=int(time.time()) - 60), False),
        "of another app": (token(aud="wx2222222222222222"), False),
        "of another issuer": (token(iss="other"), False),
        "without a user": (token(without=["sub"]), False),
        "without an id": (token(without=["sid"]), False),
        "without an end": (token(without=["exp"]), False),
        "without an app": (token(without=["aud"]), False),
        "without an issuer": (token(without=["iss"]), False),
        "of a snapshot page": (token(snapshot=True), False),
    }


def public_keys(directory):
    """By the command of the page."""
    command = re.search(r"^node -e .+$", PAGE, re.MULTILINE)[0]
    printed = subprocess.run(
        ["bash", "-c", command], cwd=directory, check=True, capture_output=True
    )
    return printed.stdout.decode().strip()


def main():
    binary, directory = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    data = directory / "data"
    bundle = Bundle(binary, directory / "bundle.log", "--data-dir", data)
    try:
        code = send("POST", f"{bundle.wechat}/_simulator/codes", {})[1]["code"]
        login = send("POST", f"{bundle.url}/auth/code2Session", {"js_code": code})[1]
        asked = headers(login["session_token"], data)
    finally:
        bundle.stop()
    settings = {"SESSION_PUBLIC_KEYS": public_keys(directory), "APPID": APPID}
    wanted = [login["openid"] if good else None for _, good in asked.values()]
    failed = 0
    for language in (node, python, rust, go):
        name = language.__name__
        try:
            program = language(directory)
        except FileNotFoundError as why:
            print(f"SKIPPED {name}: {why}")
            continue
        lines = json.dumps([header for header, _ in asked.values()])
        answer = subprocess.run(
            program,
            input=lines,
            env=os.environ | settings,
            check=True,
            capture_output=True,
            text=True,
        )
        given = json.loads(answer.stdout)
        wrong = [what for what, got, want in zip(asked, given, wanted) if got != want]
        failed += bool(wrong)
        print(
            f"FAIL  {name}: {wrong}" if wrong else f"ok    {name}: {len(asked)} headers judged",
            flush=True,
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
