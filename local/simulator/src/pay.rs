//! WeChat Pay without WeChat Pay: APIv3 for direct merchants, and a cashier.
//!
//! It answers what `api.mch.weixin.qq.com` answers at the paths below `/v3/`, checks in the order
//! the real one does, signs what it answers, and notifies by the real table of repeats. Users,
//! faults and time are in hand: see [`Pay`].
//!
//! WeChat: [the rules of APIv3][doc]
//!
//! [doc]: https://pay.weixin.qq.com/doc/v3/merchant/4012081606

mod bills;
mod call;
mod faults;
mod fields;
mod keys;
mod notify;
mod orders;
mod refunds;
#[cfg(test)]
mod tests;
mod time;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use http::{Request, Response};
use hyper::body::Bytes;
use model::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Dropped, Reply, lock};
use faults::PayFaults;
use keys::{MerchantKey, SigningKey};
use notify::Queue;
use orders::Orders;
use refunds::Refunds;

pub use faults::PayFault;
pub use orders::{Does, Paid};

/// Where the interfaces of APIv3 are.
pub(super) const PREFIX: &str = "/v3/";

/// The public key's id (微信支付公钥ID).
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012026010100000000000001";
const OLD_SERIAL: &str = "51A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0";
const NEW_SERIAL: &str = "52B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0";
const MERCHANT_SERIAL: &str = "3CC0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0";
const MERCHANT_KEY: &str = include_str!("pay/keys/merchant.key.pem");

/// A merchant as WeChat Pay knows it.
#[derive(Clone, Debug)]
pub struct PayMerchant {
    mchid: String,
    serial_no: String,
    key: MerchantKey,
    apiv3_key: String,
    appids: Vec<String>,
}

impl PayMerchant {
    /// A merchant with this private key, of which WeChat Pay keeps the public half.
    ///
    /// # Errors
    /// Says what cannot be used, without repeating it.
    pub fn new(
        mchid: &str,
        serial_no: &str,
        private_key: &str,
        apiv3_key: &str,
        appids: &[&str],
    ) -> Result<PayMerchant, String> {
        let key = MerchantKey::of(private_key).ok_or("the private key cannot be read")?;
        if apiv3_key.len() != 32 {
            return Err("the APIv3 key must be 32 bytes".to_owned());
        }
        Ok(PayMerchant {
            mchid: mchid.to_owned(),
            serial_no: serial_no.to_owned(),
            key,
            apiv3_key: apiv3_key.to_owned(),
            appids: appids.iter().map(|&appid| appid.to_owned()).collect(),
        })
    }
}

/// The merchant of the demo.
const DEMO_MCHID: &str = "1900000001";
const DEMO_API_V3_KEY: &str = "demo-api-v3-key-of-32-bytes-here";

/// A running WeChat Pay. Clones are handles to the same one.
#[derive(Clone)]
pub struct Pay(Arc<Inner>);

struct Inner {
    clock: Clock,
    public_key: SigningKey,
    old: SigningKey,
    new: SigningKey,
    state: Mutex<State>,
}

/// What WeChat Pay remembers; what is skipped ends with the process.
#[derive(Default, Serialize, Deserialize)]
struct State {
    #[serde(skip)]
    merchants: Vec<PayMerchant>,
    orders: Orders,
    refunds: Refunds,
    queue: Queue,
    #[serde(skip)]
    faults: PayFaults,
    #[serde(skip)]
    bills: bills::Bills,
    /// How many ids were given.
    ids: u64,
    /// Whether errors are signed as well.
    #[serde(skip)]
    signed_errors: bool,
    /// What users do when the cashier opens.
    does: Does,
    /// How many calls there were, by method and form of the path.
    #[serde(skip)]
    calls: BTreeMap<String, usize>,
}

impl Pay {
    /// A WeChat Pay by this clock that knows the demo's merchant.
    pub fn new(clock: Clock, appids: &[&str]) -> Pay {
        let merchant =
            PayMerchant::new(DEMO_MCHID, MERCHANT_SERIAL, MERCHANT_KEY, DEMO_API_V3_KEY, appids)
                .expect("the demo's keys can be read");
        Pay(Arc::new(Inner {
            clock,
            public_key: SigningKey::new(
                PUBLIC_KEY_ID,
                include_str!("pay/keys/wechatpay.pub.pem"),
                include_str!("pay/keys/wechatpay.key.pem"),
            ),
            old: SigningKey::new(
                OLD_SERIAL,
                include_str!("pay/keys/platform_old.crt.pem"),
                include_str!("pay/keys/platform_old.key.pem"),
            ),
            new: SigningKey::new(
                NEW_SERIAL,
                include_str!("pay/keys/platform_new.crt.pem"),
                include_str!("pay/keys/platform_new.key.pem"),
            ),
            state: Mutex::new(State { merchants: vec![merchant], ..State::default() }),
        }))
    }

    /// What there is to keep.
    pub(super) fn memory(&self) -> Value {
        serde_json::to_value(&*self.state()).expect("a kept state has string keys")
    }

    /// Remembers what another process kept.
    pub(super) fn recall(&self, memory: Value) {
        // What another version wrote differently is as good as nothing.
        let Ok(known) = serde_json::from_value::<State>(memory) else { return };
        let mut state = self.state();
        let merchants = std::mem::take(&mut state.merchants);
        *state = State { merchants, ..known };
    }

    /// What a back end of the demo's merchant sets as `WECHAT_PAY`, in public key mode and with
    /// both certificates, as during a switch.
    pub fn setting(&self) -> Value {
        let state = self.state();
        let appids: Vec<&String> = state.merchants.iter().flat_map(|m| &m.appids).collect();
        json!([{
            "mchid": DEMO_MCHID,
            "serial_no": MERCHANT_SERIAL,
            "apps": appids,
            "private_key": { "value": MERCHANT_KEY },
            "apiv3_keys": [{ "value": DEMO_API_V3_KEY }],
            "verify": self.verify_setting(),
        }])
    }

    /// What any merchant of this WeChat Pay sets as `verify`.
    pub fn verify_setting(&self) -> Value {
        let Inner { public_key, old, .. } = &*self.0;
        json!({
            public_key.serial.clone(): { "value": public_key.pem },
            old.serial.clone(): { "value": old.pem },
        })
    }

    /// Adds a merchant, or replaces the one with the same number.
    pub fn add_merchant(&self, merchant: PayMerchant) {
        let mut state = self.state();
        state.merchants.retain(|known| known.mchid != merchant.mchid);
        state.merchants.push(merchant);
    }

    /// Makes trouble so many times, or until it is cleared.
    pub fn fault(&self, fault: PayFault, times: Option<u32>) {
        self.state().faults.add(fault, times);
    }

    /// Ends all trouble.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Whether errors are signed, as some of WeChat Pay's are.
    pub fn sign_errors(&self, signed: bool) {
        self.state().signed_errors = signed;
    }

    /// The certificate that signs.
    fn certificate(&self, faults: &mut PayFaults) -> &SigningKey {
        if faults.meet(PayFault::RotationSelflock) { &self.0.new } else { &self.0.old }
    }

    /// WeChat Pay's own time, which a fault may have set wrong.
    fn now(&self) -> u64 {
        self.0.clock.now()
    }

    /// How many calls there were whose `METHOD /path` begins so; a number in a path is `*`.
    pub fn calls(&self, prefix: &str) -> usize {
        let state = self.state();
        let begin_so = state.calls.iter().filter(|(call, _)| call.starts_with(prefix));
        begin_so.map(|(_, count)| count).sum()
    }

    /// How often this trouble was met.
    pub fn met(&self, fault: PayFault) -> u32 {
        self.state().faults.count(fault)
    }

    /// Everything that is known, for people and tests: orders, refunds, notifications, the faults
    /// in force, and how often each was met.
    pub fn overview(&self) -> Value {
        self.settle();
        let state = self.state();
        json!({
            "orders": state.orders.shown(),
            "refunds": state.refunds.shown(),
            "notifications": state.queue.shown(),
            "faults": state.faults.standing(),
            "met": state.faults.met(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }

    /// Does what time does: refunds end, orders close by themselves.
    fn settle(&self) {
        let now = self.now();
        let mut state = self.state();
        state.orders.settle(now);
        refunds::settle(&mut state, now);
    }

    /// Answers a request without a network; `None` if the connection would close instead.
    pub fn exchange(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        self.answer(request).ok().map(Reply::into_response)
    }

    /// Answers a request below `/v3/`.
    pub(super) fn answer(&self, request: &Request<Bytes>) -> Result<Reply, Dropped> {
        self.settle();
        call::answer(self, request)
    }
}

impl State {
    /// A number that was not given before.
    fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    fn merchant(&self, mchid: &str) -> Option<&PayMerchant> {
        self.merchants.iter().find(|merchant| merchant.mchid == mchid)
    }
}
