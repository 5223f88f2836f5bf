//! `/_simulator`: controls for people, curl and the console that WeChat does not have.

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Method, Request, header::ALLOW};
use hyper::body::Bytes;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json, value::RawValue};

use super::call::{Reply, parse_query};
use super::journal::Journal;
use super::push::{self, samples};
use super::{
    Account, AccountKind, Act, Does, Effect, Fault, Format, PaidOrder, PayFault, Push, PushMode,
    Script, Simulator, User, bridge, faults::Faults, quota, tokens,
};

/// Where the interface is.
pub(super) const PREFIX: &str = "/_simulator";

const LOGIN_SCOPE: &str = "snsapi_login";
const PROFILE_SCOPE: &str = "snsapi_userinfo";

const YEAR_S: u64 = 366 * 86_400;

type Answer = Result<Value, Bad>;

/// Why a request cannot be carried out; the text names the field at fault.
struct Bad(String);

/// One thing to do.
struct Action {
    method: Method,
    path: &'static str,
    help: &'static str,
    run: fn(&Simulator, &Request<Bytes>) -> Answer,
}

const ACTIONS: &[Action] = &[
    Action { method: Method::GET, path: "", help: "This list.", run: |_, _| Ok(help()) },
    Action {
        method: Method::GET,
        path: "/accounts",
        help: "The apps, their calls and forced refreshes today, and the age of their tokens.",
        run: |simulator, _| Ok(accounts(simulator)),
    },
    Action {
        method: Method::POST,
        path: "/answer",
        help: "Changes what a path answers: {\"path\", \"json\": any} or {\"path\", \"base64\", \
               \"content_type\"?}, and {\"times\"?} for so many calls.",
        run: script,
    },
    Action {
        method: Method::POST,
        path: "/bridge",
        help: "What a WeChat client asks for a page: {\"api\", \"url\", \"params\", \"user\"?}; \
               api is preVerifyJSAPI, batchAddCard, chooseCard, chooseInvoice or uploadImage.",
        run: |simulator, request| Ok(bridge::answer(simulator, &json(request)?)),
    },
    Action {
        method: Method::GET,
        path: "/clock",
        help: "WeChat's time.",
        run: |simulator, _| Ok(clock(simulator)),
    },
    Action {
        method: Method::POST,
        path: "/clock",
        help: "Moves WeChat's time forward: {\"advance_s\":7200}.",
        run: advance,
    },
    Action {
        method: Method::POST,
        path: "/domains",
        help: "Binds an app's JS interface safe domains, instead of those it has: \
               {\"appid\", \"domains\":[\"example.com\"]}.",
        run: bind_domains,
    },
    Action {
        method: Method::POST,
        path: "/codes",
        help: "A wx.login code: {\"appid\"?, \"user\"?, \"blocked\"?}; the first mini program and \
               alice, if not said. An app of another kind gets an OAuth code: {\"appid\", \
               \"user\"?, \"scope\"?, \"snapshot\"?}.",
        run: mint_code,
    },
    Action {
        method: Method::POST,
        path: "/phone_codes",
        help: "The code of a getPhoneNumber button that a user tapped: {\"appid\"?, \"user\"?}.",
        run: phone_code,
    },
    Action {
        method: Method::POST,
        path: "/encrypted_data",
        help: "What the client of a logged-in user returns encrypted: {\"appid\"?, \"user\"?, \
               \"data\"?}; a phone number, if not said.",
        run: encrypted_data,
    },
    Action {
        method: Method::POST,
        path: "/encrypted_payloads",
        help: "What a mini program encrypts with the key of wx.getUserCryptoManager: {\"appid\"?, \
               \"user\"?, \"data\"?}.",
        run: encrypted_payload,
    },
    Action {
        method: Method::GET,
        path: "/faults",
        help: "The faults in force, and how many calls they met.",
        run: |simulator, _| Ok(faults(simulator)),
    },
    Action {
        method: Method::POST,
        path: "/faults",
        help: "Makes trouble: {\"path\"?, \"appid\"?, \"times\"?, \"after\"?, \"effect\"}; path is \
               a prefix, effect one of {\"errcode\":{\"code\":-1,\"errmsg\":\"system error\"}}, \
               {\"status\":{\"status\":502,\"body\":\"\"}}, {\"delay\":{\"ms\":3000}}, \
               \"drop_before\", \"drop_after\", \"garbage\", \"truncated\".",
        run: add_fault,
    },
    Action {
        method: Method::DELETE,
        path: "/faults",
        help: "Ends all trouble, or that of ?id=.",
        run: end_faults,
    },
    Action {
        method: Method::GET,
        path: "/journal",
        help: "The calls to WeChat, oldest first; ?path= (a prefix), ?since= (a sequence number).",
        run: journal,
    },
    Action {
        method: Method::DELETE,
        path: "/journal",
        help: "Forgets the calls.",
        run: |simulator, _| {
            simulator.clear_journal();
            Ok(json!({}))
        },
    },
    Action {
        method: Method::POST,
        path: "/rooms",
        help: "Opens live rooms, each an hour after the one before: {\"appid\"?, \"names\"?}; the \
               first mini program and one room, if not said.",
        run: open_rooms,
    },
    Action {
        method: Method::POST,
        path: "/orders",
        help: "A user of a mini program pays an order, which must then be shipped: {\"appid\"?, \
               \"user\"?, \"transaction_id\", \"mchid\"?, \"out_trade_no\"?, \"description\"?, \
               \"paid_amount\"?}.",
        run: pay_order,
    },
    Action {
        method: Method::POST,
        path: "/orders/confirm",
        help: "The user confirms that an order arrived: {\"appid\"?, \"transaction_id\"}.",
        run: confirm_receipt,
    },
    Action {
        method: Method::GET,
        path: "/pay",
        help: "WeChat Pay: orders, refunds, notifications and faults.",
        run: |simulator, _| Ok(simulator.pay().overview()),
    },
    Action {
        method: Method::POST,
        path: "/pay/backdate",
        help: "A paid order was paid some days ago, so that the bill of that day lists it: \
               {\"out_trade_no\", \"days\"}.",
        run: backdate,
    },
    Action {
        method: Method::POST,
        path: "/pay/cashier",
        help: "Somebody pays an order by QR code or link: {\"out_trade_no\"}; or what users do \
               from now on when a client opens the cashier: {\"does\": \"pays\", \"cancels\", \
               \"fails\" or \"pays_twice\"}; or a client opens it: {\"appid\", \"user\"?, \
               \"given\"}, with what wx.requestPayment was given.",
        run: cashier,
    },
    Action {
        method: Method::POST,
        path: "/pay/faults",
        help: "Makes trouble at WeChat Pay: {\"fault\", \"times\"?}, such as \"lost_response\" or \
               {\"clock_skew\":400}.",
        run: add_pay_fault,
    },
    Action {
        method: Method::DELETE,
        path: "/pay/faults",
        help: "Ends all trouble at WeChat Pay.",
        run: |simulator, _| {
            simulator.pay().clear_faults();
            Ok(json!({}))
        },
    },
    Action {
        method: Method::POST,
        path: "/pay/notifications",
        help: "Holds notifications back or lets them go: {\"hold\":true}; or sends that of an order \
               or a refund again: {\"again\":\"<number>\"}.",
        run: notifications,
    },
    Action {
        method: Method::POST,
        path: "/people",
        help: "A user does something that the app is told of: {\"appid\"?, \"user\"?, \"act\": \
               \"write\", \"content\"}; others are send_image (media_id), enter (session_from?), \
               follow (scene?), unfollow, scan (scene), tap (key), consent (template_id, \
               accept?), revoke.",
        run: act,
    },
    Action {
        method: Method::GET,
        path: "/push",
        help: "The pushes to servers of apps and what came of them, oldest first; ?since=.",
        run: pushes,
    },
    Action {
        method: Method::POST,
        path: "/push",
        help: "Pushes any message or event: {\"appid\"?, \"user\"?, \"message\"} with WeChat's \
               members, or {\"sample\": name}; \"mode\" (plain, compatible, safe) and \
               \"format\" (json, xml) differ from the app's settings if given.",
        run: send_push,
    },
    Action {
        method: Method::GET,
        path: "/push/samples",
        help: "A sample of every message and event.",
        run: |_, _| Ok(json!(samples())),
    },
    Action {
        method: Method::POST,
        path: "/push/url",
        help: "Enters a push URL as in WeChat's console; it is kept if its check succeeds: \
               {\"appid\", \"url\", \"token\", \"key\"?, \"mode\"?, \"format\"?}.",
        run: submit_push_url,
    },
    Action {
        method: Method::GET,
        path: "/customer_service",
        help: "The messages of customer service that reached users.",
        run: |simulator, _| Ok(json!(simulator.customer_service_messages())),
    },
    Action {
        method: Method::POST,
        path: "/tokens/invalidate",
        help: "Voids every access token of an app, as a refresh elsewhere would: {\"appid\"}.",
        run: invalidate,
    },
];

/// Answers a request to [`PREFIX`] and this path below it.
pub(super) fn answer(simulator: &Simulator, request: &Request<Bytes>, path: &str) -> Reply {
    let path = path.trim_end_matches('/');
    let here: Vec<&Action> = ACTIONS.iter().filter(|action| action.path == path).collect();
    let Some(action) = here.iter().find(|action| action.method == request.method()) else {
        let allowed: Vec<&str> = here.iter().map(|action| action.method.as_str()).collect();
        return if allowed.is_empty() {
            reply(404, &json!({ "error": format!("nothing here; see GET {PREFIX}") }))
        } else {
            let allowed = allowed.join(", ");
            reply(405, &json!({ "error": format!("use {allowed}") }))
                .with_header(ALLOW.as_str(), allowed)
        };
    };
    match (action.run)(simulator, request) {
        Ok(value) => reply(200, &value),
        Err(Bad(error)) => reply(400, &json!({ "error": error })),
    }
}

/// What a person finds who opens the port in a browser: WeChat itself has nothing there.
pub(super) fn welcome() -> Reply {
    let about = "A simulated WeChat. Its controls are listed there.";
    reply(
        200,
        &json!({ "about": about, "zh": "这是模拟微信，控制接口的列表见 controls。", "controls": PREFIX }),
    )
}

fn reply(status: u16, value: &Value) -> Reply {
    Reply::raw(status, "application/json", value.to_string())
}

fn help() -> Value {
    let line = |action: &Action| {
        let call = format!("{} {PREFIX}{}", action.method, action.path);
        json!({ "call": call, "help": action.help })
    };
    ACTIONS.iter().map(line).collect()
}

fn accounts(simulator: &Simulator) -> Value {
    let show = |account: &Account| {
        let (tokens, forced) = tokens::overview(simulator, &account.appid);
        json!({
            "appid": account.appid,
            "kind": account.kind,
            "cards": account.cards,
            "js_domains": account.js_domains,
            "open_platform": account.open_platform,
            "ip_allow_list": account.ip_allow_list,
            "calls_today": quota::calls_today(simulator, &account.appid),
            "forced_refreshes_today": forced,
            "tokens": tokens,
        })
    };
    simulator.accounts().iter().map(|account| show(account)).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scripted {
    path: String,
    json: Option<Box<RawValue>>,
    base64: Option<String>,
    content_type: Option<String>,
    times: Option<u32>,
}

fn script(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let Scripted { path, json, base64, content_type, times } = json(request)?;
    if simulator.route(&path).is_none() {
        return Err(Bad(format!("path: {path:?} is not a path here")));
    }
    let script = match (json, base64) {
        (Some(json), None) => Script::json(json.get()),
        (None, Some(text)) => {
            let bytes = BASE64_STANDARD.decode(text);
            let bytes = bytes.map_err(|_| Bad("base64: not base64".into()))?;
            Script::file(content_type.as_deref().unwrap_or("application/octet-stream"), bytes)
        }
        _ => return Err(Bad("json, base64: one of them".into())),
    };
    let script = match times {
        Some(0) => return Err(Bad("times: at least 1".into())),
        Some(times) => script.times(times),
        None => script,
    };
    simulator.script(&path, script);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayOrder {
    appid: Option<String>,
    user: Option<String>,
    transaction_id: String,
    mchid: Option<String>,
    out_trade_no: Option<String>,
    description: Option<String>,
    paid_amount: Option<u64>,
}

fn pay_order(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let input: PayOrder = json(request)?;
    let account = chosen(simulator, input.appid.as_deref())?;
    let user = User::new(input.user.as_deref().unwrap_or("alice"));
    let order = PaidOrder {
        transaction_id: input.transaction_id,
        mchid: input.mchid.unwrap_or_else(|| "1900000001".into()),
        out_trade_no: input.out_trade_no.unwrap_or_default(),
        description: input.description.unwrap_or_default(),
        paid_amount: input.paid_amount.unwrap_or(1),
    };
    simulator.pay_order(&account.appid, &user, order);
    Ok(json!({ "appid": account.appid, "openid": user.openid(&account.appid) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfirmReceipt {
    appid: Option<String>,
    transaction_id: String,
}

fn confirm_receipt(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let input: ConfirmReceipt = json(request)?;
    let account = chosen(simulator, input.appid.as_deref())?;
    match simulator.confirm_receipt(&account.appid, &input.transaction_id) {
        true => Ok(json!({})),
        false => Err(Bad("transaction_id: no such order is on its way".into())),
    }
}

fn clock(simulator: &Simulator) -> Value {
    json!({ "now": simulator.clock().now(), "now_ms": simulator.clock().now_ms() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: u64,
}

fn advance(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let Advance { advance_s } = json(request)?;
    if advance_s > YEAR_S {
        return Err(Bad(format!("advance_s: at most a year ({YEAR_S})")));
    }
    simulator.clock().advance(Duration::from_secs(advance_s));
    Ok(clock(simulator))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MintCode {
    appid: Option<String>,
    user: Option<String>,
    #[serde(default)]
    blocked: bool,
    scope: Option<String>,
    #[serde(default)]
    snapshot: bool,
}

fn mint_code(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let input: MintCode = json(request)?;
    let account = chosen(simulator, input.appid.as_deref())?;
    let name = input.user.as_deref().unwrap_or("alice");
    let user = User { blocked: input.blocked, snapshot: input.snapshot, ..User::new(name) };
    let oauth = account.kind != AccountKind::MiniProgram;
    if !oauth && (input.scope.is_some() || input.snapshot) {
        return Err(Bad("scope, snapshot: a mini program has no OAuth".into()));
    }
    let usual = if account.kind == AccountKind::Website { LOGIN_SCOPE } else { PROFILE_SCOPE };
    let code = if oauth {
        let scope = input.scope.as_deref().unwrap_or(usual);
        simulator.mint_oauth_code(&account.appid, &user, scope)
    } else {
        simulator.mint_code(&account.appid, &user)
    };
    Ok(json!({
        "appid": account.appid,
        "code": code,
        "openid": user.openid(&account.appid),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    appid: Option<String>,
    user: Option<String>,
    data: Option<Value>,
}

impl Client {
    /// Whose client it is, and what it encrypts.
    fn of(
        simulator: &Simulator,
        request: &Request<Bytes>,
    ) -> Result<(Arc<Account>, User, Option<Value>), Bad> {
        let Client { appid, user, data } = json(request)?;
        let account = chosen(simulator, appid.as_deref())?;
        if account.kind != AccountKind::MiniProgram {
            return Err(Bad("appid: only a mini program has this".into()));
        }
        Ok((account, User::new(user.as_deref().unwrap_or("alice")), data))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Backdate {
    out_trade_no: String,
    days: u64,
}

fn backdate(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let Backdate { out_trade_no, days } = json(request)?;
    if !(1..=366).contains(&days) {
        return Err(Bad("days: 1 to 366".into()));
    }
    let at = simulator.clock().now() - days * 86_400;
    match simulator.pay().backdate(&out_trade_no, at) {
        true => Ok(json!({})),
        false => Err(Bad("out_trade_no: no such order is paid".into())),
    }
}

fn phone_code(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    match Client::of(simulator, request)? {
        (account, user, None) => {
            Ok(json!({ "code": simulator.mint_phone_code(&account.appid, &user) }))
        }
        (_, _, Some(_)) => Err(Bad("data: not known here".into())),
    }
}

fn encrypted_data(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let (account, user, data) = Client::of(simulator, request)?;
    let data = data.unwrap_or_else(|| {
        json!({ "phoneNumber": "+85291234567", "purePhoneNumber": "91234567",
            "countryCode": "852" })
    });
    if !data.is_object() {
        return Err(Bad("data: must be an object".into()));
    }
    let sealed = simulator.seal(&account.appid, &user, &data);
    let sealed = sealed.ok_or_else(|| Bad("user: not logged in".into()))?;
    Ok(json!({ "encryptedData": sealed.encrypted_data, "iv": sealed.iv }))
}

fn encrypted_payload(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let (account, user, data) = Client::of(simulator, request)?;
    let key = simulator.user_key(&account.appid, &user);
    let data = data.unwrap_or_else(|| json!({ "hello": "world" }));
    Ok(json!({ "version": key.version, "iv": key.iv, "data": key.seal(&data.to_string()) }))
}

fn faults(simulator: &Simulator) -> Value {
    json!(simulator.state(|faults: &mut Faults| faults.standing()))
}

fn add_fault(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let fault: Fault = json(request)?;
    if let Effect::Status { status, .. } = fault.effect
        && !(200..=599).contains(&status)
    {
        return Err(Bad("effect.status.status: 200 to 599".into()));
    }
    if let Some(appid) = &fault.appid {
        known(simulator, appid)?;
    }
    Ok(json!({ "id": simulator.fault(fault) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cashier {
    out_trade_no: Option<String>,
    does: Option<Does>,
    appid: Option<String>,
    user: Option<String>,
    given: Option<Value>,
}

fn cashier(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let Cashier { out_trade_no, does, appid, user, given } = json(request)?;
    let pay = simulator.pay();
    if let Some(does) = does {
        pay.users_do(does);
    }
    if let Some(given) = given {
        let appid = appid.ok_or_else(|| Bad("appid: whose page or mini program it is".into()))?;
        let account = known(simulator, &appid)?;
        let openid = User::new(user.as_deref().unwrap_or("alice")).openid(&account.appid);
        return Ok(json!({ "outcome": pay.client_pays(&appid, &openid, &given) }));
    }
    match out_trade_no {
        None => Ok(json!({})),
        Some(number) => {
            let paid = pay.pay_order(&number);
            let paid = paid.map_err(|why| Bad(format!("out_trade_no: {why}")))?;
            Ok(json!({ "transaction_id": paid.transaction_id }))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddPayFault {
    fault: PayFault,
    times: Option<u32>,
}

fn add_pay_fault(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let AddPayFault { fault, times } = json(request)?;
    simulator.pay().fault(fault, times);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notifications {
    hold: Option<bool>,
    again: Option<String>,
}

fn notifications(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let Notifications { hold, again } = json(request)?;
    if let Some(hold) = hold {
        simulator.pay().hold_notifications(hold);
    }
    let sent = again.map_or(0, |number| simulator.pay().notify_again(&number));
    Ok(json!({ "sent": sent }))
}

fn end_faults(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    match number(request, "id")? {
        None => simulator.clear_faults(),
        Some(id) if simulator.state(|faults: &mut Faults| faults.remove(id)) => {}
        Some(id) => return Err(Bad(format!("id: there is no fault {id}"))),
    }
    Ok(json!({}))
}

fn journal(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let path = text(request, "path").unwrap_or_default();
    let since = number(request, "since")?.unwrap_or(0);
    Ok(json!(simulator.state(|journal: &mut Journal| journal.entries(&path, since))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BindDomains {
    appid: String,
    domains: Vec<String>,
}

fn bind_domains(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let BindDomains { appid, domains } = json(request)?;
    known(simulator, &appid)?;
    simulator.change_account(&appid, |account| account.js_domains = domains);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalidate {
    appid: String,
}

fn invalidate(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let input: Invalidate = json(request)?;
    known(simulator, &input.appid)?;
    simulator.invalidate_token(&input.appid);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenRooms {
    appid: Option<String>,
    names: Option<Vec<String>>,
}

fn open_rooms(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let OpenRooms { appid, names } = json(request)?;
    let account = chosen(simulator, appid.as_deref())?;
    if account.kind != AccountKind::MiniProgram {
        return Err(Bad("appid: only a mini program has live rooms".into()));
    }
    let names = names.unwrap_or_else(|| vec!["直播间".into()]);
    if !(1..=100).contains(&names.len()) {
        return Err(Bad("names: 1 to 100".into()));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let first = simulator.open_rooms(&account.appid, &names);
    let room_ids: Vec<u64> = (first..).take(names.len()).collect();
    Ok(json!({ "appid": account.appid, "room_ids": room_ids }))
}

#[derive(Deserialize)]
struct Someone {
    appid: Option<String>,
    user: Option<String>,
    #[serde(flatten)]
    act: Act,
}

fn act(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let Someone { appid, user, act } = json(request)?;
    let account = chosen(simulator, appid.as_deref())?;
    let user = User::new(user.as_deref().unwrap_or("alice"));
    let push = simulator.act(&account.appid, &user, act).map_err(Bad)?;
    Ok(json!({ "push": push, "openid": user.openid(&account.appid) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendPush {
    appid: Option<String>,
    user: Option<String>,
    message: Option<Map<String, Value>>,
    sample: Option<String>,
    mode: Option<PushMode>,
    format: Option<Format>,
}

fn send_push(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let input: SendPush = json(request)?;
    let account = chosen(simulator, input.appid.as_deref())?;
    let message = match (input.message, input.sample) {
        (Some(message), None) => message,
        (None, Some(name)) => {
            let sample = samples().iter().find(|sample| sample.name == name);
            let sample = sample.ok_or_else(|| Bad(format!("sample: there is no {name:?}")))?;
            sample.message.clone()
        }
        _ => return Err(Bad("message, sample: one of them".into())),
    };
    let mut message = message;
    if let Some(name) = input.user {
        let openid = User::new(&name).openid(&account.appid);
        message.entry("FromUserName").or_insert(openid.into());
    }
    let mut changed = Account::clone(&account);
    let settings = changed.push.as_mut();
    let settings = settings.ok_or_else(|| Bad("appid: the app has no push URL".into()))?;
    settings.mode = input.mode.unwrap_or(settings.mode);
    settings.format = input.format.unwrap_or(settings.format);
    settings.check().map_err(Bad)?;
    Ok(json!({ "push": push::post(simulator, &changed, message, 0) }))
}

fn pushes(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let since = number(request, "since")?.unwrap_or(0);
    let mut pushes = simulator.pushes();
    pushes.retain(|pushed| pushed.id > since);
    Ok(json!(pushes))
}

#[derive(Deserialize)]
struct SubmitPushUrl {
    appid: String,
    #[serde(flatten)]
    push: Push,
}

fn submit_push_url(simulator: &Simulator, request: &Request<Bytes>) -> Answer {
    let SubmitPushUrl { appid, push } = json(request)?;
    known(simulator, &appid)?;
    push.check().map_err(Bad)?;
    Ok(json!({ "push": push::submit(simulator, &appid, push) }))
}

/// The app of this id, else the first mini program.
fn chosen(simulator: &Simulator, appid: Option<&str>) -> Result<Arc<Account>, Bad> {
    match appid {
        Some(appid) => known(simulator, appid),
        None => simulator
            .accounts()
            .into_iter()
            .find(|account| account.kind == AccountKind::MiniProgram)
            .ok_or_else(|| Bad("appid: there is no mini program to choose".into())),
    }
}

fn known(simulator: &Simulator, appid: &str) -> Result<Arc<Account>, Bad> {
    simulator.account(appid).ok_or_else(|| Bad(format!("appid: {appid:?} is no app here")))
}

/// The body; an empty one is `{}`, for those who type it.
fn json<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, Bad> {
    let body = request.body();
    let body = if body.is_empty() { &b"{}"[..] } else { body };
    let input = &mut serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(input).map_err(|error| {
        let (field, reason) = (error.path().to_string(), error.inner());
        // At the top the reason itself names the field that is missing or unknown.
        Bad(if field == "." { reason.to_string() } else { format!("{field}: {reason}") })
    })
}

fn text(request: &Request<Bytes>, name: &str) -> Option<String> {
    let (_, value) = parse_query(request).into_iter().find(|(key, _)| key == name)?;
    Some(value)
}

fn number(request: &Request<Bytes>, name: &str) -> Result<Option<u64>, Bad> {
    let parse = |text: String| text.parse().map_err(|_| Bad(format!("{name}: not a number")));
    text(request, name).map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, OFFICIAL, simulator};

    async fn send(simulator: &Simulator, call: &str, body: &str) -> (u16, Value) {
        let (method, path) = call.split_once(' ').unwrap();
        let reply = simulator.send(method, &format!("{PREFIX}{path}"), body).await.unwrap();
        (reply.status, serde_json::from_slice(&reply.body).unwrap())
    }

    #[tokio::test]
    async fn it_explains_itself() {
        let (_, simulator) = simulator();

        let (status, guide) = send(&simulator, "GET ", "").await;

        assert_eq!((status, guide.as_array().unwrap().len()), (200, ACTIONS.len()));
        let front = simulator.send("GET", "/", "").await.unwrap();
        let front: Value = serde_json::from_slice(&front.body).unwrap();
        assert_eq!(front["controls"], PREFIX, "who opens the port finds them");
        assert_eq!(send(&simulator, "GET /nowhere", "").await.0, 404);
        let reply = simulator.send("PUT", "/_simulator/clock", "").await.unwrap();
        assert_eq!((reply.status, &reply.headers[..]), (405, &[("allow", "GET, POST".into())][..]));
        assert_eq!(simulator.journal().len(), 0, "WeChat does not know about it");
    }

    #[tokio::test]
    async fn it_hands_out_codes() {
        let (_, simulator) = simulator();
        let alice = User::new("alice").openid(MINI);

        let (status, minted) = send(&simulator, "POST /codes", "").await;
        let (_, bob) = send(&simulator, "POST /codes", r#"{"user":"bob","blocked":true}"#).await;

        assert_eq!(
            (status, &minted["openid"], &minted["appid"]),
            (200, &json!(alice), &json!(MINI))
        );
        assert_eq!(minted["code"].as_str().unwrap().len(), 32);
        assert_eq!(bob["openid"], User::new("bob").openid(MINI));
        let oauth = format!(r#"{{"appid":"{OFFICIAL}","snapshot":true}}"#);
        let (status, oauth) = send(&simulator, "POST /codes", &oauth).await;
        let visitor = User::new("alice").on_snapshot_page();
        assert_eq!((status, &oauth["openid"]), (200, &json!(visitor.openid(OFFICIAL))));
        assert_eq!(send(&simulator, "POST /codes", r#"{"snapshot":true}"#).await.0, 400);
    }

    #[tokio::test]
    async fn it_moves_wechats_clock_and_no_other() {
        let (clock, simulator) = simulator();

        let (_, moved) = send(&simulator, "POST /clock", r#"{"advance_s":7200}"#).await;

        assert_eq!(moved["now"], clock.now() + 7_200);
        assert_eq!(send(&simulator, "GET /clock", "").await.1, moved);
    }

    #[tokio::test]
    async fn it_makes_and_ends_trouble() {
        let (_, simulator) = simulator();
        let fault = r#"{"path":"/sns","times":2,"effect":{"errcode":{"code":-1,"errmsg":"busy"}}}"#;

        assert_eq!(send(&simulator, "POST /faults", fault).await.1, json!({ "id": 1 }));
        let busy = simulator.send("GET", "/sns/jscode2session", "").await.unwrap();
        assert_eq!(busy.errcode, Some(-1));
        let (_, standing) = send(&simulator, "GET /faults", "").await;
        assert_eq!((&standing[0]["id"], &standing[0]["met"]), (&json!(1), &json!(1)));
        assert_eq!(send(&simulator, "DELETE /faults?id=2", "").await.0, 400);
        send(&simulator, "DELETE /faults?id=1", "").await;
        assert_eq!(send(&simulator, "GET /faults", "").await.1, json!([]));
        send(&simulator, "POST /faults", r#"{"effect":"drop_before"}"#).await;
        send(&simulator, "DELETE /faults", "").await;
        assert_eq!(send(&simulator, "GET /faults", "").await.1, json!([]));
    }

    #[tokio::test]
    async fn it_shows_and_forgets_the_journal() {
        let (_, simulator) = simulator();
        simulator.send("GET", "/a/1", "").await;
        simulator.send("GET", "/a/2", "").await;
        simulator.send("GET", "/b", "").await;

        let (_, entries) = send(&simulator, "GET /journal?path=/a&since=1", "").await;

        assert_eq!((entries.as_array().unwrap().len(), &entries[0]["path"]), (1, &json!("/a/2")));
        send(&simulator, "DELETE /journal", "").await;
        assert_eq!(send(&simulator, "GET /journal", "").await.1, json!([]));
    }

    #[tokio::test]
    async fn it_voids_tokens_and_shows_the_accounts() {
        let (clock, simulator) = simulator();
        let token = simulator.token(MINI);
        clock.advance_ms(60_000);

        let body = json!({ "appid": MINI }).to_string();
        assert_eq!(send(&simulator, "POST /tokens/invalidate", &body).await.0, 200);
        clock.advance_ms(5_000);

        assert_ne!(simulator.access_token(MINI), Some(token));
        let (_, accounts) = send(&simulator, "GET /accounts", "").await;
        let stable = json!([{ "family": "stable", "age_s": 5, "expires_in": 7195 }]);
        assert_eq!((&accounts[0]["appid"], &accounts[0]["tokens"]), (&json!(MINI), &stable));
        assert_eq!(accounts[0]["calls_today"], json!({ "/cgi-bin/stable_token": 1 }));
        assert!(!accounts.to_string().contains(crate::fixture::SECRET));
    }

    #[tokio::test]
    async fn it_answers_a_client_and_binds_domains() {
        let (_, simulator) = simulator();
        let page = "https://h5.example.com/";
        let params = json!({ "verifyAppId": MINI });
        let question =
            json!({ "api": "preVerifyJSAPI", "url": page, "params": params }).to_string();

        let (_, unsigned) = send(&simulator, "POST /bridge", &question).await;
        assert_eq!(unsigned["err_msg"], "preVerifyJSAPI:fail_invalid signature");
        let domains = json!({ "appid": MINI, "domains": ["example.net"] }).to_string();
        assert_eq!(send(&simulator, "POST /domains", &domains).await.0, 200);
        let (_, unbound) = send(&simulator, "POST /bridge", &question).await;
        assert_eq!(unbound["err_msg"], "preVerifyJSAPI:fail_invalid url domain");
        let (_, accounts) = send(&simulator, "GET /accounts", "").await;
        assert_eq!(accounts[0]["js_domains"], json!(["example.net"]));
    }

    #[tokio::test]
    async fn it_opens_live_rooms() {
        let (_, simulator) = simulator();

        let (status, one) = send(&simulator, "POST /rooms", "").await;
        let (_, two) = send(&simulator, "POST /rooms", r#"{"names":["b","c"]}"#).await;

        assert_eq!((status, one), (200, json!({ "appid": MINI, "room_ids": [1] })));
        assert_eq!(two["room_ids"], json!([2, 3]));
    }

    #[tokio::test]
    async fn bad_input_is_told_by_its_field() {
        let (_, simulator) = simulator();

        for (call, body, field) in [
            ("POST /clock", "", "advance_s"),
            ("POST /clock", r#"{"advance_s":-1}"#, "advance_s"),
            ("POST /clock", r#"{"advance_s":99999999999}"#, "advance_s"),
            ("POST /clock", r#"{"advance":1}"#, "advance"),
            ("POST /codes", r#"{"appid":"wx0"}"#, "appid"),
            ("POST /codes", r#"{"user":1}"#, "user"),
            ("POST /faults", r#"{"effect":{"delay":{"ms":"1"}}}"#, "effect.delay.ms"),
            ("POST /faults", r#"{"effect":{"status":{"status":99}}}"#, "effect.status.status"),
            ("POST /faults", r#"{"effect":"explode"}"#, "effect"),
            ("POST /tokens/invalidate", r#"{"appid":"wx0"}"#, "appid"),
            ("POST /domains", r#"{"appid":"wx0","domains":[]}"#, "appid"),
            ("POST /bridge", r#"{"api":"preVerifyJSAPI"}"#, "url"),
            ("POST /rooms", r#"{"names":[]}"#, "names"),
            ("POST /rooms", r#"{"appid":"wx0000000000000003"}"#, "appid"),
            ("GET /journal?since=x", "", "since"),
            ("POST /people", r#"{"act":"fly"}"#, "fly"),
            ("POST /people", r#"{"act":"follow"}"#, "act"),
            ("POST /push", r#"{"sample":"text"}"#, "push URL"),
            ("POST /push", r#"{"sample":"hologram"}"#, "sample"),
            ("POST /push", "{}", "sample"),
            ("POST /push/url", r#"{"appid":"wx0000000000000001","url":"x","token":"t"}"#, "url"),
        ] {
            let (status, answer) = send(&simulator, call, body).await;
            let error = answer["error"].as_str().unwrap();
            assert!(status == 400 && error.contains(field), "{call} {body}: {status} {error}");
        }
    }
}
