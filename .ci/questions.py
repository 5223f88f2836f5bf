"""Requests that the bundle's embedded engine and dynalite must answer alike.

Compared are the status, the kind of an error, a transaction's reasons and, of success, the whole
answer. The text of an error is not: engines word it differently, and no function reads it.
"""

import engines


def n(value):
    return {"N": str(value)}


def s(value):
    return {"S": value}


def at(pk):
    return {"Key": {"pk": s(pk)}}


def worded(request, where=None, names=None, **values):
    """A request with a condition; names that begin with a capital letter are members of it."""
    request = request | {name: one for name, one in values.items() if name[0].isupper()}
    values = {f":{name}": one for name, one in values.items() if not name[0].isupper()}
    if where is not None:
        request["ConditionExpression"] = where
    if names:
        request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
    if values:
        request["ExpressionAttributeValues"] = values
    return request


def get(pk, **more):
    return "GetItem", at(pk) | more


def put(pk, item=(), where=None, names=None, **values):
    return "PutItem", worded({"Item": {"pk": s(pk), **dict(item)}}, where, names, **values)


def update(pk, change, where=None, names=None, **values):
    return "UpdateItem", worded(at(pk) | {"UpdateExpression": change}, where, names, **values)


def delete(pk, where=None, names=None, **values):
    return "DeleteItem", worded(at(pk), where, names, **values)


def due(condition, names=None, **values):
    index = {"IndexName": "due", "KeyConditionExpression": condition}
    return "Query", worded(index, None, names, **values)


def together(*parts):
    """A transaction."""
    return "TransactWriteItems", {
        "TransactItems": [{call.removesuffix("Item"): request} for call, request in parts]
    }


IS_NEW = "attribute_not_exists(pk)"
NEW, OLD = {"ReturnValues": "ALL_NEW"}, {"ReturnValues": "ALL_OLD"}
FREE = "(attribute_not_exists(lease_until) OR lease_until < :now OR lease_owner = :owner)"
CLAIM = (
    f"{IS_NEW} OR #ttl < :now OR (attribute_not_exists(openid) "
    "AND (claim_until < :now OR claim_owner = :owner))"
)
NUMBERS = ["1.0", "1e3", "-0", "0.10", "00012", 2**63 - 1, "9" * 38, "1E-20", ".5", "1e+3"]
# Words of the table's own items: DynamoDB reserves some, which then need a name of their own.
WORDS = "at kind reason version due due_at event calls value ttl owner state status refused sid"


def claim(owner, now):
    item = {"claim_owner": s(owner), "claim_until": n(now + 10), "ttl": n(now + 300)}
    return put("q-code", item, CLAIM, ["ttl"], owner=s(owner), now=n(now))


def lease(owner, now):
    change = "SET lease_owner = :owner, lease_until = :until"
    where = f"{FREE} AND attribute_not_exists(version)"
    return update("q-token", change, where, owner=s(owner), until=n(now + 10), now=n(now), **NEW)


def publish(version):
    change = "SET #value = :t, version = :new REMOVE lease_owner, lease_until, failed_at"
    where = "lease_owner = :owner AND attribute_not_exists(version)"
    return update(
        "q-token", change, where, ["value"], t=s("t"), new=n(version), owner=s("b"), **NEW
    )


def count():
    change = "SET #ttl = :ttl ADD calls :one"
    where = "attribute_not_exists(calls) OR calls < :most"
    return update("q-limit", change, where, ["ttl"], ttl=n(9), one=n(1), most=n(2))


def signal(version):
    where = f"{IS_NEW} OR version < :version OR #ttl < :now"
    item = {"version": n(version), "ttl": n(50)}
    return put("q-signal", item, where, ["ttl"], version=n(version), now=n(9))


def listed(number):
    return put(f"q-event{number}", {"due": s("q"), "due_at": n(number * 10), "detail": s("d")})


def under(condition, **values):
    """Whether a condition holds for an item with a number, a text and a list."""
    item = {"n": n(3), "s": s("hello"), "l": {"L": [n(1), s("a")]}}
    return put("q-held", item, condition, **values)


UNTIL = "due = :due AND due_at <= :until"
LISTED = {"due": s("q"), "until": n(1000)}

# In this order, on one table.
QUESTIONS = {
    "nothing there": [get("q-none"), delete("q-none"), delete("q-none", **OLD)],
    "an item of every type": [
        put("q-item", {"n": n(1), "s": s("季度"), "e": s(""), "b": {"B": "AQID"}}),
        put(
            "q-item",
            {
                "l": {"L": [n(1), {"NULL": True}, {"BOOL": False}, {"L": []}]},
                "m": {"M": {"a": {"M": {}}, "n": n("1e3")}},
                "ss": {"SS": ["a"]},
                "ns": {"NS": ["1"]},
            },
            **OLD,
        ),
        get("q-item", ConsistentRead=True),
        get("q-item", ProjectionExpression="m.n, l[1]"),
    ],
    "numbers": [
        put("q-numbers", {f"n{at}": n(one) for at, one in enumerate(NUMBERS)}),
        get("q-numbers"),
    ],
    "no numbers": [put("q-bad", {"n": n(one)}) for one in ["9" * 39, "1e126", "1e-131", "abc", ""]],
    "no items": [
        put(""),
        put("q-bad", {"x": {"SS": []}}),
        put("q-bad", {"x": {"SS": ["a", "a"]}}),
        put("q-bad", {"x": {"NULL": False}}),
        put("q-bad", {"x": {"S": "a", "N": "1"}}),
        put("q-bad", {"x": s("x" * 410_000)}),
        put("q" * 2049),
        ("PutItem", {"Item": {"n": n(1)}}),
        ("PutItem", {"Item": {"pk": n(1)}}),
        ("GetItem", {"Key": {"pk": s("a"), "n": n(1)}}),
        ("GetItem", at("a") | {"TableName": "q-other"}),
        get("q-bad"),
    ],
    "keys of the index of another type": [
        put("q-bad", {"due": n(1), "due_at": n(1)}),
        put("q-bad", {"due": s("q"), "due_at": s("1")}),
        update("q-item", "SET due_at = :a", a=s("x")),
    ],
    "an empty key of the index": put("q-empty", {"due": s(""), "due_at": n(1)}),
    "conditions": [
        under(None),
        under(IS_NEW),
        under("n = :a", a=n("3.0")),
        under("n = :a", a=s("3")),
        under("n < :a", a=s("9")),
        under("n < :a", a=n(10)),
        under("absent < :a", a=n(1)),
        under("absent <> :a", a=n(1)),
        under("NOT n = :a", a=n(3)),
        under("n BETWEEN :a AND :b", a=n(1), b=n(3)),
        under("n IN (:a, :b)", a=n(1), b=n(3)),
        under("begins_with(s, :a)", a=s("he")),
        under("contains(s, :a) AND contains(l, :b)", a=s("ell"), b=s("a")),
        under("size(s) = :a", a=n(5)),
        under("attribute_type(l, :a)", a=s("L")),
        under("n = :b AND n = :b OR n = :a", a=n(3), b=n(0)),
        under("n = :b AND (n = :b OR n = :a)", a=n(3), b=n(0)),
    ],
    "a condition that fails, and the old item": under(
        IS_NEW, ReturnValuesOnConditionCheckFailure="ALL_OLD"
    ),
    "no conditions": [
        under(""),
        under("n = = :a", a=n(3)),
        under("n = :a", a=n(3), b=n(3)),
        under("n = :a"),
        under("attribute_exists(#n)"),
        under(None, a=n(3)),
        put("q-held", {}, "n = :a", ["x"], a=n(3)),
        under(None, **NEW),
    ],
    "reserved words": [under(f"attribute_not_exists({word})") for word in WORDS.split()],
    "updates": [
        update("q-new", "SET a = :a, b = :b", a=n(1), b=s("x"), **NEW),
        update("q-new", "SET a = a + :a", a=n(1), **OLD),
        update("q-new", "SET a = a - :a REMOVE b", a=n(1), ReturnValues="UPDATED_NEW"),
        update("q-new", "SET a = :a, c = :a", a=n(7), ReturnValues="UPDATED_OLD"),
        update("q-new", "SET v = if_not_exists(v, :o) + :a", o=n(0), a=n(1), **NEW),
        update("q-new", "SET v = if_not_exists(v, :o) + :a", o=n(0), a=n(1), **NEW),
        update("q-new", "SET a = c, c = a ADD hits :a", a=n(1), **NEW),
        update("q-new", "SET l = list_append(if_not_exists(l, :e), :e)", e={"L": [n(1)]}, **NEW),
        update("q-new", "REMOVE absent", **NEW),
        update("q-item", "SET m.b = :b REMOVE m.a DELETE ss :x", b=n(2), x={"SS": ["a"]}, **NEW),
        update("q-gone", "REMOVE absent", **NEW),
        ("UpdateItem", at("q-bare") | NEW),
        update("q-new", "SET a = :a", "a = :b", a=n(1), b=n(2)),
        update("q-nobody", "SET a = :a", "attribute_exists(pk)", a=n(1)),
        get("q-nobody"),
    ],
    "no updates": [
        update("q-new", "SET w = absent + :a", a=n(1)),
        update("q-new", "SET pk = :a", a=s("x")),
        update("q-new", "REMOVE pk"),
        update("q-new", "SET a = :a, a = :a", a=n(1)),
        update("q-new", "SET a = :a SET b = :a", a=n(1)),
        update("q-new", "SET absent.b = :a", a=n(1)),
        update("q-new", "SET ttl = :a", a=n(1)),
        update("q-new", "SET a = :a", a=n(1), b=n(1)),
        update("q-new", "SETT a = :a", a=n(1)),
        update("q-new", ""),
        update("q-item", "ADD s :a", a=s("1")),
        update("q-held", "SET s = s + :a", a=n(1)),
        get("q-new"),
    ],
    "a lease, and the token published": [
        lease("a", 1),
        lease("b", 2),
        lease("b", 30),
        publish(1),
        publish(2),
        lease("b", 60),
    ],
    "a signal a version": [signal(1), signal(1), signal(2)],
    "a code, claimed and given back": [
        claim("a", 100),
        claim("a", 101),
        claim("b", 102),
        claim("b", 112),
        delete("q-code", "claim_owner = :owner", owner=s("a")),
        delete("q-code", "claim_owner = :owner", owner=s("b"), **OLD),
    ],
    "a limit": [count(), count(), count(), get("q-limit")],
    "the index": [
        *map(listed, (3, 1, 2, 10)),
        put("q-half", {"due": s("q")}),
        due(UNTIL, due=s("q"), until=n(25)),
        due("#due = :due AND #due_at >= :since", ["due", "due_at"], due=s("q"), since=n(15)),
        due(UNTIL, due=s("q"), until=n(2**63 - 1)),
        due(UNTIL, **LISTED, Limit=2),
        due(
            UNTIL,
            **LISTED,
            Limit=2,
            ExclusiveStartKey={"pk": s("q-event2"), "due": s("q"), "due_at": n(20)},
        ),
        due(UNTIL, **LISTED, Limit=4),
        due("due = :due", due=s("q"), ScanIndexForward=False),
        due("due = :due", due=s("q"), Select="COUNT"),
        due("due = :due", due=s("nothing")),
        update("q-event1", "REMOVE due, due_at"),
        update("q-event2", "SET due_at = :a", a=n(500)),
        delete("q-event3"),
        due("due = :due", due=s("q")),
    ],
    "no queries": [
        due("due = :due", due=s("q"), ConsistentRead=True),
        due("due = :due", due=s("q"), Select="ALL_ATTRIBUTES"),
        due("due = :due", due=s("q"), Limit=0),
        due("due = :due", due=n(1)),
        due("due_at <= :until", until=n(1)),
        due("due = :due", due=s("q"), IndexName="other"),
    ],
    "transactions": [
        together(put("q-t1", {"n": n(1)}, IS_NEW), update("q-t2", "SET a = :a", a=n(1))),
        together(put("q-t3"), put("q-t1", {}, IS_NEW)),
        together(put("q-t1", {}, IS_NEW), put("q-t4"), delete("q-t2", IS_NEW)),
        together(put("q-t1", {"n": n(2)}, "n = :a", a=n(1)), delete("q-t2")),
        together(put("q-t5"), put("q-t6", {}, "n = :a")),
        together(put("q-t5"), put("")),
        together(put("q-t5", {"due": s("q-t"), "due_at": n(1)}), put("q-t6", {"due": s("q-t")})),
        due("due = :due", due=s("q-t")),
        *(get(f"q-t{number}") for number in range(1, 7)),
    ],
}
# Where dynalite is not like DynamoDB.
KNOWN = {
    "an empty key of the index": "dynalite takes it, DynamoDB and the embedded engine refuse it",
    "a condition that fails, and the old item": "dynalite never answers the old item",
}


def kind(answer):
    """The kind of an error, and why each part of a transaction failed."""
    reasons = [one["Code"] for one in answer.get("CancellationReasons", [])]
    return answer["__type"].split("#")[-1], reasons, answer.get("Item")


def sets_sorted(value):
    if isinstance(value, dict):
        return {
            name: sorted(one) if name in ("SS", "NS", "BS") else sets_sorted(one)
            for name, one in value.items()
        }
    return [sets_sorted(one) for one in value] if isinstance(value, list) else value


def to(table, call, request):
    """The request, about this table."""
    if call == "TransactWriteItems":
        parts = [
            {verb: {"TableName": table} | one for verb, one in part.items()}
            for part in request["TransactItems"]
        ]
        return {"TransactItems": parts}
    return {"TableName": table} | request


def compare(report, embedded, dynalite):
    """`embedded` is an address; the table of a bundle has the name `wechat`."""

    def answers(call, request):
        # dynalite itself has no transactions.
        whole = call == "TransactWriteItems"
        other = dynalite.url.removeprefix("http://") if whole else dynalite.address
        for address, table in ((embedded, "wechat"), (other, dynalite.table)):
            status, answer = engines.ask(address, call, to(table, call, request))
            yield status, kind(answer) if status != 200 else sets_sorted(answer)

    asked = 0
    for what, requests in QUESTIONS.items():
        different = []
        for call, request in requests if isinstance(requests, list) else [requests]:
            asked += 1
            ours, theirs = answers(call, request)
            if ours != theirs:
                different.append(f"{call} {request}: embedded {ours}, dynalite {theirs}")
        known = KNOWN.get(what)
        if known:
            report.check(different, f"engines differ on {what}: {known}", "they do not")
        else:
            report.check(not different, f"engines agree on {what}", different)
    print(f"      {asked} requests to both engines")
