"""What schemathesis must not take for a wrong request."""

import schemathesis


@schemathesis.hook
def filter_case(context, case):
    """`null` and blanks are no body, and an empty value in a query is an input left out."""
    blank = case.body is None or isinstance(case.body, bytes) and not case.body.strip()
    texts = {
        parameter.name
        for parameter in case.operation.query
        if "string" in parameter.definition["schema"].get("type", "string")
    }
    left_out = (
        value in ([], {}) or value == "" and name not in texts
        for name, value in (case.query or {}).items()
    )
    return not blank and not any(left_out)
