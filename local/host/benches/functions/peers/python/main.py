"""What jssdk-config does, with the packages that Python projects use, on awslambdaric."""

import json
import os
import time
from urllib.parse import parse_qs

import boto3
from wechatpy import WeChatClient
from wechatpy.utils import random_string

APPID = "wx2222222222222222"

table = boto3.client("dynamodb", region_name=os.environ["AWS_REGION"])
wechat = WeChatClient(APPID, "")


def handler(event, _context):
    url = parse_qs(event["rawQueryString"])["url"][0]
    key = {"pk": {"S": f"credential#{APPID}#jsapi_ticket"}}
    item = table.get_item(TableName=os.environ["TABLE_NAME"], Key=key)["Item"]
    nonce, timestamp = random_string(16), int(time.time())
    signature = wechat.jsapi.get_jsapi_signature(nonce, item["value"]["S"], timestamp, url)
    body = {"timestamp": timestamp, "nonceStr": nonce, "signature": signature}
    return {"statusCode": 200, "body": json.dumps(body)}
