//! `POST /pay/notify`
//!
//! WeChat Pay posts payments and refunds here; the signature is the authentication.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    Access, AccountKind, Budget, Caller, Error, Http, Input, Log, Method, NoContent, Operation,
    Problem, RawRequest, Result, Uses,
};

use super::{payments::Rejected, uses::Orders};

/// Takes WeChat Pay's notifications. Enter its address as `PAY_NOTIFY_URL`; nobody else calls it.
///
/// Answers 204 when everything is kept, 401 to what cannot be verified, and 500 to what is WeChat
/// Pay's and does not fit: WeChat Pay sends that again for a day.
///
/// 接收微信支付的通知。请将其地址设为 `PAY_NOTIFY_URL`；除微信支付外无人调用。全部处理完成时应答 204，
/// 无法验签时应答 401，内容不符时应答 500，微信支付会在一天内重发。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The request as it came: its bytes are verified.
    #[serde(skip)]
    #[schemars(skip)]
    request: RawRequest,
}

impl Operation for Notify {
    const ID: &'static str = "pay.notify";
    const HTTP: Http = Http { method: Method::Post, body_limit: 2 << 20, ..Http::RAW };
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &[
        "https://pay.weixin.qq.com/doc/v3/merchant/4012791861",
        "https://pay.weixin.qq.com/doc/v3/merchant/4013070388",
    ];
    const BUDGET: Budget = Budget::NONE;
    const PROBLEMS: &'static [Problem] = &[Problem::Unauthenticated];
    /// What WeChat Pay sends after a call of `/v3/security/echo`, at noon on 20 November 2026.
    const EXAMPLE: &'static str = include_str!("notify.json").trim_ascii();
    type Uses = Orders;
    type Output = NoContent;

    fn read(input: Input) -> Result<Notify> {
        input.request().map(|request| Notify { request })
    }

    async fn run(self, orders: Uses<'_, Self>, _caller: &Caller) -> Result<NoContent> {
        let desk = orders.desk().await?;
        let header = |name: &str| self.request.header(name);
        match desk.payments().notify(header, &self.request.body).await {
            Ok(()) => Ok(NoContent),
            Err(Rejected::Unverified(_)) => {
                refused("unverified");
                let detail = [
                    "The notification is not signed by WeChat Pay, or too old.",
                    "该通知未经微信支付签名，或已过期。",
                ];
                Err(Error::new(Problem::Unauthenticated, detail))
            }
            Err(Rejected::Failed(error)) if error.problem().status() == 503 => Err(error),
            // Whatever it is: WeChat Pay must come again, and a person must look.
            Err(Rejected::Failed(error)) => {
                refused("inconsistent");
                let why = error.cause().unwrap_or_else(|| error.detail().to_owned());
                Err(Error::internal(why))
            }
        }
    }
}

/// Counts a notification that was not taken.
fn refused(class: &str) {
    tracing::info!(
        target: Log::TARGET,
        parent: None,
        class,
        NotificationRefused = 1_u64,
        "metrics"
    );
}
