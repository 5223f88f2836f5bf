//! `POST /phonenumber/getPhoneNumber`
//!
//! WeChat: `POST /wxa/business/getuserphonenumber`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Error, Operation, Problem, Result, Touch,
    wechat::{Call, Verdict},
};

use super::PhoneNumber;

/// Exchanges the code of a `getPhoneNumber` button for the user's phone number.
///
/// This is today's way. The code is not that of `wx.login`, lives five minutes and is good once:
/// after a lost answer let the user tap the button again. WeChat charges for it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPhoneNumber {
    /// `event.detail.code` of `<button open-type="getPhoneNumber">`.
    #[schemars(length(min = 1, max = 256))]
    code: String,
}

#[derive(Serialize)]
struct Request<'a> {
    code: &'a str,
    /// WeChat then refuses a code that another user brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<&'a str>,
}

#[derive(Deserialize)]
struct Upstream {
    phone_info: PhoneNumber,
}

const VERDICTS: &[Verdict] =
    &[(40013, Problem::InvalidCode, "The code was made for another app; get a new one.")];

impl Operation for GetPhoneNumber {
    const ID: &'static str = "phonenumber.getPhoneNumber";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str =
        r#"{"code":"e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144"}"#;
    type Output = PhoneNumber;

    async fn run(self, app: &App, caller: &Caller) -> Result<PhoneNumber> {
        let GetPhoneNumber { code } = self;
        if !(1..=256).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid("code", "Send the code of the button's event as it is."));
        }
        let request = Request { code: &code, openid: caller.user() };
        let call =
            Call::post("/wxa/business/getuserphonenumber", &request)?.once().verdicts(VERDICTS);
        let answer = app.call(caller.appid(), call).await?;
        Ok(answer.json::<Upstream>()?.phone_info)
    }
}
