//! `POST /phonenumber/getPhoneNumber`
//!
//! WeChat: `POST /wxa/business/getuserphonenumber`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    text,
    value::{Chars, Text},
};

use super::PhoneNumber;

text! {
    /// The code of a `getPhoneNumber` button.
    pub(super) PhoneCode: 1..=256, Chars::VISIBLE,
        ["Send the code of the button's event unchanged.", "请原样发送按钮事件返回的 code。"];
}

/// Exchanges the code of a `getPhoneNumber` button for the user's phone number.
///
/// This is the current way. The code is not that of `wx.login`, expires after five minutes and can
/// be used once: after a lost answer let the user tap the button again. WeChat charges for it.
///
/// 用手机号按钮 `getPhoneNumber` 的 code 换取用户手机号。
///
/// 这是目前推荐的方式。该 code 不同于 `wx.login` 的 code，五分钟后过期且只能使用一次：若应答丢失，
/// 请让用户重新点击按钮。微信对此接口收费。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPhoneNumber {
    /// `event.detail.code` of `<button open-type="getPhoneNumber">`.
    ///
    /// 手机号按钮 `<button open-type="getPhoneNumber">` 返回的 `event.detail.code`。
    code: Text<PhoneCode>,
}

#[derive(Serialize)]
struct Request<'a> {
    code: &'a Text<PhoneCode>,
    /// WeChat then refuses a code that another user brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<&'a str>,
}

#[derive(Deserialize)]
struct Upstream {
    phone_info: PhoneNumber,
}

impl Operation for GetPhoneNumber {
    const ID: &'static str = "phonenumber.getPhoneNumber";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber.html",
    ];
    const REFUSALS: &'static [Refusal] = &[Refusal::new(
        40013,
        Problem::InvalidCode,
        ["The code belongs to another app; get a new one.", "该 code 属于其他应用，请重新获取。"],
    )];
    const PROBLEMS: &'static [Problem] = &[Problem::InvalidCode, Problem::CodeUsed];
    const EXAMPLE: &'static str =
        r#"{"code":"e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144"}"#;
    type Uses = Wechat;
    type Output = PhoneNumber;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<PhoneNumber> {
        let request = Request { code: &self.code, openid: caller.user() };
        let call = wechat.post("/wxa/business/getuserphonenumber", &request).once();
        Ok(call.refusals(Self::REFUSALS).json::<Upstream>().await?.phone_info)
    }
}
