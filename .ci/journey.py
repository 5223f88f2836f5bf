"""The bundle on a stack of the emulator: its table, secrets, settings and policies.

The bundle's functions sign with their names; a proxy before the emulator holds each request to the
policies of the function's role, as IAM does. A second bundle plays WeChat. What the stack's event
source mappings would start is started here, by their own filters. It is made twice: on the table
in moto, and on one in dynalite.
"""

import base64
import datetime
import http.client
import json
import pathlib
import re
import secrets
import threading

import boto3
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import questions
from bundle import Bundle, send, until
from emulator import KEYS
from engines import LACKED, Dynalite, Moto
from web import Quiet, serve

MINI, OFFICIAL = "wx1111111111111111", "wx2222222222222222"
# The demo apps of the bundle: app id, kind, whether it receives messages.
APPS = [
    (MINI, "mini_program", True),
    (OFFICIAL, "official_account", True),
    ("wx3333333333333333", "mobile_app", False),
    ("wx4444444444444444", "website", False),
]
PUSH = {"token": "emulatorToken", "key": secrets.token_bytes(32)}
ROOT = pathlib.Path(__file__).parent.parent
EVENTS = ROOT / "events"
# The merchant that the simulated WeChat Pay knows; its keys lie in the simulator.
MCHID = "1900000001"
MERCHANT_SERIAL = "3CC0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0"
PAY_KEY_ID = "PUB_KEY_ID_0119000000012026010100000000000001"
APIV3_KEY = "demo-api-v3-key-of-32-bytes-here"
PAY_KEYS = ROOT / "local/simulator/src/pay/keys"
# A refund of the simulator's is under way for half a minute.
REFUND_S = 31


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


SEED = secrets.token_bytes(32)
SIGNING_KEY = f"k1:{base64url(SEED)}"
PUBLIC_KEY = (
    f"k1:{base64url(Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw())}"
)


class Gate:
    """IAM before the emulator and an engine of DynamoDB."""

    def __init__(self, stack, engine):
        self.stack, self.denied, self.seen = stack, [], set()
        self.roles = {
            one: stack.emulated_roles[function["Role"].split("/")[-1]]
            for one, function in stack.functions.items()
        }
        self.table = stack.arn("dynamodb", f"table/{stack.resources['Table']}")
        self.engine, self.emulated = (
            one.url.removeprefix("http://") for one in (engine, stack.emulated)
        )
        gate = self

        class Handler(Quiet):
            def do_POST(self):
                gate.meet(self)

        self.url = serve(Handler)

    def meet(self, handler):
        body = handler.body()
        credential = re.search(r"Credential=([^/,]+)/", handler.headers.get("authorization", ""))
        call = handler.headers.get("x-amz-target", "").split(".")[-1]
        function = credential and credential[1]
        if function in self.roles:
            why = self.refusal(function, call, json.loads(body))
            if why:
                self.denied.append(f"{function}: {why}")
                refusal = {
                    "__type": "com.amazon.coral.service#AccessDeniedException",
                    "message": why,
                }
                return handler.answer(400, json.dumps(refusal).encode())
        inner = self.emulated if call == "GetParameter" else self.engine
        connection = http.client.HTTPConnection(inner, timeout=20)
        headers = {
            name: value
            for name, value in handler.headers.items()
            if name.lower() not in ("host", "connection", "transfer-encoding")
        }
        connection.request("POST", handler.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return handler.answer(answer.status, content, answer.getheader("content-type", ""))

    def refusal(self, function, call, request):
        role, stack = self.roles[function], self.stack
        if call == "GetParameter":
            arn = stack.arn("ssm", f"parameter{request['Name']}")
            via = {
                "kms_ViaService": f"ssm.{stack.region}.{stack.suffix}",
                "kms_EncryptionContext:PARAMETER_ARN": arn,
            }
            key = stack.arn("kms", "key/00000000-0000-0000-0000-000000000000")
            may = role.may("ssm:GetParameter", arn) and role.may("kms:Decrypt", key, **via)
            return None if may else f"GetParameter {request['Name']}"
        for action, resource, key in self.parts(call, request):
            kind = key.split("#")[0]
            if not role.may(f"dynamodb:{action}", resource, dynamodb_LeadingKeys=key):
                return f"{action} {kind}#…"
            self.seen.add((function, action, kind))
        return None

    def parts(self, call, request):
        if call == "TransactWriteItems":
            return [
                (f"{verb}Item", self.table, (one.get("Item") or one["Key"])["pk"]["S"])
                for part in request["TransactItems"]
                for verb, one in part.items()
            ]
        if call == "Query":
            name = re.search(r"=\s*(:\w+)", request["KeyConditionExpression"])[1]
            value = request["ExpressionAttributeValues"][name]["S"]
            return [("Query", f"{self.table}/index/{request['IndexName']}", value)]
        key = (request.get("Item") or request.get("Key") or {}).get("pk", {}).get("S", "")
        return [(call, self.table, key)]


def fits(pattern, value):
    """Lambda's event filters, as far as the template uses them."""
    for name, wanted in pattern.items():
        inner = value.get(name) if isinstance(value, dict) else None
        if isinstance(wanted, dict):
            if not isinstance(inner, dict) or not fits(wanted, inner):
                return False
        elif not any(fits_leaf(one, inner) for one in wanted):
            return False
    return True


def fits_leaf(wanted, value):
    if not isinstance(wanted, dict):
        return value == wanted
    ((kind, operand),) = wanted.items()
    if kind == "prefix":
        return isinstance(value, str) and value.startswith(operand)
    if kind == "exists":
        return (value is not None) == operand
    raise ValueError(f"a filter of the kind {kind}")


class Mappings:
    """The stack's event source mappings at work."""

    def __init__(self, stack, engine, invoke):
        self.engine, self.invoke = engine, invoke
        self.started, self.ended = [], threading.Event()
        self.mappings = [
            (
                one["FunctionArn"].split(f":{stack.name}-")[-1],
                [json.loads(each["Pattern"]) for each in one["FilterCriteria"]["Filters"]],
            )
            for one in stack.client("lambda").list_event_source_mappings(
                EventSourceArn=stack.table["LatestStreamArn"]
            )["EventSourceMappings"]
        ]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while not self.ended.wait(0.1):
            for record in self.engine.records():
                for function, patterns in self.mappings:
                    if any(fits(pattern, record) for pattern in patterns):
                        answer = self.invoke(function, {"Records": [record]})
                        self.started.append((function, answer))


def store_secrets(stack):
    """As docs/deployment.md, docs/events.md and docs/pay.md have it done."""
    key = base64.b64encode(PUSH["key"]).decode().rstrip("=")
    values = {
        "session-key": SIGNING_KEY,
        f"pay-{MCHID}-private-key": (PAY_KEYS / "merchant.key.pem").read_text(encoding="utf-8"),
        f"pay-{MCHID}-apiv3-key": APIV3_KEY,
        f"pay-{MCHID}-public-key": (PAY_KEYS / "wechatpay.pub.pem").read_text(encoding="utf-8"),
    }
    for appid, _, push in APPS:
        values[appid] = f"secret-of-{appid}"
        if push:
            values[f"push-{appid}"] = json.dumps({"tokens": [PUSH["token"]], "keys": [key]})
    for name, value in values.items():
        stack.client("ssm").put_parameter(
            Name=f"{stack.values['SecretPrefix']}/{name}", Value=value, Type="SecureString"
        )
    return key


def travel(report, stack, binary, directory, modules, afterwards):
    """The journey on each engine, and what the engines say to the same requests.

    `afterwards` gets what still runs on the stack's own table: the gate, WeChat and the bundle.
    """
    key = store_secrets(stack)
    for engine in (Moto(stack), Dynalite(stack, modules)):
        try:
            settle(report, stack, engine, binary, directory, key, afterwards)
        finally:
            engine.stop()


def settle(report, stack, engine, binary, directory, key, afterwards):
    """Logs in, signs, recovers from a void token, takes a message and money, all on the stack."""
    gate = Gate(stack, engine)
    published = []

    class Consumer(Quiet):
        def do_POST(self):
            published.append(json.loads(self.body()))
            self.answer(200, b"{}")

    consumer = serve(Consumer)
    settings = {
        name: value
        for one in ("auth-code2session", "pay-notify")
        for name, value in stack.functions[one]["Environment"]["Variables"].items()
        # The bundle's own address: nobody answers at the stack's.
        if name not in ("PAY_NOTIFY_URL", "WECHAT_PAY_API_BASE")
    }
    settings["BUDGETS"] = '{"wxacode.get":{"user":"2/d"}}'
    world = Bundle(binary, directory / f"wechat-{engine.name}.log")
    bundle = Bundle(
        binary,
        directory / f"bundle-{engine.name}.log",
        "--wechat-api",
        world.wechat,
        "--wechat-pay-api",
        world.wechat,
        "--dynamodb",
        gate.url,
        "--events",
        consumer,
        **settings,
        AWS_REGION=stack.region,
        AWS_ENDPOINT_URL_SSM=gate.url,
    )
    try:
        walk(report, stack, gate, world, bundle, published, key, engine)
        if isinstance(engine, Dynalite):
            print("      dynalite lacks:")
            for what, instead in LACKED.items():
                print(f"      {what}: {instead}")
            embedded = world.address("DynamoDB").removeprefix("http://")
            questions.compare(report, embedded, engine)
        else:
            afterwards(gate, world, bundle)
    finally:
        bundle.stop()
        world.stop()


def status_of(answer):
    """Of an invocation: what HTTP would say, or the problem that is a service's error."""
    if not isinstance(answer, dict):
        return 200
    if "errorMessage" in answer:
        try:
            return json.loads(answer["errorMessage"])["status"]
        except (KeyError, TypeError, ValueError):
            return 500
    status = answer.get("statusCode", answer.get("status", 200))
    return status if isinstance(status, int) else 200


def pay(check, send_to, session, invoke, item, told):
    """A product, an order, its payment and its refund, an order that is closed, and a bill."""
    bundle, world = send_to

    def call(operation, body):
        return send("POST", f"{bundle.url}/pay/{operation}", body, session)

    def control(method, what, body=None):
        return send(method, f"{world.wechat}/_simulator/{what}", body)

    def state(key):
        return item(key).get("state", {}).get("S")

    def event(kind):
        return until(lambda: [one for one in told if one["detail-type"] == kind])

    def sample(name, **changes):
        return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8")) | changes

    answer = invoke("pay-putproduct", sample("pay-putproduct"))
    check(item("product#box-a"), "a product is in the table", answer)
    status, order = call("createOrder", {"product": "box-a"})
    check(status == 200 and order.get("payment"), "an order of it", order)
    number = order.get("out_trade_no")
    check(state(f"order#{number}") == "unpaid", "is in the table", item(f"order#{number}"))
    status, answer = control("POST", "pay/cashier", {"out_trade_no": number})
    check(status == 200, "it is paid", answer)
    paid = until(lambda: state(f"order#{number}") == "paid")
    check(paid, "the order is paid in the table, too", item(f"order#{number}"))

    def attempts():
        found = control("GET", "pay")[1]["notifications"]
        return [status for one in found for status in one["attempts"]]

    # The simulator notes the answer after it was given.
    check(until(lambda: attempts() == [204]), "pay.notify took the notification", attempts())
    check(item(f"transaction#{answer.get('transaction_id')}"), "the payment is in the table")
    check(event("pay.paid"), "pay.paid is published", told)
    answer = call("getOrder", {"out_trade_no": number})
    check(answer[0] == 200 and answer[1]["state"] == "paid", "pay.getOrder", answer)

    wanted = {"out_trade_no": number, "out_refund_no": f"R-{number}"}
    answer = invoke("pay-refund", sample("pay-refund", **wanted))
    check(answer.get("state") == "processing", "a refund is under way", answer)
    control("POST", "clock", {"advance_s": REFUND_S})
    done = until(lambda: state(f"refund#R-{number}") == "success")
    check(done, "it has succeeded", item(f"refund#R-{number}"))
    check(event("pay.refunded"), "pay.refunded is published", told)
    answer = invoke("pay-getrefund", {"out_refund_no": f"R-{number}"})
    check(answer.get("state") == "success", "pay.getRefund", answer)

    closed = call("createOrder", {"product": "box-a"})[1].get("out_trade_no")
    answer = call("closeOrder", {"out_trade_no": closed})
    check(answer[0] == 200 and answer[1]["state"] == "closed", "pay.closeOrder", answer)
    check(event("pay.closed"), "pay.closed is published", told)
    answer = invoke("reconcile-payments", {})
    right = answer.get("failed") == 0 and answer.get("problems") == []
    check(right, "reconcile-payments reads the keys and has no problem", answer)

    # The bill of a day that has ended in China needs a payment of that day.
    status, answer = control("POST", "pay/backdate", {"out_trade_no": number, "days": 2})
    check(status == 200, "the payment is moved to another day", answer)
    east = datetime.timezone(datetime.timedelta(hours=8))
    day = (datetime.datetime.now(east) - datetime.timedelta(days=2)).date().isoformat()
    answer = invoke("pay-downloadbill", sample("pay-downloadbill", date=day))
    bill = base64.b64decode(answer.get("body", "")).decode(errors="replace")
    check(status_of(answer) == 200 and number in bill, "its bill", answer)


def walk(report, stack, gate, world, bundle, published, key, engine):
    client = boto3.client(
        "lambda",
        region_name=stack.region,
        endpoint_url=bundle.url,
        config=Config(read_timeout=60),
        **KEYS,
    )

    def invoke(function, event):
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event))
        # What is streamed has its head before eight zeros.
        return json.loads(answer["Payload"].read().split(b"\0" * 8)[0] or b"null")

    def item(pk):
        found = engine.client.get_item(TableName=engine.table, Key={"pk": {"S": pk}})
        return found.get("Item", {})

    def items(prefix):
        found = engine.client.scan(TableName=engine.table)["Items"]
        return [one for one in found if one["pk"]["S"].startswith(prefix)]

    def check(right, what, why=""):
        report.check(right, f"journey on {engine.name}: {what}", why)

    mappings = Mappings(stack, engine, invoke)
    kept = {one["pk"]["S"] for one in items("credential#")}
    wanted = {
        f"credential#{appid}#access_token"
        for appid, kind, _ in APPS
        if kind in ("mini_program", "official_account")
    }
    wanted |= {f"credential#{OFFICIAL}#jsapi_ticket", f"credential#{OFFICIAL}#wx_card_ticket"}
    check(
        wanted <= kept,
        "the refresher put tokens and tickets into the stack's table",
        sorted(wanted - kept),
    )

    code = send("POST", f"{world.wechat}/_simulator/codes", {})[1]["code"]
    status, login = send("POST", f"{bundle.url}/auth/code2Session", {"js_code": code})
    check(status == 200, "a login", login)
    session = login.get("session_token")
    stored = item(f"session#{MINI}#{login.get('openid')}")
    check(
        "session_key" in stored and "ttl" in stored,
        "its session is in the table, and expires",
        sorted(stored),
    )
    again = send("POST", f"{bundle.url}/auth/code2Session", {"js_code": code})
    check(
        again[0] == 200 and again[1]["openid"] == login.get("openid"),
        "the same code gives the first answer",
        again,
    )
    answer = send("POST", f"{bundle.url}/auth/checkSession", {}, session)
    check(answer[0] == 200, "auth.checkSession", answer)
    answer = send("GET", f"{bundle.url}/jssdk/config?url=https://example.com/")
    check(answer[0] == 200 and "signature" in answer[1], "jssdk.config", answer)
    first = invoke("auth-getaccesstoken", {})
    check("access_token" in first, "auth.getAccessToken by an invocation", first)

    code = send(
        "POST", f"{world.wechat}/_simulator/codes", {"appid": OFFICIAL, "scope": "snsapi_userinfo"}
    )[1]["code"]
    answer = send("POST", f"{bundle.url}/oauth/getToken", {"code": code})
    check(answer[0] == 200, "a login on a page, by OAuth", answer)
    answer = send(
        "POST", f"{bundle.url}/oauth/refreshToken", {"dynamicToken": answer[1].get("dynamicToken")}
    )
    check(answer[0] == 200, "it is renewed", answer)
    follower = answer[1].get("session_token")
    answer = send("POST", f"{bundle.url}/oauth/getUserInfo", {}, follower)
    check(answer[0] == 200 and "nickname" in answer[1], "oauth.getUserInfo", answer)
    answer = send("POST", f"{bundle.url}/oauth/checkToken", {}, follower)
    check(answer[0] == 200, "oauth.checkToken", answer)

    send("POST", f"{world.wechat}/_simulator/tokens/invalidate", {"appid": MINI})
    answer = send("POST", f"{bundle.url}/urlscheme/generate", {}, session)
    check(answer[0] == 200, "an operation recovers from a void token in the same request", answer)
    check(
        until(lambda: [one for one, _ in mappings.started if one == "refresh-credentials"]),
        "the signal passed the stream's filter and woke the refresher",
    )
    second = until(
        lambda: (
            (found := invoke("auth-getaccesstoken", {})).get("version", 0) > first.get("version", 0)
            and found
        )
    )
    check(second, "the next version of the token", first)

    answer = send(
        "POST",
        f"{world.wechat}/_simulator/push/url",
        {
            "appid": MINI,
            "url": f"{bundle.url}/push/receive/{MINI}",
            "token": PUSH["token"],
            "key": key,
            "mode": "safe",
        },
    )

    def all_pushes():
        return send("GET", f"{world.wechat}/_simulator/push")[1]

    # It answers before its check of the URL has ended.
    entered = until(lambda: [one for one in all_pushes() if one["taken"]])
    check(answer[0] == 200 and entered, "WeChat accepts the push URL", answer)
    send(
        "POST",
        f"{world.wechat}/_simulator/people",
        {"act": "write", "content": "hello", "appid": MINI},
    )
    events = until(lambda: items("event#"))
    check(len(events) == 1, "a message is an event in the table", events)
    check(
        until(lambda: published),
        "its record passed the stream's filter, and deliver-events published it",
        published,
    )
    check(published and published[0]["detail-type"] == "message.text", "as message.text", published)
    again = {"MsgType": "text", "Content": "again", "MsgId": 4711}
    for _ in range(2):
        send("POST", f"{world.wechat}/_simulator/push", {"appid": MINI, "message": again})
    # The check of the URL, the first message, and this one twice.
    pushes = until(lambda: len(all_pushes()) == 4 and all(one["taken"] for one in all_pushes()))
    check(pushes and len(items("event#")) == 2, "the same message twice is one event", all_pushes())
    until(lambda: len(published) > 1)
    answer = invoke("events-redeliver", {"since": 0})
    check(answer.get("delivered") == 2, "events.redeliver finds both by the index due", answer)
    check(until(lambda: len(published) > 3), "and they are published once more", published)

    code = send("POST", f"{world.wechat}/_simulator/codes", {"user": "carol"})[1]["code"]
    carol = send("POST", f"{bundle.url}/auth/code2Session", {"js_code": code})[1]["session_token"]
    statuses = [
        send("POST", f"{bundle.url}/wxacode/get", {"path": "pages/index/index"}, carol)[0]
        for _ in range(3)
    ]
    spent = [one for one in items("limit#") if one["pk"]["S"].startswith("limit#wxacode.get#")]
    check(
        statuses == [200, 200, 429] and [one["calls"]["N"] for one in spent] == ["2"],
        "a budget is counted in the table, and spent",
        (statuses, spent),
    )

    pay(check, send_to=(bundle, world), session=session, invoke=invoke, item=item, told=published)

    denied = list(gate.denied)
    check(not denied, "no role lacks a grant so far", denied)
    statuses = {}
    for name in sorted(set(stack.functions) - {"auth-logout", "deliver-events"}):
        event = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
        if "authorization" in event.get("headers", {}):
            of_page = name.split("-")[0] in ("jssdk", "media", "oauth")
            event["headers"]["authorization"] = f"Bearer {follower if of_page else session}"
        statuses.setdefault(status_of(invoke(name, event)), []).append(name)
    check(
        not gate.denied,
        f"{sum(map(len, statuses.values()))} sample events, no role lacks a grant",
        gate.denied,
    )
    failed = {status: names for status, names in statuses.items() if status >= 500}
    check(not failed, "none of them ends with a 5xx", failed)
    answer = send("POST", f"{bundle.url}/auth/logout", {}, session)
    check(answer[0] in (200, 204), "auth.logout", answer)
    check(
        not item(f"session#{MINI}#{login['openid']}").get("session_key"),
        "and the session key is gone",
    )
    check(not gate.denied, "no role lacks a grant", gate.denied)

    # The same roles hold back what they do not grant.
    role = gate.roles["auth-code2session"]
    gate.roles["auth-code2session"] = gate.roles["jssdk-config"]
    code = send("POST", f"{world.wechat}/_simulator/codes", {"user": "bob"})[1]["code"]
    status, _ = send("POST", f"{bundle.url}/auth/code2Session", {"js_code": code})
    check(
        status == 503 and gate.denied,
        "with another function's role a login fails",
        (status, gate.denied),
    )
    gate.roles["auth-code2session"] = role
    mappings.ended.set()
    counts = {status: len(names) for status, names in sorted(statuses.items())}
    print(f"      {len(gate.seen)} kinds of calls seen; sample events by status: {counts}")
