"""An emulator of AWS: moto's server, and what its CloudFormation lacks.

A type that moto's CloudFormation lacks is made by the API of its service, in moto, so that botocore
and moto check the properties. What is not made at all stands in NOT_MADE.
"""

import io
import json
import logging
import os
import traceback
import zipfile

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.validate import ParamValidator
from moto.awslambda.models import EventSourceMapping
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.events.models import EventBus
from moto.iam.models import Role, iam_backends
from moto.logs.models import LogGroup
from moto.server import ThreadedMotoServer
from moto.utilities.utils import get_partition

import policies

# What moto's CloudFormation does wrongly or not at all; the code below mends it.
MENDED = {
    "AWS::Lambda::Url": "no such type in moto's CloudFormation: made by lambda.CreateFunctionUrlConfig",
    "AWS::Lambda::EventInvokeConfig": "no such type: made by lambda.PutFunctionEventInvokeConfig",
    "AWS::Scheduler::Schedule": "no such type: made by scheduler.CreateSchedule",
    "AWS::CloudWatch::Alarm": "no such type: made by cloudwatch.PutMetricAlarm",
    "AWS::Logs::MetricFilter": "no such type: made by logs.PutMetricFilter",
    "AWS::ApiGatewayV2::Api": "no such type: made by CreateApi and CreateRoute",
    "AWS::ApiGatewayV2::Stage": "no such type: made by apigatewayv2.CreateStage",
    "AWS::ApiGatewayV2::DomainName": "no such type: made by apigatewayv2.CreateDomainName",
    "AWS::ApiGatewayV2::ApiMapping": "no such type: made by apigatewayv2.CreateApiMapping",
    "AWS::Events::Archive": "wants the pattern as text: made by events.CreateArchive",
    "AWS::Events::EventBus": "a Ref to it is an object of Python: its name",
    "AWS::Lambda::EventSourceMapping": "starts the function in Docker at every write: not started",
    "AWS::Logs::LogGroup": "its Arn lacks the end :* that AWS gives it: added",
    "AWS::IAM::Role": "ignores ManagedPolicyArns: attached afterwards",
    "AWS::DynamoDB::Table": "ignores expiry, recovery and encryption: set afterwards",
    "AWS::NoValue": "stays in lists: taken out",
    "AWS::Partition": "is always aws, and AWS::URLSuffix always amazonaws.com: set by the Region",
}

# What nobody makes here, and what therefore is not proven by creating the stack.
NOT_MADE = {
    "Rules": "moto ignores the rules of a template",
    "AWS::Lambda::Function": "moto drops Architectures, LoggingConfig, TracingConfig and Tags",
    "AWS::DynamoDB::Table": "moto drops OnDemandThroughput",
    "AWS::ApiGatewayV2::DomainName": "moto gives no RegionalDomainName: the value of the output "
    "EdgeDomainTarget is made up",
    "AWS::ApiGatewayV2::Api": "moto's import is bypassed: the OpenAPI document's parameters are ignored",
    "AWS::Logs::QueryDefinition": "moto saves no queries: botocore checks the properties",
    "AWS::Lambda::Url": "moto answers at no URL; the policies of functions are kept, not enforced",
    "AWS::IAM": "moto has no SimulatePrincipalPolicy and knows no conditions: .ci/policies.py evaluates",
}


class NotCreated(Exception):
    """A stack that could not be created, and why."""


ACCOUNT = "123456789012"
KEYS = {"aws_access_key_id": "person", "aws_secret_access_key": "person"}


class Emulator:
    """The server, one per process, and clients for it."""

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self._clients = {}
        Emulator.current = self

    def client(self, service, region):
        key = (service, region)
        if key not in self._clients:
            config = Config(retries={"total_max_attempts": 1}, max_pool_connections=50)
            self._clients[key] = boto3.client(
                service, region_name=region, endpoint_url=self.url, config=config, **KEYS
            )
        return self._clients[key]

    def upload(self, region):
        """Uploads code, as `sam package` does."""
        s3 = self.client("s3", region)
        for bucket in ("artifacts", "templates"):
            place = {"LocationConstraint": region}
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("bootstrap", "")
        s3.put_object(Bucket="artifacts", Key="code.zip", Body=code.getvalue())

    def create(self, name, region, template, parameters):
        """Creates a stack; what it was given is too long for the request, so it goes through S3."""
        s3 = self.client("s3", region)
        s3.put_object(Bucket="templates", Key=name, Body=json.dumps(template).encode())
        cloudformation = self.client("cloudformation", region)
        Emulator.failure = None
        try:
            cloudformation.create_stack(
                StackName=name,
                TemplateURL=f"https://s3.amazonaws.com/templates/{name}",
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in parameters.items()
                ],
                Capabilities=["CAPABILITY_IAM"],
            )
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise NotCreated(Emulator.failure or str(error)) from error
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]


def types():
    """The types that a stack may have here."""
    return set(parsing.get_model_map())


def statements_of(region, arn):
    policy = iam_backends[ACCOUNT][get_partition(region)].get_policy(arn)
    versions = {one.version_id: one for one in policy.versions}
    return policies.read(versions[policy.default_version_id].document)


def role_of(region, arn):
    """A role that has one policy."""
    return policies.Role(arn, statements_of(region, arn), None)


def roles(region):
    """All roles of a partition by name; moto's API fails to list them with their policies."""
    backend = iam_backends[ACCOUNT][get_partition(region)]

    def document(arn):
        return statements_of(region, arn)

    found = {}
    for role in backend.roles.values():
        statements = [one for arn in role.managed_policies for one in document(arn)]
        statements += [one for inline in role.policies.values() for one in policies.read(inline)]
        boundary = role.permissions_boundary_arn
        found[role.name] = policies.Role(
            role.name, statements, document(boundary) if boundary else None
        )
    return found


def naming_the_resource(original):
    """What moto answers to a fault of a resource names neither."""

    def create(logical_id, *arguments, **named):
        try:
            return original(logical_id, *arguments, **named)
        except Exception as error:
            Emulator.failure = Emulator.failure or f"{logical_id}: {error!r}"
            Emulator.trace = traceback.format_exc()
            raise

    return create


def without_novalue(original):
    def clean(value, resources):
        cleaned = original(value, resources)
        if isinstance(value, list):
            return [one for one in cleaned if one is not None]
        return cleaned

    return clean


def with_partition(original):
    def init(self, *arguments, **named):
        original(self, *arguments, **named)
        if self._region_name.startswith("cn-"):
            self._parsed_resources["AWS::Partition"] = "aws-cn"
            self._parsed_resources["AWS::URLSuffix"] = "amazonaws.com.cn"

    return init


def and_then(cls, more):
    """Has `more` done after moto's CloudFormation made a resource."""
    original = cls.create_from_cloudformation_json.__func__

    def create(kind, name, resource, account_id, region_name, **named):
        made = original(kind, name, resource, account_id, region_name, **named)
        more(made, resource["Properties"], account_id, region_name)
        return made

    cls.create_from_cloudformation_json = classmethod(create)


def attach_policies(role, properties, account_id, region):
    backend = iam_backends[account_id][get_partition(region)]
    for arn in properties.get("ManagedPolicyArns", []):
        # SAM names the partition of its own Region; an unknown ARN raises.
        backend.attach_role_policy(role_name=role.name, policy_arn=arn)


def start_nothing(mapping, _properties, account_id, region):
    for table in dynamodb_backends[account_id][region].tables.values():
        table.lambda_event_source_mappings.pop(mapping.function_arn, None)


def complete_table(table, properties, account_id, region):
    backend = dynamodb_backends[account_id][region]
    if "SSESpecification" in properties:
        table.sse_specification["Enabled"] = properties["SSESpecification"]["SSEEnabled"]
    if "TimeToLiveSpecification" in properties:
        backend.update_time_to_live(table.name, properties["TimeToLiveSpecification"])
    if "PointInTimeRecoverySpecification" in properties:
        backend.update_continuous_backups(
            table.name, properties["PointInTimeRecoverySpecification"]
        )


class Made:
    """A resource made by the API of its service, as moto's CloudFormation sees resources."""

    def __init__(self, identity, attributes):
        self.identity, self.attributes = identity, attributes

    @property
    def physical_resource_id(self):
        return self.identity

    @classmethod
    def has_cfn_attr(cls, attr):
        return attr in cls.ATTRIBUTES

    def get_cfn_attribute(self, attribute_name):
        return self.attributes[attribute_name]

    @staticmethod
    def cloudformation_name_type():
        return ""

    def is_created(self):
        return True


def lower(value):
    """Property names as the API of CloudWatch Logs spells them."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: lower(one) for key, one in value.items()}
    return [lower(one) for one in value] if isinstance(value, list) else value


def make_url(_name, properties, client):
    target = properties.pop("TargetFunctionArn")
    made = client("lambda").create_function_url_config(FunctionName=target, **properties)
    return made["FunctionArn"], {"FunctionUrl": made["FunctionUrl"]}


def make_invoke_config(name, properties, client):
    client("lambda").put_function_event_invoke_config(**properties)
    return name, {}


def make_schedule(name, properties, client):
    made = client("scheduler").create_schedule(Name=properties.pop("Name", name), **properties)
    return name, {"Arn": made["ScheduleArn"]}


def make_alarm(name, properties, client):
    name = properties.pop("AlarmName", name)
    client("cloudwatch").put_metric_alarm(AlarmName=name, **properties)
    described = client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return name, {"Arn": described[0]["AlarmArn"]}


def make_archive(name, properties, client):
    source, pattern = properties.pop("SourceArn"), json.dumps(properties.pop("EventPattern"))
    client("events").create_archive(
        ArchiveName=name, EventSourceArn=source, EventPattern=pattern, **properties
    )
    return name, {}


def make_metric_filter(name, properties, client):
    properties = lower(properties)
    for one in properties["metricTransformations"]:
        one["defaultValue"] = float(one["defaultValue"])
    client("logs").put_metric_filter(filterName=name, **properties)
    return name, {}


def make_query(name, properties, client):
    shape = client("logs").meta.service_model.operation_model("PutQueryDefinition").input_shape
    problems = ParamValidator().validate(lower(properties), shape)
    if problems.has_errors():
        raise NotCreated(problems.generate_report())
    return name, {}


def make_api(name, properties, client):
    body = properties.pop("Body")
    # Of an import, which moto offers for YAML of one shape only.
    properties.pop("FailOnWarnings", None)
    api = client("apigatewayv2").create_api(
        Name=body["info"]["title"], ProtocolType="HTTP", **properties
    )
    for path, item in body["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            integration = operation["x-amazon-apigateway-integration"]
            made = client("apigatewayv2").create_integration(
                ApiId=api["ApiId"],
                IntegrationType=integration["type"].upper(),
                IntegrationMethod=integration["httpMethod"],
                IntegrationUri=integration["uri"],
                PayloadFormatVersion=integration["payloadFormatVersion"],
                TimeoutInMillis=integration["timeoutInMillis"],
                CredentialsArn=integration["credentials"],
            )
            client("apigatewayv2").create_route(
                ApiId=api["ApiId"],
                RouteKey=f"{method.upper()} {path}",
                Target=f"integrations/{made['IntegrationId']}",
            )
    return api["ApiId"], {"ApiEndpoint": api["ApiEndpoint"]}


def make_stage(_name, properties, client):
    client("apigatewayv2").create_stage(**properties)
    return properties["StageName"], {}


def make_domain(_name, properties, client):
    made = client("apigatewayv2").create_domain_name(**properties)
    return made["DomainName"], {"RegionalDomainName": "moto-gives-no-such-name.invalid"}


def make_mapping(_name, properties, client):
    properties.setdefault("ApiMappingKey", "")
    made = client("apigatewayv2").create_api_mapping(**properties)
    return made["ApiMappingId"], {}


def add_type(kind, make, attributes=()):
    """Teaches moto's CloudFormation a type."""

    def create(cls, name, resource, _account_id, region_name, **_named):
        def client(service):
            return Emulator.current.client(service, region_name)

        return cls(*make(name, dict(resource["Properties"]), client))

    return type(
        kind.replace("::", ""),
        (Made,),
        {
            "ATTRIBUTES": attributes,
            "cloudformation_type": staticmethod(lambda: kind),
            "create_from_cloudformation_json": classmethod(create),
        },
    )


ADDED = [
    add_type("AWS::Lambda::Url", make_url, ["FunctionUrl"]),
    add_type("AWS::Lambda::EventInvokeConfig", make_invoke_config),
    add_type("AWS::Scheduler::Schedule", make_schedule, ["Arn"]),
    add_type("AWS::CloudWatch::Alarm", make_alarm, ["Arn"]),
    add_type("AWS::Events::Archive", make_archive),
    add_type("AWS::Logs::MetricFilter", make_metric_filter),
    add_type("AWS::Logs::QueryDefinition", make_query),
    add_type("AWS::ApiGatewayV2::Api", make_api, ["ApiEndpoint"]),
    add_type("AWS::ApiGatewayV2::Stage", make_stage),
    add_type("AWS::ApiGatewayV2::DomainName", make_domain, ["RegionalDomainName"]),
    add_type("AWS::ApiGatewayV2::ApiMapping", make_mapping),
]


def known_types():
    """moto knows its own types only."""
    return CloudFormationModel.__subclasses__() + ADDED


parsing.get_model_list = known_types
parsing.get_model_map = lambda: {one.cloudformation_type(): one for one in known_types()}
parsing.get_name_type_map = lambda: {
    one.cloudformation_type(): one.cloudformation_name_type() for one in known_types()
}
parsing.parse_and_create_resource = naming_the_resource(parsing.parse_and_create_resource)
parsing.clean_json = without_novalue(parsing.clean_json)
parsing.ResourceMap.__init__ = with_partition(parsing.ResourceMap.__init__)
LogGroup.get_cfn_attribute = lambda group, _name: f"{group.arn}:*"
EventBus.physical_resource_id = property(lambda bus: bus.name)
and_then(EventSourceMapping, start_nothing)
and_then(Role, attach_policies)
and_then(Table, complete_table)
