"""Creates the stacks in an emulator and holds them to what the code needs: emulate.py BUNDLE NODE_MODULES.

The keys command stands beside the bundle.

What is expected stands here and in the table of docs/operations.md, not in the template.
"""

import copy
import functools
import json
import pathlib
import re
import sys
import tempfile
import time

from samtranslator.translator.arn_generator import ArnGenerator

import doctor
import emulator
import journey
from emulator import ACCOUNT, Emulator, NotCreated
from transform import transform

ROOT = pathlib.Path(__file__).parent.parent
HONG_KONG, BEIJING = "ap-east-1", "cn-north-1"
APPS = json.dumps(
    [
        {
            "appid": appid,
            "kind": kind,
            "secret": {"ssm": f"/wechat/{appid}"},
            **(
                {"push": {"mode": "safe", "keys": {"ssm": f"/wechat/push-{appid}"}}} if push else {}
            ),
        }
        for appid, kind, push in journey.APPS
    ],
    separators=(",", ":"),
)
PAY = json.dumps(
    [
        {
            "mchid": journey.MCHID,
            "serial_no": journey.MERCHANT_SERIAL,
            "apps": [appid for appid, _, _ in journey.APPS],
            "private_key": {"ssm": f"/wechat/pay-{journey.MCHID}-private-key"},
            "apiv3_keys": [{"ssm": f"/wechat/pay-{journey.MCHID}-apiv3-key"}],
            "verify": {
                journey.PAY_KEY_ID: {"ssm": f"/wechat/pay-{journey.MCHID}-public-key"},
            },
        }
    ],
    separators=(",", ":"),
)
STREAM_JOBS = {"deliver-events", "refresh-credentials"}
TIMED_JOBS = {"reconcile-payments", "refresh-credentials"}
JOBS = STREAM_JOBS | TIMED_JOBS
# Paths of the domain besides those of the operations.
SITE_PATHS = {
    "GET /.well-known/apple-app-site-association",
    "GET /.well-known/assetlinks.json",
    "GET /apple-app-site-association",
    "GET /push/receive/{file}",
    "GET /{file}",
    "POST /push/receive/{file}",
}
FILTERS = {
    "refresh-credentials": (
        1,
        "FailureQueue",
        {
            "dynamodb": {
                "Keys": {"pk": {"S": [{"prefix": "signal#"}]}},
                "NewImage": {"reason": {"S": [{"exists": True}]}},
            }
        },
    ),
    "deliver-events": (
        25,
        "EventFailureQueue",
        {
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "event#"}]}}},
        },
    ),
}
ALARMS = {
    "ErrorRatio",
    "EventAge",
    "EventFailure",
    "FailureQueue",
    "Killed",
    "RefreshFailure",
    "RefresherError",
    "SignalAge",
    "Throttle",
    "TicketFailure",
    "TokenLife",
}
# Of a deployment that has merchants.
PAY_ALARMS = {
    "BillMismatch",
    "NotificationRefused",
    "PayCertificate",
    "PaymentJob",
    "PaymentUnknown",
}

# The public functions whose concurrency is a parameter of its own.
CLASSES = {
    **dict.fromkeys(
        ("auth-code2session", "oauth-gettoken", "oauth-refreshtoken"), "LoginConcurrency"
    ),
    **dict.fromkeys(
        ("pay-closeorder", "pay-createorder", "pay-getorder", "pay-notify"), "PaymentConcurrency"
    ),
    "push-receive": "PushConcurrency",
}

# Who may do what, by function; nobody else may. CALLS_WECHAT are those that read the access token.
NOBODY = set()
LOGINS = {"auth-code2session", "oauth-gettoken"}
SESSION_READERS = LOGINS | {
    "auth-checksession",
    "auth-logout",
    "decrypt-getpayload",
    "decrypt-getphonenumber",
    "decrypt-getuserdata",
    "internet-getuserencryptkey",
    "oauth-refreshtoken",
    "pay-closeorder",
    "pay-createorder",
}
# Those that declare orders; pay.putProduct declares the catalogue alone.
ORDERS = {
    "pay-closeorder",
    "pay-createorder",
    "pay-downloadbill",
    "pay-getorder",
    "pay-getrefund",
    "pay-notify",
    "pay-refund",
    "reconcile-payments",
}
NO_ACCESS_TOKEN = {
    "app-launchminiprogram",
    "app-opencustomerservice",
    "app-share",
    "app-subscribemsg",
    "auth-code2session",
    "auth-getticket",
    "auth-logout",
    "decrypt-getphonenumber",
    "decrypt-getuserdata",
    "events-redeliver",
    "jssdk-cardext",
    "jssdk-choosecard",
    "jssdk-chooseinvoice",
    "jssdk-config",
    "jssdk-diagnose",
    "oauth-authorizeurl",
    "oauth-checktoken",
    "oauth-getuserinfo",
    "oauth-gettoken",
    "oauth-refreshtoken",
    "pay-closeorder",
    "pay-createorder",
    "pay-downloadbill",
    "pay-getorder",
    "pay-getrefund",
    "pay-notify",
    "pay-putproduct",
    "pay-refund",
    "push-receive",
    "security-getmediacheck",
    "site-wellknown",
}
REFRESHER = {"refresh-credentials"}
CARDS = {"jssdk-cardext", "jssdk-choosecard", "jssdk-chooseinvoice"}
SNS = {"oauth-checktoken", "oauth-getuserinfo", "oauth-gettoken", "oauth-refreshtoken"}
ITEMS = {
    ("GetItem", "credential#wx1#access_token"): "CALLS_WECHAT and the refresher",
    ("GetItem", "credential#wx1#jsapi_ticket"): REFRESHER
    | {"auth-getticket", "jssdk-config", "jssdk-diagnose"},
    ("GetItem", "credential#wx1#wx_card_ticket"): REFRESHER
    | CARDS
    | {"auth-getticket", "jssdk-diagnose"},
    ("UpdateItem", "credential#wx1#access_token"): REFRESHER,
    ("UpdateItem", "credential#wx1#jsapi_ticket"): REFRESHER,
    ("UpdateItem", "credential#wx1#wx_card_ticket"): REFRESHER,
    ("PutItem", "signal#wx1#access_token"): "CALLS_WECHAT",
    ("PutItem", "signal#wx1#jsapi_ticket"): {"auth-getticket", "jssdk-config", "jssdk-diagnose"},
    ("PutItem", "signal#wx1#wx_card_ticket"): CARDS | {"auth-getticket", "jssdk-diagnose"},
    ("GetItem", "signal#wx1#access_token"): REFRESHER,
    ("GetItem", "signal#wx1#jsapi_ticket"): REFRESHER,
    ("GetItem", "signal#wx1#wx_card_ticket"): REFRESHER,
    ("GetItem", "session#wx1#o"): SESSION_READERS,
    ("PutItem", "session#wx1#o"): LOGINS | {"auth-logout", "oauth-refreshtoken"},
    ("DeleteItem", "session#wx1#o"): {"auth-logout", "oauth-refreshtoken"},
    ("GetItem", "sns#wx1#o"): SNS,
    ("UpdateItem", "sns#wx1#o"): SNS | {"auth-code2session"},
    ("DeleteItem", "sns#wx1#o"): {"auth-logout"},
    ("GetItem", "code#c"): LOGINS,
    ("PutItem", "code#c"): LOGINS,
    ("DeleteItem", "code#c"): LOGINS,
    ("UpdateItem", "limit#l"): LOGINS | {"wxacode-createqrcode", "wxacode-get"},
    ("PutItem", "event#e"): ORDERS | {"push-receive"},
    ("UpdateItem", "event#e"): {"events-redeliver"},
    ("GetItem", "mediacheck#m"): {"security-getmediacheck"},
    ("UpdateItem", "mediacheck#m"): {"push-receive", "security-mediacheckasync"},
    ("GetItem", "unionid#u"): {"auth-logout", "uniformmessage-send"},
    ("UpdateItem", "unionid#u"): LOGINS | {"auth-logout"},
    ("DeleteItem", "unionid#u"): {"auth-logout"},
    ("GetItem", "order#o"): ORDERS,
    ("PutItem", "order#o"): ORDERS,
    ("GetItem", "refund#r"): ORDERS,
    ("PutItem", "refund#r"): ORDERS,
    ("GetItem", "transaction#t"): ORDERS,
    ("PutItem", "transaction#t"): ORDERS,
    ("GetItem", "notification#n"): ORDERS,
    ("PutItem", "notification#n"): ORDERS,
    ("GetItem", "certificates#1"): ORDERS,
    ("PutItem", "certificates#1"): ORDERS,
    ("GetItem", "bill#1#2026-11-20"): ORDERS,
    ("PutItem", "bill#1#2026-11-20"): ORDERS,
    ("GetItem", "product#p"): {"pay-createorder", "pay-putproduct"},
    ("PutItem", "product#p"): {"pay-putproduct"},
}
# Who may look through a list of the index.
LISTS = {
    "events": {"events-redeliver"},
    "pay": ORDERS,
    "paid#1#2026-11-20": ORDERS,
    "other": NOBODY,
}
KINDS = [
    "credential#wx1#access_token",
    "credential#wx1#jsapi_ticket",
    "credential#wx1#wx_card_ticket",
    "signal#wx1#access_token",
    "signal#wx1#jsapi_ticket",
    "signal#wx1#wx_card_ticket",
    "session#wx1#o",
    "sns#wx1#o",
    "code#c",
    "limit#l",
    "event#e",
    "mediacheck#m",
    "unionid#u",
    "order#o",
    "refund#r",
    "transaction#t",
    "notification#n",
    "certificates#1",
    "bill#1#2026-11-20",
    "product#p",
    "other#o",
]
SECRETS = {
    "wx0123456789abcdef": REFRESHER | LOGINS,
    "session-key": LOGINS | {"oauth-refreshtoken"},
    "push-wx0123456789abcdef": {"push-receive"},
    "pay-1900000001-private-key": ORDERS,
    "pay-1900000001-apiv3-key": ORDERS,
    "pay-1900000001-public-key": ORDERS,
    "other": NOBODY,
}


class Report:
    """A line per check."""

    def __init__(self, quiet=False):
        self.quiet, self.count, self.failures = quiet, 0, []

    def check(self, right, what, why=""):
        self.count += 1
        if not right:
            self.failures.append(f"{what}: {why}" if why else what)
        if not self.quiet:
            print(f"ok    {what}" if right else f"FAIL  {what}: {why}", flush=True)

    def same(self, what, found, expected):
        why = ""
        if found != expected:
            why = f"is {found!r}, should be {expected!r}"
            if isinstance(found, set) and isinstance(expected, set):
                why = f"besides: {sorted(found - expected)}, missing: {sorted(expected - found)}"
        self.check(found == expected, what, why)


def operations():
    """Of the documentation: the functions, and the routes of those that front ends call."""
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    table = re.search(r"<!-- operations -->\n(.+?)<!-- /operations -->", text, re.DOTALL)[1]
    rows = re.findall(
        r"^\| `([\w.]+)` \| (.+?) \| (Public|User|Service) \|", table, re.MULTILINE
    )
    # Every line but the table's head.
    assert rows and len(rows) == len(table.splitlines()) - 2, "docs/operations.md has another table"
    found = {}
    for operation, http, access in rows:
        routes = set()
        if access != "Service":
            methods, path = re.fullmatch(r"([A-Z, ]+) `(.+)`", http).groups()
            routes = {f"{method} {path}" for method in methods.split(", ")}
        found[operation.lower().replace(".", "-")] = (operation, routes)
    return found


OPERATIONS = operations()
PUBLIC = {name for name, (_, routes) in OPERATIONS.items() if routes}
FUNCTIONS = set(OPERATIONS) | JOBS
CALLS_WECHAT = set(OPERATIONS) - NO_ACCESS_TOKEN


class Stack:
    """A stack that was created, with what its template and parameters are."""

    def __init__(self, emulated, name, region, template, parameters):
        self.emulated, self.name, self.region = emulated, name, region
        self.template, self.parameters = template, parameters
        self.china = region.startswith("cn-")
        self.partition, self.suffix = (
            ("aws-cn", "amazonaws.com.cn") if self.china else ("aws", "amazonaws.com")
        )
        self.values = {
            key: str(one.get("Default", "")) for key, one in template["Parameters"].items()
        }
        self.values |= parameters
        self.title = f"cn {name}" if self.china else name
        # The others differ from it in what their parameters change.
        self.is_plain = name == "wechat"
        self.started = time.monotonic()
        self.described = emulated.create(name, region, template, parameters)
        self.seconds = time.monotonic() - self.started
        self.outputs = {
            one["OutputKey"]: one["OutputValue"] for one in self.described.get("Outputs", [])
        }
        found = self.client("cloudformation").describe_stack_resources(StackName=name)
        # Those whose condition is false are empty.
        self.resources = {
            one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
            for one in found["StackResources"]
            if "LogicalResourceId" in one
        }

    def client(self, service):
        return self.emulated.client(service, self.region)

    def has(self, name):
        return bool(self.values.get(name))

    def arn(self, service, rest):
        return f"arn:{self.partition}:{service}:{self.region}:{ACCOUNT}:{rest}"

    @functools.cached_property
    def functions(self):
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        mine = self.name + "-"
        return {
            one["FunctionName"].removeprefix(mine): one
            for page in pages
            for one in page["Functions"]
            if one["FunctionName"].startswith(mine)
            and one["Role"].split("/")[-1].startswith(mine)
            and one["FunctionName"].removeprefix(mine) in FUNCTIONS
        }

    @functools.cached_property
    def table(self):
        return self.client("dynamodb").describe_table(TableName=self.resources["Table"])["Table"]


def transformed(text, region, parameters):
    """As CloudFormation transforms it: in its Region, with the parameters."""
    ArnGenerator.BOTO_SESSION_REGION_NAME = region
    return transform(text, parameters)


def is_accepted(parameter, value):
    """What CloudFormation checks of a parameter and moto does not."""
    if "AllowedValues" in parameter and value not in map(str, parameter["AllowedValues"]):
        return False
    if "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
        return False
    number = parameter["Type"] == "Number"
    low, high = parameter.get("MinValue", -1e9), parameter.get("MaxValue", 1e9)
    return not number or low <= float(value) <= high


def holds(template, values, name):
    """A condition of the template; only the forms that it uses."""

    def value(of):
        if isinstance(of, dict):
            ((key, inner),) = of.items()
            return {
                "Ref": lambda: values[inner],
                "Fn::Join": lambda: value(inner[1]),
                "Fn::Not": lambda: not value(inner[0]),
                "Fn::And": lambda: all(value(one) for one in inner),
                "Fn::Equals": lambda: str(value(inner[0])) == str(value(inner[1])),
            }[key]()
        return of

    return value(template["Conditions"][name])


def check_stack(report, stack):
    template, title = stack.template, stack.title
    refused = [
        key
        for key, value in stack.values.items()
        if not is_accepted(template["Parameters"][key], value)
    ]
    report.same(f"{title}: the parameters are accepted", refused, [])
    report.same(f"{title}: the status", stack.described["StackStatus"], "CREATE_COMPLETE")

    def is_there(one):
        return "Condition" not in one or holds(template, stack.values, one["Condition"])

    expected = {key for key, one in template["Resources"].items() if is_there(one)}
    report.same(f"{title}: the {len(expected)} resources exist", set(stack.resources), expected)
    unknown = {one["Type"] for one in template["Resources"].values()} - emulator.types()
    report.same(f"{title}: the emulator knows every type", unknown, set())
    check_outputs(report, stack, is_there)
    check_table(report, stack)
    check_functions(report, stack)
    check_triggers(report, stack)
    check_surroundings(report, stack)


def check_outputs(report, stack, is_there):
    name, title, outputs = stack.name, stack.title, stack.outputs
    expected = {key for key, one in stack.template["Outputs"].items() if is_there(one)}
    report.same(f"{title}: the {len(expected)} outputs", set(outputs), expected)
    odd = [
        key
        for key, value in outputs.items()
        if not value or "None" in value or "${" in value or "<" in value
    ]
    report.same(f"{title}: every output has a value", odd, [])
    report.same(f"{title}: the table's name", outputs["TableName"], stack.resources["Table"])
    bus = stack.client("events").describe_event_bus(Name=outputs["EventBusName"])
    report.same(f"{title}: the bus is named after the stack", bus["Name"], name)
    console = "amazonaws.cn" if stack.china else "amazonaws.com"
    dashboard = f"https://console.{console}/cloudwatch/home?region={stack.region}#dashboards/dashboard/{name}"
    report.same(f"{title}: the dashboard's address", outputs["DashboardUrl"], dashboard)
    body = stack.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]
    report.check(
        "${" not in body and json.loads(body)["widgets"], f"{title}: the dashboard is JSON"
    )
    triggers = json.loads(outputs["RollbackConfiguration"])["RollbackTriggers"]
    alarms = {
        one["AlarmArn"]
        for page in stack.client("cloudwatch").get_paginator("describe_alarms").paginate()
        for one in page["MetricAlarms"]
    }
    lost = {one["Arn"] for one in triggers} - alarms
    report.same(f"{title}: the alarms that take a deployment back exist", lost, set())
    caller = stack.client("iam").get_policy(PolicyArn=outputs["CallerPolicyArn"])["Policy"]
    report.check(
        caller["Arn"].startswith(f"arn:{stack.partition}:iam:"), f"{title}: the callers' policy"
    )
    if stack.china:
        urls = [key for key, value in outputs.items() if "lambda-url" in value]
        report.same(f"{title}: no function URL", urls, [])
    else:
        config = stack.client("lambda").get_function_url_config
        named = {
            OPERATIONS[one][0]: config(FunctionName=f"{name}-{one}")["FunctionUrl"]
            for one in PUBLIC
        }
        report.same(
            f"{title}: Urls has the {len(named)} operations of front ends",
            json.loads(outputs["Urls"]),
            named,
        )
        own = {
            value for key, value in outputs.items() if key.endswith("Url") and "lambda-url" in value
        }
        report.same(f"{title}: each URL is an output, too", own, set(named.values()))
    if stack.has("ApiDomainName"):
        domain = stack.values["ApiDomainName"]
        report.same(f"{title}: the base URL", outputs["ApiBaseUrl"], f"https://{domain}")
        check_domain(report, stack, domain)


def check_domain(report, stack, domain):
    gateway = stack.client("apigatewayv2")
    mapping = gateway.get_api_mappings(DomainName=domain)["Items"]
    report.same(f"{stack.title}: the domain leads to one API", len(mapping), 1)
    api = mapping[0]["ApiId"]
    targets = {
        one["IntegrationId"]: one["IntegrationUri"]
        for one in gateway.get_integrations(ApiId=api)["Items"]
    }
    found = {}
    for route in gateway.get_routes(ApiId=api)["Items"]:
        uri = targets[route["Target"].split("/")[-1]]
        function = uri.split(f":function:{stack.name}-")[-1].removesuffix("/invocations")
        found[route["RouteKey"]] = function
        right = stack.arn("lambda", f"function:{stack.name}-{function}")
        prefix = (
            f"arn:{stack.partition}:apigateway:{stack.region}:lambda:path/2015-03-31/functions/"
        )
        if uri != f"{prefix}{right}/invocations":
            report.check(False, f"{stack.title}: {route['RouteKey']}", uri)
    expected = {route: one for one in PUBLIC for route in OPERATIONS[one][1]}
    for route in SITE_PATHS:
        expected[route] = "push-receive" if "push" in route else "site-wellknown"
    report.same(
        f"{stack.title}: the domain has {len(expected)} routes, to the right functions",
        found,
        expected,
    )
    stage = gateway.get_stages(ApiId=api)["Items"][0]
    limits = stage["DefaultRouteSettings"]
    report.same(
        f"{stack.title}: the domain throttles",
        (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]),
        (float(stack.values["EdgeRateLimit"]), int(stack.values["EdgeBurstLimit"])),
    )
    logs = stage["AccessLogSettings"]
    group = stack.arn("logs", f"log-group:{stack.outputs['LogGroupName']}:*")
    report.same(f"{stack.title}: its access log", logs["DestinationArn"], group)
    members = set(json.loads(logs["Format"]).values())
    personal = {one for one in members if re.search("sourceIp|path|query|userAgent", one)}
    report.same(f"{stack.title}: which holds no address, path or query", personal, set())
    role = stack.emulated_roles[stack.resources["EdgeRole"]]
    invokes = {
        one
        for one in FUNCTIONS
        if role.may("lambda:InvokeFunction", stack.arn("lambda", f"function:{stack.name}-{one}"))
    }
    report.same(
        f"{stack.title}: the domain's role invokes what front ends call, and nothing else",
        invokes,
        PUBLIC,
    )


def check_table(report, stack):
    table, client = stack.table, stack.client("dynamodb")
    report.same(
        f"{stack.title}: the table's key is pk",
        [(one["AttributeName"], one["KeyType"]) for one in table["KeySchema"]],
        [("pk", "HASH")],
    )
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    report.same(f"{stack.title}: the keys' types", types, {"pk": "S", "due": "S", "due_at": "N"})
    indexes = {
        one["IndexName"]: (
            [(key["AttributeName"], key["KeyType"]) for key in one["KeySchema"]],
            one["Projection"]["ProjectionType"],
        )
        for one in table.get("GlobalSecondaryIndexes", [])
    }
    due = ([("due", "HASH"), ("due_at", "RANGE")], "KEYS_ONLY")
    report.same(f"{stack.title}: the index due", indexes, {"due": due})
    stream = table.get("StreamSpecification")
    report.same(
        f"{stack.title}: the stream", stream, {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    )
    expiry = client.describe_time_to_live(TableName=table["TableName"])["TimeToLiveDescription"]
    report.same(
        f"{stack.title}: expiry",
        (expiry.get("AttributeName"), expiry["TimeToLiveStatus"]),
        ("ttl", "ENABLED"),
    )
    backup = client.describe_continuous_backups(TableName=table["TableName"])
    recovery = backup["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    report.same(f"{stack.title}: recovery", recovery["PointInTimeRecoveryStatus"], "ENABLED")
    report.same(
        f"{stack.title}: on demand, and protected",
        (table["BillingModeSummary"]["BillingMode"], table["DeletionProtectionEnabled"]),
        ("PAY_PER_REQUEST", True),
    )
    key = table.get("SSEDescription", {}).get("KMSMasterKeyArn", "")
    report.same(f"{stack.title}: the table's own key", key, stack.values["TableKeyArn"])


def check_functions(report, stack):
    name, title, client = stack.name, stack.title, stack.client("lambda")
    functions = stack.functions
    report.same(f"{title}: the {len(FUNCTIONS)} functions", set(functions), FUNCTIONS)
    tables = {one["Environment"]["Variables"]["TABLE_NAME"] for one in functions.values()}
    report.same(f"{title}: their table", tables, {stack.resources["Table"]})
    unset = {
        f"{key} of {one}"
        for one, function in functions.items()
        for key, value in function["Environment"]["Variables"].items()
        if not isinstance(value, str) or "${" in value
    }
    report.same(f"{title}: their variables are texts", unset, set())
    size = max(len(json.dumps(one["Environment"]["Variables"])) for one in functions.values())
    report.check(size < 4096, f"{title}: their variables have {size} of 4096 bytes")
    signs = {
        one
        for one, function in functions.items()
        if "SESSION_SIGNING_KEY_SSM" in function["Environment"]["Variables"]
    }
    report.same(f"{title}: who is told where the signing key is", signs, SECRETS["session-key"])
    told = {
        one
        for one, function in functions.items()
        if "WECHAT_PAY" in function["Environment"]["Variables"]
    }
    report.same(f"{title}: who is told of merchants", told, ORDERS)
    wanted = int(stack.values["ReservedConcurrency"])
    reserved = {}
    chosen = {
        one: wanted if own == -1 or wanted == 0 else own
        for one in PUBLIC
        for own in [int(stack.values.get(CLASSES.get(one), -1))]
    }
    expected = {one: number for one, number in chosen.items() if number != -1}
    if wanted != -1:
        expected |= {"refresh-credentials": 2, "reconcile-payments": 1}
    # A call per function: where there is something to see.
    for one in functions if stack.is_plain or expected else ():
        found = client.get_function_concurrency(FunctionName=f"{name}-{one}")
        if "ReservedConcurrentExecutions" in found:
            reserved[one] = found["ReservedConcurrentExecutions"]
    report.same(f"{title}: reserved concurrency", reserved, expected)
    subnets = {
        one: function["VpcConfig"]["SubnetIds"]
        for one, function in functions.items()
        if function.get("VpcConfig", {}).get("SubnetIds")
    }
    egress = stack.values["EgressSubnetIds"]
    report.same(
        f"{title}: who has a fixed address",
        subnets,
        {"refresh-credentials": egress.split(",")} if egress else {},
    )
    if stack.is_plain and not stack.china:
        public = set()
        for one in functions:
            try:
                policy = json.loads(client.get_policy(FunctionName=f"{name}-{one}")["Policy"])
            except client.exceptions.ResourceNotFoundException:
                continue
            actions = sorted(statement["Action"] for statement in policy["Statement"])
            if actions:
                public.add((one, *actions))
        both = ("lambda:InvokeFunction", "lambda:InvokeFunctionUrl")
        report.same(
            f"{title}: who may be called without IAM", public, {(one, *both) for one in PUBLIC}
        )


def check_triggers(report, stack):
    name, title = stack.name, stack.title
    mappings = stack.client("lambda").list_event_source_mappings(
        EventSourceArn=stack.table["LatestStreamArn"]
    )
    found = {}
    for one in mappings["EventSourceMappings"]:
        queue = one["DestinationConfig"]["OnFailure"]["Destination"].split(":")[-1]
        filters = [json.loads(each["Pattern"]) for each in one["FilterCriteria"]["Filters"]]
        function = one["FunctionArn"].split(f":function:{name}-")[-1]
        found[function] = (one["BatchSize"], queue, filters, one["StartingPosition"], one["State"])
    expected = {
        function: (
            size,
            stack.resources[queue].split("/")[-1],
            [pattern],
            "TRIM_HORIZON",
            "Enabled",
        )
        for function, (size, queue, pattern) in FILTERS.items()
    }
    report.same(f"{title}: who reads the stream, and what of it", found, expected)
    for job, logical_id, state in (
        ("refresh-credentials", "RefreshCredentialsEveryMinute", "ENABLED"),
        (
            "reconcile-payments",
            "ReconcilePaymentsEveryMinute",
            "ENABLED" if stack.has("WechatPay") else "DISABLED",
        ),
    ):
        check_schedule(report, stack, job, logical_id, state)


def check_schedule(report, stack, job, logical_id, state):
    schedule = stack.client("scheduler").get_schedule(Name=stack.resources[logical_id])
    function = stack.arn("lambda", f"function:{stack.name}-{job}")
    queue = stack.arn("sqs", stack.resources["FailureQueue"].split("/")[-1])
    report.same(
        f"{stack.title}: the schedule of {job}",
        (
            schedule["ScheduleExpression"],
            schedule["Target"]["Arn"],
            schedule["Target"]["DeadLetterConfig"]["Arn"],
            schedule.get("State", "ENABLED"),
        ),
        ("rate(1 minute)", function, queue, state),
    )
    role = stack.emulated_roles[schedule["Target"]["RoleArn"].split("/")[-1]]
    may = role.may("lambda:InvokeFunction", function) and role.may("sqs:SendMessage", queue)
    report.check(may, f"{stack.title}: its role invokes {job} and reaches the queue")
    late = stack.client("lambda").get_function_event_invoke_config(
        FunctionName=f"{stack.name}-{job}"
    )
    report.same(
        f"{stack.title}: a tick of {job} that is lost ends in the queue",
        (
            late["MaximumRetryAttempts"],
            late["MaximumEventAgeInSeconds"],
            late["DestinationConfig"]["OnFailure"]["Destination"],
        ),
        (0, 60, queue),
    )


def check_surroundings(report, stack):
    alarms = [
        one
        for page in stack.client("cloudwatch").get_paginator("describe_alarms").paginate()
        for one in page["MetricAlarms"]
        if one["AlarmName"] in stack.resources.values()
    ]
    names = {one["AlarmName"].removeprefix(stack.name + "-").split("Alarm-")[0] for one in alarms}
    wanted = ALARMS | (PAY_ALARMS if stack.has("WechatPay") else NOBODY)
    report.same(f"{stack.title}: the {len(wanted)} alarms", names, wanted)
    topic = [stack.values["AlarmTopicArn"]] if stack.has("AlarmTopicArn") else []
    deaf = {
        one["AlarmName"]
        for one in alarms
        if one.get("AlarmActions", []) != topic or one.get("OKActions", []) != topic
    }
    report.same(f"{stack.title}: whom the alarms tell", deaf, set())
    group = stack.outputs["LogGroupName"]
    logs = stack.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    days = [one.get("retentionInDays") for one in groups if one["logGroupName"] == group]
    report.same(
        f"{stack.title}: the log group's days",
        [int(one) for one in days],
        [int(stack.values["LogRetentionDays"])],
    )
    filters = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    report.same(f"{stack.title}: the metric of killed functions", len(filters), 1)
    archive = stack.client("events").describe_archive(ArchiveName=stack.resources["EventArchive"])
    report.same(
        f"{stack.title}: the archive keeps the bus's events",
        archive["EventSourceArn"].split("/")[-1],
        stack.name,
    )


def check_policies(report, stack, others):
    """Who may do what, over all functions of a stack."""
    name, title = stack.name, stack.title
    roles = {
        one: stack.emulated_roles[function["Role"].split("/")[-1]]
        for one, function in stack.functions.items()
    }
    table = stack.arn("dynamodb", f"table/{stack.resources['Table']}")
    asked = 0

    def who(action, resource, **context):
        nonlocal asked
        asked += len(roles)
        return {one for one, role in roles.items() if role.may(action, resource, **context)}

    bare = {one for one, role in roles.items() if role.boundary is None}
    report.same(f"{title}: every function has the boundary", bare, set())
    for kind in KINDS:
        found, expected = {}, {}
        for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem"):
            found[action] = who(f"dynamodb:{action}", table, dynamodb_LeadingKeys=kind)
            wanted = ITEMS.get((action, kind), NOBODY)
            if isinstance(wanted, str):
                wanted = CALLS_WECHAT | (REFRESHER if "refresher" in wanted else NOBODY)
            expected[action] = wanted
        odd = {
            action: f"besides {sorted(found[action] - expected[action])}, missing {sorted(expected[action] - found[action])}"
            for action in found
            if found[action] != expected[action]
        }
        report.check(not odd, f"{title}: who may get, put, update and delete {kind}", odd)
    index = f"{table}/index/due"
    for key, expected in LISTS.items():
        report.same(
            f"{title}: who may look through the list {key}",
            who("dynamodb:Query", index, dynamodb_LeadingKeys=key),
            expected,
        )
    for action in (
        "Query",
        "Scan",
        "BatchGetItem",
        "BatchWriteItem",
        "PartiQLSelect",
        "PartiQLDelete",
        "DeleteTable",
        "UpdateTable",
        "UpdateTimeToLive",
        "ExportTableToPointInTime",
        "CreateBackup",
        "PutResourcePolicy",
    ):
        found = who(f"dynamodb:{action}", table) | who(
            f"dynamodb:{action}", table, dynamodb_LeadingKeys="session#wx1#o"
        )
        if action in ("Query", "Scan"):
            found |= who(f"dynamodb:{action}", index)
        report.same(f"{title}: nobody may {action}", found, NOBODY)
    keyless = (
        who("dynamodb:GetItem", table)
        | who("dynamodb:PutItem", table)
        | who("dynamodb:UpdateItem", table)
    )
    report.same(f"{title}: nobody reaches items without a key", keyless, NOBODY)
    two = who("dynamodb:GetItem", table, dynamodb_LeadingKeys=["session#wx1#o", "limit#l"])
    report.same(f"{title}: nobody reaches an item by the key of another", two, NOBODY)
    foreign = set()
    for other in others:
        theirs = f"arn:{stack.partition}:dynamodb:{stack.region}:{ACCOUNT}:table/{other.resources['Table']}"
        foreign |= who(
            "dynamodb:GetItem", theirs, dynamodb_LeadingKeys="credential#wx1#access_token"
        )
        foreign |= who("dynamodb:PutItem", theirs, dynamodb_LeadingKeys="session#wx1#o")
        foreign |= who("events:PutEvents", stack.arn("events", f"event-bus/{other.name}"))
        foreign |= who(
            "logs:PutLogEvents", stack.arn("logs", f"log-group:/wechat/{other.name}:log-stream:x")
        )
    report.same(f"{title}: nobody reaches the other stacks", foreign, NOBODY)

    prefix = stack.values["SecretPrefix"]
    via = f"ssm.{stack.region}.{stack.suffix}"
    key = stack.arn("kms", "key/00000000-0000-0000-0000-000000000000")
    for secret, expected in SECRETS.items():
        arn = stack.arn("ssm", f"parameter{prefix}/{secret}")
        report.same(
            f"{title}: who may read {secret.split('0123')[0]}…",
            who("ssm:GetParameter", arn),
            expected,
        )
        opened = {
            one
            for one, role in roles.items()
            if role.may(
                "kms:Decrypt",
                key,
                **{"kms_ViaService": via, "kms_EncryptionContext:PARAMETER_ARN": arn},
            )
        }
        report.same(f"{title}: and decrypt it", opened, expected)
    elsewhere = who("ssm:GetParameter", stack.arn("ssm", "parameter/elsewhere/wx1")) | who(
        "kms:Decrypt", key
    )
    for action in ("GetParameters", "GetParametersByPath", "PutParameter", "DescribeParameters"):
        elsewhere |= who(f"ssm:{action}", stack.arn("ssm", f"parameter{prefix}/session-key"))
    report.same(
        f"{title}: nobody reads or writes another secret, or decrypts past SSM", elsewhere, NOBODY
    )

    bus = stack.arn("events", f"event-bus/{name}")
    report.same(f"{title}: who may publish", who("events:PutEvents", bus), {"deliver-events"})
    default = who("events:PutEvents", stack.arn("events", "event-bus/default"))
    report.same(f"{title}: nobody publishes elsewhere", default, NOBODY)
    stream = stack.table["LatestStreamArn"]
    for action in ("GetRecords", "GetShardIterator", "DescribeStream"):
        report.same(f"{title}: who may {action}", who(f"dynamodb:{action}", stream), STREAM_JOBS)
    for queue, expected in (
        ("FailureQueue", TIMED_JOBS),
        ("EventFailureQueue", {"deliver-events"}),
    ):
        arn = stack.arn("sqs", stack.resources[queue].split("/")[-1])
        report.same(f"{title}: who may write to {queue}", who("sqs:SendMessage", arn), expected)
        report.same(f"{title}: nobody reads {queue}", who("sqs:ReceiveMessage", arn), NOBODY)
    group = stack.arn("logs", f"log-group:{stack.outputs['LogGroupName']}")
    for action in ("CreateLogStream", "PutLogEvents"):
        report.same(
            f"{title}: everybody may {action}",
            who(f"logs:{action}", f"{group}:log-stream:x"),
            FUNCTIONS,
        )
    other = who("logs:PutLogEvents", stack.arn("logs", "log-group:/aws/lambda/x:log-stream:x"))
    report.same(f"{title}: nobody logs elsewhere", other, NOBODY)
    powers = {
        f"{action} by {one}"
        for action, resource in (
            ("iam:PassRole", f"arn:{stack.partition}:iam::{ACCOUNT}:role/x"),
            ("iam:CreateUser", "*"),
            ("lambda:InvokeFunction", stack.arn("lambda", f"function:{name}-auth-getaccesstoken")),
            (
                "lambda:UpdateFunctionConfiguration",
                stack.arn("lambda", f"function:{name}-auth-getaccesstoken"),
            ),
            ("s3:GetObject", f"arn:{stack.partition}:s3:::artifacts/code.zip"),
            ("sts:AssumeRole", f"arn:{stack.partition}:iam::{ACCOUNT}:role/x"),
            ("logs:CreateLogGroup", group),
        )
        for one in who(action, resource)
    }
    report.same(f"{title}: nobody has powers over the account", powers, set())
    egress = who("ec2:CreateNetworkInterface", "*")
    report.same(
        f"{title}: who may have a fixed address",
        egress,
        REFRESHER if stack.has("EgressSubnetIds") else NOBODY,
    )
    traced = who("xray:PutTraceSegments", "*")
    report.same(
        f"{title}: who may trace",
        traced,
        FUNCTIONS if stack.values.get("Tracing") == "Active" else NOBODY,
    )
    own = stack.values["TableKeyArn"]
    if own:
        opened = who("kms:Decrypt", own, kms_ViaService=f"dynamodb.{stack.region}.{stack.suffix}")
        uses = set().union(
            *(
                who(f"dynamodb:{action}", table, dynamodb_LeadingKeys=kind)
                for kind in KINDS
                for action in ("GetItem", "PutItem", "UpdateItem")
            )
        )
        report.check(
            uses <= opened, f"{title}: who uses the table may use its key", sorted(uses - opened)
        )
        report.same(f"{title}: the key serves the table only", who("kms:Decrypt", own), NOBODY)
    caller = emulator.role_of(stack.region, stack.outputs["CallerPolicyArn"])
    invokes = {
        one
        for one in FUNCTIONS
        if caller.may("lambda:InvokeFunction", stack.arn("lambda", f"function:{name}-{one}"))
    }
    report.same(
        f"{title}: a back end may invoke every operation, and no job", invokes, set(OPERATIONS)
    )
    return asked


BASE = {
    "WechatApps": APPS,
    "SessionPublicKeys": journey.PUBLIC_KEY,
    "JssdkAllowedHosts": "example.com",
}


def domain(name, partition="aws", region=HONG_KONG):
    return {
        "ApiDomainName": f"{name}.example.com",
        "ApiCertificateArn": f"arn:{partition}:acm:{region}:{ACCOUNT}:certificate/0a1b2c3d-0000-0000-0000-000000000000",
    }


def variants(partition, region):
    """What deployments choose, by name; each is one stack beside the others."""
    key = f"arn:{partition}:kms:{region}:{ACCOUNT}:key/0a1b2c3d-0000-0000-0000-000000000000"
    single = {
        "reserved": {"ReservedConcurrency": "5", "PushConcurrency": "7"},
        "classes": {"LoginConcurrency": "9", "PaymentConcurrency": "0"},
        "off": {"ReservedConcurrency": "0", "LoginConcurrency": "9"},
        "own-key": {"TableKeyArn": key},
        "payments": {
            "WechatPay": PAY,
            "PayNotifyAddress": "https://payments.example.com/pay/notify",
        },
        "alarms": {"AlarmTopicArn": f"arn:{partition}:sns:{region}:{ACCOUNT}:alarms"},
        "egress": {
            "EgressSubnetIds": "subnet-0a1b2c,subnet-0d1e2f",
            "EgressSecurityGroupIds": "sg-0a1b2c",
        },
    }
    if partition == "aws":
        chosen = {
            "wechat": {},
            "domain": domain("domain")
            | {
                "EdgeOnly": "true",
                "AllowedOrigins": "https://h5.example.com,https://m.example.com",
            },
            **single,
            "tracing": {"Tracing": "Active"},
        }
    else:
        chosen = {"wechat": {}, **single}
    everything = {key: value for one in chosen.values() for key, value in one.items()}
    # As long as a stack's name may be.
    chosen["stack-with-all-of-it"] = everything | {
        "ReservedConcurrency": "5",
        "SecretPrefix": "/wechat/all",
        "LogRetentionDays": "7",
    }
    if partition == "aws-cn":
        chosen = {name: one | domain(name, partition, region) for name, one in chosen.items()}
    elif "ApiDomainName" in everything:
        chosen["stack-with-all-of-it"] |= domain("all")
    return {name: BASE | one for name, one in chosen.items()}


def without(template, logical_id, sid=None, **drop):
    """A copy without a statement of a policy, or without properties."""
    faulty = copy.deepcopy(template)
    properties = faulty["Resources"][logical_id]["Properties"]
    if sid:
        document = properties["PolicyDocument"]
        kept = [one for one in document["Statement"] if one.get("Sid") != sid]
        assert len(kept) < len(document["Statement"]), sid
        document["Statement"] = kept
    for key in drop:
        del properties[key]
    return faulty


def changed(template, old, new):
    text = json.dumps(template)
    assert old in text, old
    return json.loads(text.replace(old, new))


def check_all_policies(report, stack):
    check_policies(report, stack, [])


# Planted into the transformed template; which check must see it, and what it must say.
FAULTS = [
    (
        "a login that cannot keep its session",
        lambda t: without(t, "UsesLogIn", "Session"),
        check_all_policies,
        "put, update and delete session#wx1#o",
    ),
    (
        "payments without their keys",
        lambda t: without(t, "UsesOrders", "Secrets"),
        check_all_policies,
        "who may read pay-",
    ),
    (
        "a job that runs where there is no merchant",
        lambda t: changed(
            t, '["HasPay", "ENABLED", "DISABLED"]', '["HasPay", "ENABLED", "ENABLED"]'
        ),
        check_triggers,
        "the schedule of reconcile-payments",
    ),
    (
        "a boundary without the bus",
        lambda t: without(t, "FunctionBoundary", "Events"),
        check_all_policies,
        "who may publish",
    ),
    (
        "a key that may be absent",
        lambda t: changed(
            t, '{"dynamodb:LeadingKeys": "false"}', '{"dynamodb:LeadingKeys": "true"}'
        ),
        check_all_policies,
        "items without a key",
    ),
    (
        "a table without its index",
        lambda t: without(t, "Table", GlobalSecondaryIndexes=1),
        check_table,
        "the index due",
    ),
    (
        "a filter that matches no event",
        lambda t: changed(t, '\\"prefix\\":\\"event#\\"', '\\"prefix\\":\\"events#\\"'),
        check_triggers,
        "who reads the stream",
    ),
    (
        "an output of a neighbor's URL",
        lambda t: changed(
            t,
            '\\"auth.logout\\":\\"${AuthLogoutUrl.',
            '\\"auth.logout\\":\\"${AuthChecksessionUrl.',
        ),
        check_stack,
        "Urls has",
    ),
    (
        "a role that is not there",
        lambda t: changed(t, '["JssdkConfigRole", "Arn"]', '["JssdkConfRole", "Arn"]'),
        check_stack,
        "JssdkConfig",
    ),
]


def plant(emulated, template):
    caught = 0
    for number, (what, fault, net, word) in enumerate(FAULTS, 1):
        report = Report(quiet=True)
        try:
            stack = Stack(emulated, f"fault-{number}", HONG_KONG, fault(template), BASE)
            stack.emulated_roles = emulator.roles(HONG_KONG)
            net(report, stack)
        except NotCreated as error:
            report.failures.append(str(error))
        found = any(word in one for one in report.failures)
        caught += found
        if found:
            print(f"ok    planted and caught: {what}", flush=True)
        else:
            print(f"FAIL  planted and missed: {what}: {report.failures[:3]}", flush=True)
    return caught


def main():
    bundle, modules = sys.argv[1:]
    begin = time.monotonic()
    report = Report()
    emulated = Emulator()
    emulated.upload(HONG_KONG)
    print("made by other means, since moto's CloudFormation falls short:")
    for kind, why in emulator.MENDED.items():
        print(f"      {kind}: {why}")
    print("SKIPPED, not proven here:")
    for kind, why in emulator.NOT_MADE.items():
        print(f"      {kind}: {why}")
    resources = asked = 0
    travelled = None
    for file, partition, region in (
        ("template.yaml", "aws", HONG_KONG),
        ("template.cn.yaml", "aws-cn", BEIJING),
    ):
        text = (ROOT / file).read_text(encoding="utf-8")
        stacks = []
        cache = {}
        for name, parameters in variants(partition, region).items():
            # Only this parameter changes what SAM writes.
            tracing = parameters.get("Tracing")
            if tracing not in cache:
                cache[tracing] = transformed(text, region, parameters)
            try:
                stack = Stack(emulated, name, region, copy.deepcopy(cache[tracing]), parameters)
            except NotCreated as error:
                report.check(False, f"{name} in {region} is created", str(error))
                continue
            report.check(True, f"{name} in {region}: created in {stack.seconds:.1f} s")
            stacks.append(stack)
            resources += len(stack.resources)
        known = emulator.roles(region)
        for stack in stacks:
            stack.emulated_roles = known
            check_stack(report, stack)
            asked += check_policies(report, stack, [one for one in stacks if one is not stack])
        if travelled is None:
            travelled = next(one for one in stacks if one.name == "payments")
            neighbor = next(one for one in stacks if one.name == "domain")
            template = cache[None]
    print(
        f"      after {time.monotonic() - begin:.0f} s: the bundle on the stack {travelled.name}",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        keys = pathlib.Path(bundle).with_name("keys")

        def afterwards(gate, world, running):
            print(f"      after {time.monotonic() - begin:.0f} s: the doctor", flush=True)
            doctor.examine(report, travelled, neighbor, keys, running, world, gate, directory)

        journey.travel(report, travelled, bundle, directory, modules, afterwards)
    print(f"      after {time.monotonic() - begin:.0f} s: planted faults", flush=True)
    caught = plant(emulated, template)
    failed = len(report.failures)
    print(
        f"{report.count - failed} of {report.count} checks hold, {caught} of {len(FAULTS)} planted faults caught: "
        f"{resources} resources, {asked} questions to policies, {time.monotonic() - begin:.0f} s"
    )
    sys.exit(bool(failed or caught < len(FAULTS)))


if __name__ == "__main__":
    main()
