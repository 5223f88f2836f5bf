"""Transforms a SAM template as CloudFormation does, without an account.

transform.py IN OUT [PARAMETER=VALUE ...]
"""

import json
import os
import sys

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse


class Policies(dict):
    """AWS managed policies by name, as their ARNs."""

    def __missing__(self, name):
        return f"arn:aws:iam::aws:policy/{name}"


def local_code_in_s3(template):
    """`sam package` has uploaded the code by the time the transform runs."""
    for resource in template["Resources"].values():
        if resource.get("Type") == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://artifacts/code.zip"
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)


def transform(text, parameters=None):
    template = yaml_parse(text)
    local_code_in_s3(template)
    os.environ.setdefault("AWS_DEFAULT_REGION", "ap-east-1")
    translator = Translator(Policies(), Parser())
    return translator.translate(template, parameters or {}, feature_toggle=None)


def main():
    source, target, *parameters = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        text = file.read()
    try:
        transformed = transform(text, dict(one.split("=", 1) for one in parameters))
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        sys.exit(f"{source}: {causes or error.message}")
    with open(target, "w", encoding="utf-8") as file:
        json.dump(transformed, file, indent=1)


if __name__ == "__main__":
    main()
