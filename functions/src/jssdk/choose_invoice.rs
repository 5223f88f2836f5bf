//! `POST /jssdk/chooseInvoice`
//!
//! WeChat: none; signed with the wx_card ticket the refresher fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Result, Uses,
    capability::{Reads, WxCardTicket},
};

use super::signature::Signature;

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
    /// What WeChat verifies.
    #[serde(flatten)]
    signature: Signature,
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
        let signature = Signature::new(&ticket.value, caller, [CARD_TYPE]);
        Ok(InvoiceChoice { app_id: caller.appid().to_owned(), signature })
    }
}
