"""`keys doctor` on a stack of the emulator: a healthy one, and one planted fault per finding.

The stack's own addresses lead to a running bundle, over TLS; so do invocations. Everything else of
AWS is the emulator.
"""

import datetime
import http.client
import http.server
import json
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.awslambda.models import lambda_backends
from moto.cloudformation.models import cloudformation_backends

import journey
from emulator import ACCOUNT

APPS = [appid for appid, _, _ in journey.APPS]
MINI, OFFICIAL, MOBILE, WEBSITE = APPS


def forward(handler, url, path):
    """Hands a request on, and gives the answer back."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    kept = {
        name: value
        for name, value in handler.headers.items()
        if name.lower() not in ("host", "connection", "transfer-encoding")
    }
    connection.request(handler.command, path, handler.body(), kept)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    handler.send_response(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
            handler.send_header(name, value)
    handler.send_header("content-length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def cbor(value):
    """Texts, lists and maps, each of fewer than 65,536 bytes or entries."""

    def head(kind, length):
        return bytes([kind << 5 | 25]) + length.to_bytes(2, "big")

    match value:
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return head(5, len(value)) + b"".join(cbor(part) for pair in value.items() for part in pair)


class Front:
    """AWS: the emulator, what it lacks, and the bundle for invocations."""

    def __init__(self, emulated, bundle, stack):
        self.offset, self.refused = 0, None
        front = self
        alarms, functions = stack.client("cloudwatch"), stack.client("lambda")

        class Handler(journey.Quiet):
            def date_time_string(self, timestamp=None):
                return super().date_time_string((timestamp or time.time()) + front.offset)

            def meet(self):
                target = self.headers.get("x-amz-target", "") + self.path
                if front.refused and front.refused in target:
                    self.body()
                    refusal = {"__type": "AccessDeniedException", "message": "not for this person"}
                    return self.answer(400, json.dumps(refusal).encode())
                if self.path.endswith("/invocations"):
                    return forward(self, bundle, self.path.replace(f"{stack.name}-", ""))
                if self.path.endswith("/operation/DescribeAlarms"):
                    return self.alarms()
                if self.command == "GET" and re.fullmatch(r"/2015-03-31/functions/[^/]+", self.path):
                    return self.function(self.path.rsplit("/", 1)[1])
                return forward(self, emulated.url, self.path)

            def alarms(self):
                """The emulator does not speak the protocol of CloudWatch's newer SDKs."""
                self.body()
                found = alarms.describe_alarms(StateValue="ALARM")["MetricAlarms"]
                names = [{"AlarmName": one["AlarmName"], "StateValue": "ALARM"} for one in found]
                content = cbor({"MetricAlarms": names})
                self.send_response(200)
                self.send_header("smithy-protocol", "rpc-v2-cbor")
                self.send_header("content-type", "application/cbor")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def function(self, name):
                """The emulator does not tell a function's concurrency together with the function."""
                with urllib.request.urlopen(self.signed(emulated.url + self.path)) as answer:
                    told = json.load(answer)
                reserved = functions.get_function_concurrency(FunctionName=name)
                if "ReservedConcurrentExecutions" in reserved:
                    told["Concurrency"] = {key: reserved[key] for key in ["ReservedConcurrentExecutions"]}
                self.answer(200, json.dumps(told).encode())

            def signed(self, url):
                kept = {"authorization": self.headers["authorization"], "x-amz-date": self.headers["x-amz-date"]}
                return urllib.request.Request(url, headers=kept)

            do_GET = do_POST = meet

        self.url = journey.serve(Handler)


class Door:
    """The stack's addresses: TLS before the bundle, or somebody else."""

    def __init__(self, bundle, directory, names):
        self.foreign = ()
        door = self

        class Handler(journey.Quiet):
            def meet(self):
                if any(self.path.startswith(path) for path in door.foreign):
                    self.body()
                    return self.answer(403, b'{"message":"Forbidden"}', "application/json")
                return forward(self, bundle, self.path)

            do_GET = do_POST = meet

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.ca, chain, key = certificates(directory, names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{server.server_port}"


def certificates(directory, names):
    """An authority and a certificate of these names, as files."""

    def write(name, content):
        path = directory / name
        path.write_bytes(content)
        return path

    def certificate(subject, issuer, public, signer, *extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    authority = x509.BasicConstraints(ca=True, path_length=None)
    ca = certificate("doctor", "doctor", root.public_key(), root, (authority, True))
    chain = certificate("stack", "doctor", leaf.public_key(), root, (alternative, False))
    key = leaf.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return write("ca.pem", ca), write("chain.pem", chain), write("key.pem", key)


class Patient:
    """A stack, and the ways to make it ill; each is undone by `heal`."""

    def __init__(self, stack, front, door, world):
        self.stack, self.front, self.door, self.world = stack, front, door, world
        self.undo = []
        stacks = cloudformation_backends[ACCOUNT][stack.region].stacks.values()
        self.formed = next(one for one in stacks if one.name == stack.name)

    def heal(self):
        while self.undo:
            self.undo.pop()()

    def set(self, of, name, value):
        before = getattr(of, name)
        setattr(of, name, value)
        self.undo.append(lambda: setattr(of, name, before))

    def set_key(self, of, name, value):
        before = of[name]
        of[name] = value
        self.undo.append(lambda: of.__setitem__(name, before))

    def function(self, name):
        backend = lambda_backends[ACCOUNT][self.stack.region]
        return backend.get_function(f"{self.stack.name}-{name}")

    def secret(self, name, value, kind="SecureString"):
        """Another value, or none."""
        ssm = self.stack.client("ssm")
        name = f"{self.stack.values['SecretPrefix']}/{name}"
        before = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]

        def put(value, kind):
            ssm.delete_parameter(Name=name)
            if value is not None:
                ssm.put_parameter(Name=name, Value=value, Type=kind)

        put(value, kind)

        def restore():
            if value is None:
                ssm.put_parameter(Name=name, Value="x", Type="SecureString")
            put(before, "SecureString")

        self.undo.append(restore)

    def item(self, pk, change):
        """Another item of the table, or none."""
        client, table = self.stack.client("dynamodb"), self.stack.resources["Table"]
        before = client.get_item(TableName=table, Key={"pk": {"S": pk}})["Item"]
        changed = change(dict(before))
        if changed is None:
            client.delete_item(TableName=table, Key={"pk": {"S": pk}})
        else:
            client.put_item(TableName=table, Item=changed)
        self.undo.append(lambda: client.put_item(TableName=table, Item=before))

    def failed(self, appid, kind, errcode, message):
        """A refresh that failed."""

        def change(item):
            now = str(int(time.time()))
            item |= {name: {"N": now} for name in ("failed_at", "retry_at")}
            item |= {"failed_count": {"N": "1"}, "last_error": {"S": message}}
            return item | ({"last_errcode": {"N": str(errcode)}} if errcode else {})

        self.item(f"credential#{appid}#{kind}", change)

    def quota(self):
        # Of a minute: that of a day is remembered by the function.
        fault = {"errcode": {"code": 45011, "errmsg": "api minute-quota reach limit"}}
        body = {"path": "/cgi-bin/openapi/quota/get", "appid": MINI, "effect": fault}
        journey.send("POST", f"{self.world}/_simulator/faults", body)
        self.undo.append(lambda: journey.send("DELETE", f"{self.world}/_simulator/faults"))

    def off(self, name):
        client, name = self.stack.client("lambda"), f"{self.stack.name}-{name}"
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        self.undo.append(lambda: client.delete_function_concurrency(FunctionName=name))

    def alarm(self, logical_id):
        client, name = self.stack.client("cloudwatch"), self.stack.resources[logical_id]
        client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="planted")
        self.undo.append(
            lambda: client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="healed")
        )


def old(item):
    return item | {"expires_at": {"N": str(int(time.time()) + 100)}}


OTHER_PUSH = json.dumps({"tokens": ["anotherToken"], "keys": []})
OTHER_KEY = f"k9:{journey.base64url(bytes(range(32)))}"
REFUSED_ADDRESS = "WeChat refuses calls from 203.0.113.7: add it to the IP allow-list of the account in the WeChat console."

# What is planted, how, which finding tells of it, and what that must say; those of a group at once.
FAULTS = [
    [
        ("a wrong clock", lambda p: p.set(p.front, "offset", 120), "clock-wrong", "slow"),
        ("a deployment that was taken back", lambda p: p.set(p.formed, "status", "UPDATE_ROLLBACK_COMPLETE"), "stack-unfinished", "UPDATE_ROLLBACK_COMPLETE"),
        ("a function that cannot run", lambda p: p.set(p.function("jssdk-config"), "state", "Failed"), "function-broken", "jssdk-config"),
        ("a function that is off", lambda p: p.off("auth-code2session"), "function-off", "auth-code2session"),
        ("an alarm that rings", lambda p: p.alarm("TokenLifeAlarm"), "alarm", "TokenLifeAlarm"),
        ("a secret that is missing", lambda p: p.secret(MOBILE, None), "secret-missing", f"/wechat/{MOBILE}"),
        ("a placeholder", lambda p: p.secret(WEBSITE, "FILL-IN-the-app-secret"), "secret-placeholder", WEBSITE),
        ("a secret in the clear", lambda p: p.secret(f"push-{OFFICIAL}", json.dumps({"tokens": [journey.PUSH["token"]], "keys": []}), "String"), "secret-in-clear", f"push-{OFFICIAL}"),
        ("a merchant's key of the wrong length", lambda p: p.secret(f"pay-{journey.MCHID}-apiv3-key", "0123456789"), "secret-unusable", "apiv3_keys"),
        ("another signing key", lambda p: p.secret("session-key", OTHER_KEY), "signing-key-unknown", "session-key"),
        ("another push token", lambda p: p.secret(f"push-{MINI}", OTHER_PUSH), "push-refused", f"/push/receive/{MINI}"),
        ("an address that is not allowed", lambda p: p.failed(MINI, "access_token", 40164, REFUSED_ADDRESS), "address-not-allowed", "203.0.113.7"),
        ("a ticket that was never fetched", lambda p: p.item(f"credential#{OFFICIAL}#wx_card_ticket", lambda item: None), "token-missing", "wx_card_ticket"),
        ("a token that is about to end", lambda p: p.item(f"credential#{OFFICIAL}#access_token", old), "token-old", OFFICIAL),
        ("a capability that the account lacks", lambda p: p.failed(OFFICIAL, "jsapi_ticket", 48001, "x"), "capability-missing", "48001"),
        ("a quota that is used up", lambda p: p.quota(), "quota-low", "45011"),
        ("notifications that end elsewhere", lambda p: p.set(p.door, "foreign", ("/pay/",)), "notify-unreachable", "HTTP 403"),
    ],
    [
        ("an app secret that WeChat refuses", lambda p: p.failed(MINI, "access_token", 40125, "x"), "secret-refused", "40125"),
        ("an app that WeChat does not know", lambda p: p.failed(MOBILE, "access_token", 40013, "x"), "app-unknown", MOBILE),
        ("a token quota that is used up", lambda p: p.failed(OFFICIAL, "access_token", 45009, "x"), "quota-used-up", "45009"),
        ("WeChat out of reach", lambda p: p.failed(OFFICIAL, "jsapi_ticket", None, "WeChat cannot be reached."), "refresh-failed", "cannot be reached"),
        ("a push URL that ends elsewhere", lambda p: p.set(p.door, "foreign", ("/push/",)), "push-unreachable", "HTTP 403"),
        ("secrets that no role may read", lambda p: p.set_key(p.formed.resource_map.resolved_parameters, "SecretPrefix", "/other"), "secret-outside-prefix", "/other/wx*"),
    ],
    [
        # The push URL is asked all the same, with a forgery.
        ("a person who may not read secrets", lambda p: p.set(p.front, "refused", "AmazonSSM.GetParameter"), "not-checked", "AccessDenied"),
    ],
    [
        ("a list of apps that cannot be read", lambda p: [p.set_key(p.function(name).environment_vars, "WECHAT_APPS", "[") for name in p.stack.functions], "setting-malformed", "WECHAT_APPS"),
    ],
]


def examine(report, stack, neighbor, keys, bundle, world, gate, directory):
    """Lets the doctor look at a healthy stack, at one with faults, and at one with a domain."""
    front = Front(stack.emulated, bundle.url, stack)
    names = [
        "payments.example.com",
        neighbor.values["ApiDomainName"],
        f"*.lambda-url.{stack.region}.on.aws",
    ]
    door = Door(bundle.url, directory, names)
    patient = Patient(stack, front, door, world.wechat)
    # The refresher would heal what is planted into the table.
    gate.roles["refresh-credentials"] = gate.roles["jssdk-config"]

    def doctor(name, *flags, lead=True):
        plain = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        environment = plain | {
            "AWS_ACCESS_KEY_ID": "person",
            "AWS_SECRET_ACCESS_KEY": "person",
            "AWS_ENDPOINT_URL": front.url,
            "AWS_CA_BUNDLE": str(door.ca),
            "LANG": "zh_CN.UTF-8" if "zh" in flags else "C",
        }
        flags = [one for one in flags if one != "zh"]
        if lead:
            flags += ["--connect-to", door.address]
        command = [keys, "doctor", "--stack", name, "--region", stack.region, *flags]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        printed.append(ran.stdout + ran.stderr)
        return ran

    printed = []
    healthy = doctor(stack.name)
    report.check(
        healthy.returncode == 0 and healthy.stdout == "",
        "doctor: a healthy stack has no finding",
        healthy.stdout + healthy.stderr,
    )
    for group in FAULTS:
        for _, plant, _, _ in group:
            plant(patient)
        ran = doctor(stack.name, "--json")
        chinese = doctor(stack.name, "zh").stdout if group is FAULTS[0] else None
        patient.heal()
        found = json.loads(ran.stdout or "{}").get("findings", [])
        for what, _, id, word in group:
            told = [one for one in found if one["id"] == id]
            right = any(word in one["what"] and one["cure"] for one in told)
            report.check(right and ran.returncode == 1, f"doctor: {what} is {id}", ran.stdout + ran.stderr)
        expected = {id for _, _, id, _ in group}
        besides = [one for one in found if one["id"] not in expected]
        report.same("doctor: and nothing else is found", besides, [])
        if chinese is not None:
            lines = chinese.splitlines()
            right = len(lines) == len(found) and all(re.search("[\u4e00-\u9fff]", one) for one in lines)
            report.check(right, "doctor: the same in Chinese", chinese)
    healed = doctor(stack.name)
    report.check(healed.returncode == 0, "doctor: healed, it is healthy again", healed.stdout)

    def of_domain(lead=True):
        found = json.loads(doctor(neighbor.name, "--json", lead=lead).stdout)["findings"]
        return [one for one in found if one["id"].startswith("domain-")]

    report.same("doctor: a domain that leads to the stack", of_domain(), [])
    door.foreign = ("/jssdk/",)
    found = of_domain()
    report.check([one["id"] for one in found] == ["domain-broken"], "doctor: a domain that is not mapped", found)
    found = of_domain(lead=False)
    report.check([one["id"] for one in found] == ["domain-unknown"], "doctor: a domain without a record", found)
    other = Patient(neighbor, front, door, world.wechat)
    other.set_key(other.formed.resource_map.resolved_parameters, "ApiDomainName", "localhost")
    target = next(one for one in other.formed.output_map.values() if one.key == "EdgeDomainTarget")
    other.set(target, "value", "127.0.0.2")
    found = of_domain(lead=False)
    report.check([one["id"] for one in found] == ["domain-elsewhere"], "doctor: a domain that leads elsewhere", found)
    other.heal()

    unknown = doctor("nobody")
    report.check(
        unknown.returncode == 2 and "nobody" in unknown.stderr,
        "doctor: a stack that does not exist is an error of its own",
        unknown.stderr,
    )
    secrets = {journey.PUSH["token"], "anotherToken", journey.APIV3_KEY, journey.SIGNING_KEY, OTHER_KEY}
    secrets |= {f"secret-of-{appid}" for appid in APPS}
    items = stack.client("dynamodb").scan(TableName=stack.resources["Table"])["Items"]
    secrets |= {one["value"]["S"] for one in items if "value" in one}
    leaked = [one for one in secrets if any(one in text for text in printed)]
    report.check(not leaked, f"doctor: none of {len(secrets)} secrets is printed", len(leaked))
