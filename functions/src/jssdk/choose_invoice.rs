//! `POST /jssdk/chooseInvoice`
//!
//! WeChat: none; signed with the wx_card ticket the refresher fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Result, Uses,
    capability::{Reads, WxCardTicket},
    crypto::nonce,
};

use super::sign_card;

/// The card type of every invoice, in the signature.
const CARD_TYPE: &str = "INVOICE";

/// Signs `wx.invoke('chooseInvoice', …)`, which lets users choose among their invoices.
///
/// The page's `wx.config` needs `beta: true` and `chooseInvoice` in its `jsApiList`; client/h5
/// does both. A native app passes the same values to `WXChooseInvoiceReq`, `timestamp` as the
/// number `timeStamp`.
///
/// 为 `wx.invoke('chooseInvoice', …)` 签名，供用户从自己的发票中选择。
///
/// 页面的 `wx.config` 须设置 `beta: true`，并在 `jsApiList` 中列出 `chooseInvoice`；client/h5 两者
/// 都已做到。原生 App 将同样的值传给 `WXChooseInvoiceReq`，其中 `timestamp` 作为数字 `timeStamp` 传
/// 入。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseInvoice {}

/// The parameters of `chooseInvoice`.
///
/// 传给 `chooseInvoice` 的参数。
#[derive(Serialize, JsonSchema)]
pub struct InvoiceChoice {
    /// The account.
    ///
    /// 账号的 appid。
    #[serde(rename = "appId")]
    app_id: String,
    /// Seconds since 1970, as a text.
    ///
    /// Unix 时间戳（秒），文本形式。
    timestamp: String,
    /// A random text, new for every signature.
    ///
    /// 随机字符串，每次签名都不同。
    #[serde(rename = "nonceStr")]
    nonce_str: String,
    /// `SHA1`.
    ///
    /// 签名算法，恒为 `SHA1`。
    #[serde(rename = "signType")]
    sign_type: &'static str,
    /// SHA-1 in lower-case hex.
    ///
    /// 签名：SHA-1，小写十六进制。
    #[serde(rename = "cardSign")]
    card_sign: String,
}

impl Operation for ChooseInvoice {
    const ID: &'static str = "jssdk.chooseInvoice";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::OfficialAccount, AccountKind::MobileApp];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/guide/product/weixin_invoice/E_Invoice/Reimbursing_Instruction.html",
    ];
    const EXAMPLE: &'static str = "{}";
    type Uses = Reads<WxCardTicket>;
    type Output = InvoiceChoice;

    async fn run(self, ticket: Uses<'_, Self>, caller: &Caller) -> Result<InvoiceChoice> {
        let ticket = ticket.get().await?;
        let (timestamp, nonce_str) = (caller.now().to_string(), nonce());
        let card_sign =
            sign_card([ticket.value.expose(), caller.appid(), &timestamp, &nonce_str, CARD_TYPE]);
        Ok(InvoiceChoice {
            app_id: caller.appid().to_owned(),
            timestamp,
            nonce_str,
            sign_type: "SHA1",
            card_sign,
        })
    }
}
