// The demo page's own script: what a team would write, and the page around it.
import { createJssdk } from "/client/h5/jssdk.js";
import { current, say } from "/console/words.js";

const { address, client, pretends } = window.demo;
// npm's weixin-js-sdk leaves it there.
window.wx ??= window.module.exports.config && window.module.exports;

const $ = (id) => document.getElementById(id);
const show = (id, text) => { $(id).textContent = text; };

function log(text, state = "ok") {
  const line = document.createElement("li");
  line.dataset.state = state;
  line.textContent = text;
  $("log").append(line);
}

function configured({ url, attempts }) {
  $("failed").hidden = true;
  $("status").dataset.state = "ok";
  show("status", "config:ok");
  show("signed", url);
  show("attempts", attempts);
  log(`config:ok ${url}`);
}

function failed(error) {
  $("failed").hidden = false;
  $("status").dataset.state = "error";
  show("status", error.errMsg ?? error.reason);
  show("reason", error.reason ?? error.name);
  show("message", error.message);
  log(`${error.reason}: ${error.message}`, "error");
  $("causes").replaceChildren();
  if (error.diagnosis) diagnose(error.diagnosis);
}

/** A page may not ask `jssdk.diagnose` itself; here the demo does it as a back end would. */
async function diagnose(failing) {
  const response = await fetch("/demo/diagnose", {
    method: "POST", body: JSON.stringify(failing),
  });
  const { causes } = await response.json();
  $("causes").replaceChildren(...causes.map(({ cause, item, certain, detail }) => {
    const entry = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = `${cause} (${item}, ${say(certain ? "certain" : "likely")}) `;
    entry.append(name, detail);
    return entry;
  }));
}

function working() {
  $("status").dataset.state = "working";
  show("status", say("Asking WeChat …"));
  show("here", address(location.href));
}

document.documentElement.lang = current();
document.title = say("JS-SDK demo");
for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.textContent);
show("client", client);
$("missing").hidden = Boolean(window.wx);
$("pretending").hidden = !pretends;
show("pretended", address(location.href));

const session = await (await fetch(`/demo/session${location.search}`)).json();
const jssdk = createJssdk({
  jsApiList: ["addCard", "chooseCard", "chooseInvoice", "chooseWXPay", "chooseImage", "uploadImage"],
  session: session.session_token,
  address,
  onConfigured: (outcome) => (outcome instanceof Error ? failed(outcome) : configured(outcome)),
});
window.jssdk = jssdk;

/** Runs what a button stands for, and shows how it ended. */
function button(id, act) {
  $(id).addEventListener("click", async () => {
    try {
      log(`${id}:ok ${JSON.stringify(await act())}`);
    } catch (error) {
      log(`${id}:${error.reason} ${error.message}`, "error");
    }
  });
}

button("configure", async () => {
  working();
  await jssdk.configure().then(configured, failed);
});
let routes = 0;
button("route", async () => {
  routes += 1;
  history.pushState({}, "", `/demo/jssdk/订单/${routes}${location.search}#part-${routes}`);
  show("here", address(location.href));
  return decodeURI(location.pathname);
});
addEventListener("popstate", () => show("here", address(location.href)));
button("add-card", () => jssdk.addCard({ card_id: "pjZ8Yt1XGILfi-FUsewpnnolGgZk", bind_openid: true }));
button("choose-card", () => jssdk.chooseCard({ cardType: "GROUPON" }));
button("choose-invoice", () => jssdk.chooseInvoice());
/** Calls an operation as the reader. */
async function operation(path, input) {
  const response = await fetch(path, {
    method: "POST",
    headers: { authorization: `Bearer ${session.session_token}`, "content-type": "application/json" },
    body: JSON.stringify(input),
  });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.detail), { reason: answer.type });
  return answer;
}
button("pay", async () => {
  const { out_trade_no, payment } = await operation("/pay/createOrder", { product: "tea" });
  const { errMsg } = await jssdk.call("chooseWXPay", payment).catch((error) => error);
  // Whatever the client says, the server knows.
  let order;
  do {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    order = await operation("/pay/getOrder", { out_trade_no });
  } while (order.state === "unpaid" && errMsg === "chooseWXPay:ok");
  return { errMsg, state: order.state };
});
button("forbidden", () => jssdk.call("scanQRCode", { needResult: 1 }));
button("upload", async () => {
  const { localIds } = await jssdk.call("chooseImage", { count: 1 });
  const { serverId } = await jssdk.call("uploadImage", { localId: localIds[0] });
  const response = await fetch(`/media/get?media_id=${serverId}`, {
    headers: { authorization: `Bearer ${session.session_token}` },
  });
  if (!response.ok) throw Object.assign(new Error((await response.json()).detail), { reason: "media" });
  const image = await response.blob();
  $("fetched").src = URL.createObjectURL(image);
  $("fetched").hidden = false;
  return { serverId, type: image.type, bytes: image.size };
});

working();
if (window.wx) {
  await jssdk.ready().then(configured, failed);
} else {
  // What the back end does for the page can be seen all the same.
  const query = new URLSearchParams({ url: address(location.href) });
  const headers = { authorization: `Bearer ${session.session_token}`, "accept-language": current() };
  const signature = await (await fetch(`/jssdk/config?${query}`, { headers })).json();
  show("signature", JSON.stringify(signature, null, 2));
  for (const element of document.querySelectorAll("nav button")) element.disabled = true;
  $("status").dataset.state = "error";
  show("status", say("jweixin is missing"));
}
