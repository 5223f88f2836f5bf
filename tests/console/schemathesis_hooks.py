"""What schemathesis must not take for a wrong request."""

import schemathesis


@schemathesis.hook
def filter_case(context, case):
    """`null` and blanks are no body, and an empty array or object in a query is an input left out."""
    blank = case.body is None or isinstance(case.body, bytes) and not case.body.strip()
    return not blank and not any(value in ([], {}) for value in (case.query or {}).values())
