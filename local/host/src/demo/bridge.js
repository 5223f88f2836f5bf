// WeixinJSBridge: what WeChat's client gives to a page, with the simulator behind it.
// iOS keeps a page at the address it was loaded from, Android follows pushState.
(() => {
  const BOUND = "http://h5.example.com";
  const query = new URLSearchParams(location.search);
  const wanted = query.get("client") ?? "android";
  if (!/micromessenger/i.test(navigator.userAgent)) {
    const system = wanted === "ios"
      ? "iPhone; CPU iPhone OS 18_0 like Mac OS X" : "Linux; Android 15; Pixel 9";
    const agent = `Mozilla/5.0 (${system}) AppleWebKit/605.1.15 MicroMessenger/8.0.49 NetType/WIFI`;
    Object.defineProperty(navigator, "userAgent", { value: agent });
  }
  const isAndroid = /android/i.test(navigator.userAgent);
  const pretends = location.port !== "";
  const address = (href) => (pretends ? href.replace(location.origin, BOUND) : href);
  const landing = address(location.href);
  const pageAddress = () => (isAndroid ? address(location.href) : landing);
  // npm's weixin-js-sdk is the script in CommonJS.
  window.module = { exports: {} };
  window.demo = { address, pretends, client: isAndroid ? "Android" : "iOS" };

  // Needs no right.
  const FREE = new Set(["preVerifyJSAPI", "checkJsApi", "getNetworkType", "closeWindow"]);
  const ALONE = {
    checkJsApi: (given) => ({
      checkResult: JSON.stringify(Object.fromEntries(given.jsApiList.map((name) => [name, true]))),
    }),
    getNetworkType: () => ({ err_msg: "network_type:wifi" }),
    chooseImage: () => ({ localIds: JSON.stringify(["weixin://resourceid/demo"]) }),
    closeWindow: () => ({}),
    hideOptionMenu: () => ({}),
    showOptionMenu: () => ({}),
  };
  let rights = null;

  async function perform(name, given) {
    if (!FREE.has(name)) {
      if (!rights) return { err_msg: `${name}:fail_the permission value is offline verifying` };
      if (!rights.has(name)) return { err_msg: `${name}:permission_denied` };
    }
    if (ALONE[name]) return { err_msg: `${name}:ok`, ...ALONE[name](given) };
    const question = { api: name, url: pageAddress(), params: given };
    if (query.get("user")) question.user = query.get("user");
    const response = await fetch("/demo/bridge", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(question),
    });
    if (!response.ok) return { err_msg: `${name}:fail_${(await response.json()).detail}` };
    const answer = await response.json();
    if (name === "preVerifyJSAPI") {
      const named = [...(given.verifyJsApiList ?? []), ...(given.verifyOpenTagList ?? [])];
      rights = answer.err_msg === "preVerifyJSAPI:ok" ? new Set(named) : null;
    }
    return answer;
  }

  // A client brings it a little later than the page.
  setTimeout(() => {
    window.WeixinJSBridge = {
      invoke(name, given, callback) {
        perform(name, given ?? {}).then(callback);
      },
      on() {},
      call() {},
    };
    document.dispatchEvent(new Event("WeixinJSBridgeReady"));
  }, 20);
})();
