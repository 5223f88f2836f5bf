"""Two engines of DynamoDB for the journey: moto with the stack's own table, and dynalite."""

import http.client
import json
import subprocess
import threading

import boto3
from botocore.config import Config

from emulator import KEYS
from web import Quiet, serve

# What dynalite has not, and what stands in for it here.
LACKED = {
    "TransactWriteItems": "dynalite judges each part; that all or none are written is done here",
    "streams": "records are made here, from what was read after each write",
    "UpdateTimeToLive": "dynalite has none: nothing expires",
    "ReturnValuesOnConditionCheckFailure": "dynalite ignores it: the code must manage without",
}
START = """
require('dynalite')({ createTableMs: 0 }).listen(0, '127.0.0.1', function () {
  console.log(this.address().port)
})
"""
# dynalite wants a signature and checks none.
SIGNED = {
    "authorization": "AWS4-HMAC-SHA256 Credential=person/1/2/3/4, SignedHeaders=host, Signature=0",
    "content-type": "application/x-amz-json-1.0",
    "x-amz-date": "20261126T000000Z",
}


def ask(address, call, request):
    """A call as it travels: status and answer."""
    connection = http.client.HTTPConnection(address, timeout=20)
    target = {"x-amz-target": f"DynamoDB_20120810.{call}"}
    connection.request("POST", "/", json.dumps(request), SIGNED | target)
    answer = connection.getresponse()
    status, body = answer.status, json.loads(answer.read())
    connection.close()
    return status, body


class Moto:
    """The table that the stack made."""

    name = "moto"

    def __init__(self, stack):
        self.url, self.table = stack.emulated.url, stack.resources["Table"]
        self.client = stack.client("dynamodb")
        self.streams = stack.client("dynamodbstreams")
        arn = stack.table["LatestStreamArn"]
        shard = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
        begin = self.streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        self.iterator = begin["ShardIterator"]

    def records(self):
        """What the stream has had since the last call."""
        found = self.streams.get_records(ShardIterator=self.iterator)
        self.iterator = found["NextShardIterator"]
        return json.loads(json.dumps(found["Records"], default=str))

    def stop(self):
        pass


class Dynalite:
    """A table with the template's attributes in dynalite, behind what it lacks."""

    name = "dynalite"

    def __init__(self, stack, modules):
        self.process = subprocess.Popen(
            ["node", "-e", START], env={"NODE_PATH": modules}, stdout=subprocess.PIPE, text=True
        )
        self.address = f"127.0.0.1:{self.process.stdout.readline().strip()}"
        self.table = stack.resources["Table"]
        properties = stack.template["Resources"]["Table"]["Properties"]
        wanted = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
        made = {name: properties[name] for name in wanted}
        status, answer = ask(self.address, "CreateTable", {"TableName": self.table} | made)
        if status != 200:
            raise RuntimeError(f"dynalite makes no table: {answer}")
        self.lock, self.changes = threading.Lock(), []
        engine = self

        class Handler(Quiet):
            def do_POST(self):
                call = self.headers.get("x-amz-target", "").split(".")[-1]
                status, answer = engine.answer(call, json.loads(self.body()))
                self.answer(status, json.dumps(answer).encode())

        self.url = serve(Handler)
        self.client = boto3.client(
            "dynamodb",
            region_name=stack.region,
            endpoint_url=self.url,
            config=Config(retries={"total_max_attempts": 1}),
            **KEYS,
        )

    def answer(self, call, request):
        with self.lock:
            if call == "TransactWriteItems":
                return self.transact(request["TransactItems"])
            if call in ("PutItem", "UpdateItem", "DeleteItem"):
                before = self.read(request)
                status, answer = ask(self.address, call, request)
                if status == 200:
                    self.record(request, before)
                return status, answer
        return ask(self.address, call, request)

    def transact(self, parts):
        written, reasons = [], []
        for part in parts:
            ((verb, request),) = part.items()
            before = self.read(request)
            status, answer = ask(self.address, f"{verb}Item", request)
            kind = answer.get("__type", "").split("#")[-1]
            if status == 200:
                written.append((request, before))
                reasons.append({"Code": "None"})
            elif kind == "ConditionalCheckFailedException":
                reasons.append({"Code": "ConditionalCheckFailed", "Message": answer["message"]})
            else:
                self.undo(written)
                return status, answer
        if len(written) == len(parts):
            for request, before in written:
                self.record(request, before)
            return 200, {}
        self.undo(written)
        codes = ", ".join(one["Code"] for one in reasons)
        return 400, {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons for specific "
            f"reasons [{codes}]",
            "CancellationReasons": reasons,
        }

    def undo(self, written):
        for request, before in reversed(written):
            if before is None:
                ask(self.address, "DeleteItem", self.key(request))
            else:
                ask(self.address, "PutItem", {"TableName": self.table, "Item": before})

    def key(self, request):
        pk = (request.get("Key") or request.get("Item"))["pk"]
        return {"TableName": self.table, "Key": {"pk": pk}}

    def read(self, request):
        wanted = self.key(request) | {"ConsistentRead": True}
        return ask(self.address, "GetItem", wanted)[1].get("Item")

    def record(self, request, before):
        after = self.read(request)
        if after == before:
            return
        kind = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
        change = {"Keys": self.key(request)["Key"], "SequenceNumber": str(len(self.changes))}
        if after is not None:
            change["NewImage"] = after
        self.changes.append({"eventName": kind, "dynamodb": change})

    def records(self):
        """What the stream has had since the last call."""
        with self.lock:
            found, self.changes = self.changes, []
        return found

    def stop(self):
        self.process.terminate()
        self.process.wait()
