//! The merchants of WeChat Pay on one machine: the simulator's demo merchant, or others.

use std::collections::HashMap;

use functions::pay::setting::{self, NotifyUrl, PayHosts, WechatPay};
use serde_json::{Value, json};
use shared::capability::Setting as _;
use simulator::{PayMerchant, Simulator};
use tokio::net::TcpListener;

use crate::{
    Options,
    stack::{StartError, Wechat},
};

/// What the functions are told of payments.
pub(crate) struct Merchants {
    /// As `WECHAT_PAY` has them.
    list: Vec<Value>,
    hosts: String,
    notify_url: String,
}

impl Merchants {
    /// Those of the options, or the simulator's; none if another WeChat Pay has none, or cannot
    /// notify this machine.
    pub(crate) fn of(
        options: &Options,
        wechat: &Wechat,
        front: &TcpListener,
    ) -> Result<Merchants, StartError> {
        let variable = |name| options.variables.get(name).map(str::to_owned);
        let given = options.pay.clone().or_else(|| variable(WechatPay::NAME));
        let hosts = options.wechat_pay_api.clone().or_else(|| variable(PayHosts::NAME));
        let notify_url = options.pay_notify_url.clone().or_else(|| variable(NotifyUrl::NAME));
        let none = || Merchants {
            list: Vec::new(),
            hosts: PayHosts::EXAMPLE.to_owned(),
            notify_url: NotifyUrl::EXAMPLE.to_owned(),
        };
        let Some(notify_url) = notify_url.or_else(|| here(front)) else { return Ok(none()) };
        let mut list = match &given {
            None => Vec::new(),
            Some(text) => {
                setting::parse(text).map_err(|why| StartError(format!("--pay {why}")))?;
                serde_json::from_str(text).unwrap_or_default()
            }
        };
        let hosts = match (hosts, &wechat.simulator) {
            (Some(hosts), _) => hosts,
            (None, None) => PayHosts::EXAMPLE.to_owned(),
            (None, Some(simulator)) => {
                if given.is_none() {
                    list = simulator.pay().setting().as_array().cloned().unwrap_or_default();
                }
                for merchant in list.iter_mut().filter(|_| given.is_some()) {
                    introduce(merchant, simulator)?;
                }
                wechat.url.clone()
            }
        };
        if list.is_empty() {
            return Ok(none());
        }
        Ok(Merchants { list, hosts, notify_url })
    }

    /// Moves the keys into the SSM stand-in, where a deployment has them.
    pub(crate) fn move_into(
        &mut self,
        parameters: &mut HashMap<String, String>,
    ) -> Result<(), StartError> {
        for merchant in &mut self.list {
            let mchid = merchant["mchid"].as_str().unwrap_or_default().to_owned();
            let mut put = |source: &mut Value, what: &str| match source["value"].as_str() {
                Some(value) => {
                    let name = format!("/wechat/local/pay-{mchid}-{what}");
                    parameters.insert(name.clone(), value.to_owned());
                    *source = json!({ "ssm": name });
                    Ok(())
                }
                None => Err(StartError(format!(
                    "A key of merchant {mchid} is in SSM: set AWS_ENDPOINT_URL_SSM, or give it as {{\"value\":\"…\"}}"
                ))),
            };
            put(&mut merchant["private_key"], "private-key")?;
            for (index, key) in
                merchant["apiv3_keys"].as_array_mut().into_iter().flatten().enumerate()
            {
                put(key, &format!("apiv3-key-{index}"))?;
            }
            for (name, key) in merchant["verify"].as_object_mut().into_iter().flatten() {
                put(key, name)?;
            }
        }
        Ok(())
    }

    /// The functions' settings.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        if self.list.is_empty() {
            return Vec::new();
        }
        [
            (WechatPay::NAME, json!(self.list).to_string()),
            (PayHosts::NAME, self.hosts.clone()),
            (NotifyUrl::NAME, self.notify_url.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// The address of `pay.notify` on the loopback, where it may be without TLS.
fn here(front: &TcpListener) -> Option<String> {
    let address = front.local_addr().ok()?;
    let reachable = address.ip().is_loopback() || address.ip().is_unspecified();
    reachable.then(|| match address.ip() {
        ip if ip.is_loopback() => format!("http://{address}/pay/notify"),
        _ => format!("http://127.0.0.1:{}/pay/notify", address.port()),
    })
}

/// Makes the simulator know a merchant, and the merchant the simulator's keys.
fn introduce(merchant: &mut Value, simulator: &Simulator) -> Result<(), StartError> {
    let text = |pointer: &str| {
        merchant.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let apps = merchant["apps"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let apps: Vec<&str> = apps.collect();
    let known = PayMerchant::new(
        &text("/mchid"),
        &text("/serial_no"),
        &text("/private_key/value"),
        text("/apiv3_keys/0/value").trim(),
        &apps,
    );
    let known = known.map_err(|why| StartError(format!("--pay {}: {why}", text("/mchid"))))?;
    simulator.pay().add_merchant(known);
    // A merchant of certificates alone fetches them, as from the real one.
    if merchant["certificates"] != true {
        merchant["verify"] = simulator.pay().verify_setting();
    }
    Ok(())
}
