"""What a role may do: IAM's rules for the part of its language that the template uses.

A policy with anything else raises, so that nothing is taken for a grant or passed over. An action
is allowed if a policy of the role and the permissions boundary both allow it.
"""

import functools
import json
import re
import urllib.parse


class Unknown(Exception):
    """A part of the policy language that is not evaluated here."""


@functools.cache
def pattern(text, ignore_case=False):
    """`*` is any text and `?` any character."""
    regex = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in text)
    return re.compile(regex, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def matches(text, value, ignore_case=False):
    return pattern(text, ignore_case).fullmatch(value) is not None


def as_list(value):
    return value if isinstance(value, list) else [value]


def holds(operator, key, wanted, context):
    values = context.get(key.lower())
    wanted = as_list(wanted)
    if operator == "Null":
        return (values is None) == (wanted == ["true"])
    if operator == "ForAllValues:StringLike":
        # True of a request without the key: that is what "Null" beside it is for.
        return all(any(matches(one, value) for one in wanted) for value in values or [])
    if operator in ("StringEquals", "StringLike"):
        if values is None:
            return False
        if len(values) != 1:
            raise Unknown(f"{operator} with several values of {key}")
        same = matches if operator == "StringLike" else str.__eq__
        return any(same(one, values[0]) for one in wanted)
    raise Unknown(f"the operator {operator}")


def is_about(statement, action):
    return any(matches(one, action, ignore_case=True) for one in as_list(statement["Action"]))


def applies(statement, resource, context):
    if not any(matches(one, resource) for one in as_list(statement["Resource"])):
        return False
    return all(
        holds(operator, key, wanted, context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def read(document):
    """The statements of a policy."""
    if isinstance(document, str):
        document = json.loads(urllib.parse.unquote(document))
    statements = as_list(document["Statement"])
    for statement in statements:
        more = set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}
        if more or statement["Effect"] not in ("Allow", "Deny"):
            raise Unknown(f"{statement}")
        if "${" in json.dumps(statement):
            raise Unknown(f"a variable in {statement}")
    return statements


class Role:
    """The policies of a role and its boundary, as IAM has them."""

    def __init__(self, name, statements, boundary):
        self.name, self.statements, self.boundary = name, statements, boundary
        self._about = {}

    def may(self, action, resource, **context):
        """Keys of the context have `_` for `:`, as in dynamodb_LeadingKeys."""
        context = {key.replace("_", ":", 1).lower(): as_list(one) for key, one in context.items()}
        if action not in self._about:
            parts = [self.statements] + ([] if self.boundary is None else [self.boundary])
            self._about[action] = [[one for one in part if is_about(one, action)] for part in parts]
        effects = [
            {one["Effect"] for one in part if applies(one, resource, context)}
            for part in self._about[action]
        ]
        return all(one == {"Allow"} for one in effects)
