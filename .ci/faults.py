"""Plants faults into template.yaml and sees each caught by the net that is there for it.

faults.py DIRECTORY: the directory takes the faulty copies. Run by .ci/template.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

from samtranslator.model.exceptions import InvalidDocumentException

from transform import transform

HERE = pathlib.Path(__file__).parent
REGIONS = ["us-east-1", "ap-east-1", "ap-southeast-1", "ap-northeast-1"]


def validate(template):
    return ["sam", "validate", "--template", template]


def lint(template, regions=REGIONS):
    return ["cfn-lint", "--regions", *regions, "--template", template]


def lint_in(region):
    return lambda template: lint(template.with_suffix(".json"), [region])


def scan(template):
    return [HERE / "scan", template.with_suffix(".json")]


def checklist(template):
    return [
        "cargo", "test", "--quiet", "--locked", "--workspace", "--test", "it",
        "the_transformed_template", "--", "--ignored",
    ]


# What is planted, how, which net must catch it, and what the net must say.
# A net that reads the transformed template comes after the transform.
FAULTS = [
    ("a misspelled event property", ("MaximumRecordAgeInSeconds: 300", "MaximumRecordAgeInSecond: 300"), validate, "MaximumRecordAgeInSecond"),
    ("OPTIONS in the CORS methods", ("AllowMethods: [POST]", "AllowMethods: [OPTIONS]"), lint, "OPTIONS"),
    ("a misspelled CORS property", ("MaxAge: 7200", "MaxAg: 7200"), lint, "MaxAg"),
    ("a parameter that is not there", ("!Ref TokenMode", "!Ref TokenMod"), lint_in("ap-east-1"), "TokenMod'"),
    ("a Region without function URLs", ("", ""), lint_in("cn-northwest-1"), "AWS::Lambda::Url"),
    ("a table without recovery", ("PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"), scan, "CKV_AWS_28"),
    ("a role for everything", (r"(  AuthGetticket:\n(?:.*\n)*?      Policies: \[)", r'\1{Version: "2012-10-17", Statement: [{Sid: All, Effect: Allow, Action: "*", Resource: "*"}]}, '), scan, "CKV_AWS_63"),
    ("a boundary that bounds nothing", ("Action: sqs:SendMessage\n            Resource: [!GetAtt FailureQueue.Arn, !GetAtt EventFailureQueue.Arn]", 'Action: "*"\n            Resource: "*"'), checklist, "[4] FunctionBoundary"),
    ("an app secret for a ticket reader", (r"(  AuthGetticket:\n(?:.*\n)*?      Policies: \[)", r'\1{Version: "2012-10-17", Statement: [{Sid: Key, Effect: Allow, Action: "ssm:GetParameter", Resource: !Sub "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${SecretPrefix}/wx*"}]}, '), checklist, "AuthGetticketRole"),
    ("an app secret for a page signer", (r"(  JssdkConfig:\n(?:.*\n)*?      Policies: \[)", r'\1{Version: "2012-10-17", Statement: [{Sid: Key, Effect: Allow, Action: "ssm:GetParameter", Resource: !Sub "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${SecretPrefix}/wx*"}]}, '), checklist, "[3] JssdkConfigRole reads app secrets"),
    ("an action that is a wildcard", ("Action: [dynamodb:UpdateItem]", 'Action: ["dynamodb:*"]'), checklist, "[4]"),
    ("a scan", ("Action: [dynamodb:UpdateItem]", "Action: [dynamodb:Scan]"), checklist, "[4]"),
    ("items without a key", ('dynamodb:LeadingKeys: ["code#*"]', 'dynamodb:LeadingKeys: ["*"]'), checklist, "[4]"),
    ("a key that may be absent", ('"Null": {dynamodb:LeadingKeys: "false"}', '"Null": {dynamodb:LeadingKeys: "true"}'), checklist, "[4]"),
    ("a foreign table", ("Action: [dynamodb:GetItem]\n            Resource: !GetAtt Table.Arn", 'Action: [dynamodb:GetItem]\n            Resource: "*"'), checklist, "[4]"),
    ("a role that may write credentials", (r"(  UsesAccessToken:\n(?:.*\n)*?            Action: \[dynamodb:GetItem)\]", r"\1, dynamodb:UpdateItem]"), checklist, "[policies]"),
    ("a function without its boundary", ("    PermissionsBoundary: !Ref FunctionBoundary\n", ""), checklist, "[boundary]"),
    ("a secret as a parameter", ("  TokenMode:\n    Type: String\n", "  TokenMode:\n    Type: String\n    NoEcho: true\n"), checklist, "[5]"),
    ("a secret in the environment", ("TOKEN_MODE: !Ref TokenMode", 'TOKEN_MODE: "{{resolve:ssm-secure:/wechat/session-key}}"'), checklist, "[5]"),
    ("a public URL of a Service operation", (r"(  AuthGetaccesstoken:\n(?:.*\n)*?    Properties:\n)", r"\1      FunctionUrlConfig: {AuthType: NONE}" + "\n"), checklist, "[6]"),
    ("a public URL of the refresher", (r"(  RefreshCredentials:\n(?:.*\n)*?    Properties:\n)", r"\1      FunctionUrlConfig: {AuthType: NONE}" + "\n"), checklist, "[6]"),
    ("a URL whose permissions SAM does not write", ("AuthType: NONE", "AuthType: !If [HasDomain, AWS_IAM, NONE]"), checklist, "[7]"),
    ("any origin", ("AllowOrigins: !Ref AllowedOrigins", 'AllowOrigins: ["*"]'), checklist, "[16]"),
    ("a missing alarm", (r"  TokenLifeAlarm:\n(?:    .*\n)+", ""), checklist, "[23]"),
    ("an alarm that sleeps when the refresher is dead", ("TreatMissingData: breaching", "TreatMissingData: missing"), checklist, "[23]"),
    ("an alarm that tells nobody", ("      AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]\n", ""), checklist, "[23]"),
    ("a table that a deletion takes along", ("DeletionPolicy: Retain", "DeletionPolicy: Delete"), checklist, "[24]"),
    ("a table without a cap", (r"      OnDemandThroughput:\n.*\n.*\n", ""), checklist, "[24]"),
    ("lines kept for ever", ("      RetentionInDays: !Ref LogRetentionDays\n", ""), checklist, "[24]"),
    ("a kill switch that misses a function", ("      ReservedConcurrentExecutions: !If [HasReservation, !Ref ReservedConcurrency, !Ref AWS::NoValue]\n", ""), checklist, "[26]"),
    ("a class that the kill switch misses", ("!And [!Not [!Equals [!Ref LoginConcurrency, -1]], !Not [!Equals [!Ref ReservedConcurrency, 0]]]", "!Not [!Equals [!Ref LoginConcurrency, -1]]"), checklist, "[26] HasLoginReservation"),
    ("a login among the others", ("!If [HasLoginReservation, !Ref LoginConcurrency, !If [HasReservation, !Ref ReservedConcurrency, !Ref AWS::NoValue]]", "!If [HasReservation, !Ref ReservedConcurrency, !Ref AWS::NoValue]"), checklist, "[26] "),
    ("a dashboard of a function that is not there", ('"...","${AWS::StackName}-oauth-gettoken"', '"...","${AWS::StackName}-oauth-token"'), checklist, "[watching] the dashboard shows oauth-token"),
    ("a dashboard that is no JSON", ('"title":"Messages sent",', '"title":"Messages sent"'), checklist, "[watching] the dashboard is no JSON"),
    ("a query of a field that no line has", ("avg(upstream_ms)", "avg(wechat_ms)"), checklist, "[watching] SlowestQuery asks for wechat_ms"),
    ("a query of another log group", ("LogGroupNames: [!Ref LogGroup]", 'LogGroupNames: ["/aws/lambda/x"]'), checklist, "[watching]"),
    ("a rollback by an alarm that most stacks lack", ("${EventFailureAlarm.Arn}", "${PaymentJobAlarm.Arn}"), checklist, "[watching] PaymentJobAlarm"),
    ("a domain without a throttle", ("        ThrottlingRateLimit: !Ref EdgeRateLimit\n", ""), checklist, "[26]"),
    ("a Service operation on the domain", ("functions/${AuthCode2session.Arn}/invocations", "functions/${AuthGetaccesstoken.Arn}/invocations"), checklist, "[edge]"),
    ("a schedule whose name collides", ("            OmitName: true\n", ""), checklist, "[triggers]"),
    ("a poison record that blocks the stream", ("            MaximumRetryAttempts: 2\n", ""), checklist, "[triggers]"),
    ("a stream that wakes for every login", ('[{"prefix":"signal#"}]', '[{"prefix":"session#"}]'), checklist, "[triggers]"),
    ("events that end nowhere", ("Destination: !GetAtt EventFailureQueue.Arn", "Destination: !GetAtt FailureQueue.Arn"), checklist, "[triggers]"),
    ("a query of the whole table", ('Resource: !Sub "${Table.Arn}/index/due"', "Resource: !GetAtt Table.Arn"), checklist, "[4]"),
    ("push keys for a ticket reader", (r"(  AuthGetticket:\n(?:.*\n)*?      Policies: \[)", r'\1{Version: "2012-10-17", Statement: [{Sid: Key, Effect: Allow, Action: "ssm:GetParameter", Resource: !Sub "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${SecretPrefix}/push-*"}]}, '), checklist, "AuthGetticketRole"),
    ("a merchant's keys for a ticket reader", (r"(  AuthGetticket:\n(?:.*\n)*?      Policies: \[)", r'\1{Version: "2012-10-17", Statement: [{Sid: Key, Effect: Allow, Action: "ssm:GetParameter", Resource: !Sub "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${SecretPrefix}/pay-*"}]}, '), checklist, "[3] AuthGetticketRole reads merchants' keys"),
    ("a function with a neighbour's binary", ("Binary: auth-checksession", "Binary: auth-code2session"), checklist, "[functions]"),
    ("a neighbour's policy", (r"(  AuthGetticket:\n(?:.*\n)*?      Policies: \[)", r"\1!Ref UsesLogIn, "), checklist, "[policies] AuthGetticketRole"),
    ("a policy under a condition", (r"(  AuthGetticket:\n(?:.*\n)*?      Policies: \[)", r"\1!If [HasDomain, !Ref UsesLogIn, !Ref AWS::NoValue], "), checklist, "[policies] AuthGetticketRole"),
    ("a policy of AWS's for everything", (r"(  AuthGetticket:\n(?:.*\n)*?      Policies: \[)", r"\1AmazonDynamoDBFullAccess, "), checklist, "[policies]"),
]


def plant(text, fault):
    """The first place is changed, wherever it is: text, or a pattern if the text has none."""
    old, new = fault
    if old in text:
        return text.replace(old, new, 1)
    changed, count = re.subn(old, new, text, count=1)
    return changed if count else None


def run(command, template):
    environment = dict(os.environ, TRANSFORMED_TEMPLATE=template.with_suffix(".json"))
    result = subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout + result.stderr


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    text = (HERE.parent / "template.yaml").read_text(encoding="utf-8")
    missed = 0
    for number, (what, fault, net, word) in enumerate(FAULTS, 1):
        template = directory / f"fault-{number}.yaml"
        planted = plant(text, fault)
        if planted is None:
            print(f"NOT PLANTED  {what}: the template has no {fault[0]!r}")
            missed += 1
            continue
        template.write_text(planted, encoding="utf-8")
        if net not in (validate, lint):
            try:
                transformed = transform(planted)
            except InvalidDocumentException as error:
                print(f"NOT PLANTED  {what}: {error.message}")
                missed += 1
                continue
            template.with_suffix(".json").write_text(json.dumps(transformed), encoding="utf-8")
        status, output = run(net(template), template)
        if status == 0 or word not in output:
            print(f"MISSED       {what}: expected {word!r} of\n{output}")
            missed += 1
    print(f"{len(FAULTS) - missed} of {len(FAULTS)} planted faults caught")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
