// What jssdk-config does, with the packages that Node projects use, on a plain Runtime API loop.
import http from "node:http";

import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import WechatAPI from "co-wechat-api";

const APPID = "wx2222222222222222";
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true });

const table = new DynamoDBClient();
const api = new WechatAPI(APPID, "");
api.registerTicketHandle(
  async () => {
    const { Item } = await table.send(
      new GetItemCommand({
        TableName: process.env.TABLE_NAME,
        Key: { pk: { S: `credential#${APPID}#jsapi_ticket` } },
      }),
    );
    return { ticket: Item.value.S, expireTime: Item.expires_at.N * 1000 };
  },
  async () => {},
);

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const options = { agent, host, port, method, path: `/2018-06-01/runtime/invocation/${path}` };
    const request = http.request(options, async (response) => {
      const chunks = await response.toArray();
      resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() });
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function answer(event) {
  const url = new URLSearchParams(event.rawQueryString).get("url");
  const config = await api.getJsConfig({ debug: false, jsApiList: [], url });
  return { statusCode: 200, body: JSON.stringify(config) };
}

for (;;) {
  const { headers, body } = await call("GET", "next");
  const id = headers["lambda-runtime-aws-request-id"];
  try {
    await call("POST", `${id}/response`, JSON.stringify(await answer(JSON.parse(body))));
  } catch (error) {
    await call("POST", `${id}/error`, JSON.stringify({ errorMessage: String(error) }));
  }
}
