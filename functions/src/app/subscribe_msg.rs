//! `GET /app/subscribeMsg?scene=…&templateId=…`
//!
//! WeChat: none; the address is one of `mp.weixin.qq.com`, or the app makes the call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Error, Method, Operation, Result, Touch, crypto::nonce,
    weburl,
};

/// Says where a user confirms one message: a page of an official account, or the parameters of
/// the module's `subscribeMsg` in an app.
///
/// Once confirmed, `templateMessage.subscribe` sends the message. Compare `reserved` when the user
/// comes back: it shows that the confirmation was begun here.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscribeMsg {
    /// What the message is about: a number of your own, 0 to 10000.
    #[schemars(range(min = 0, max = 10000))]
    scene: u16,
    /// The template for one-time subscriptions, from WeChat's console.
    #[serde(rename = "templateId")]
    #[schemars(length(min = 1, max = 1024))]
    template_id: String,
    /// For a page: where the user comes back to, an address of the account's business domain.
    /// Without it the call is for an app.
    #[schemars(length(max = 2048))]
    redirect_url: Option<String>,
    /// Comes back as it is: letters and digits. By default it is made here.
    #[schemars(length(min = 1, max = 128), regex(pattern = "^[a-zA-Z0-9]+$"))]
    reserved: Option<String>,
}

/// Where a user confirms.
#[derive(Serialize, JsonSchema)]
pub struct Subscription {
    /// The page to open in WeChat, for an official account.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The module's method, for an app.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    /// The parameters.
    params: Params,
}

/// The parameters of `subscribeMsg`.
#[derive(Serialize, JsonSchema)]
struct Params {
    #[serde(rename = "apiKey")]
    api_key: String,
    scene: u16,
    #[serde(rename = "templateId")]
    template_id: String,
    reserved: String,
}

impl Operation for SubscribeMsg {
    const ID: &'static str = "app.subscribeMsg";
    const METHOD: Method = Method::Get;
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::MobileApp, AccountKind::OfficialAccount];
    const TOUCHES: &'static [Touch] = &[];
    const EXAMPLE: &'static str = r#"{"scene":1000,"templateId":"TEMPLATE","redirect_url":"https://h5.example.com/subscribed"}"#;
    type Output = Subscription;

    async fn run(self, app: &App, caller: &Caller) -> Result<Subscription> {
        if self.scene > 10_000 {
            return Err(Error::invalid("scene", "A scene is a number from 0 to 10000."));
        }
        let graphic = |byte: u8| byte.is_ascii_graphic();
        if !(1..=1024).contains(&self.template_id.len()) || !self.template_id.bytes().all(graphic) {
            return Err(Error::invalid("templateId", "This is no template id."));
        }
        let reserved = self.reserved.unwrap_or_else(nonce);
        let plain = reserved.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !(1..=128).contains(&reserved.len()) || !plain {
            let detail = "WeChat takes 1 to 128 letters and digits of ASCII.";
            return Err(Error::invalid("reserved", detail));
        }
        let kind = match self.redirect_url {
            Some(_) => AccountKind::OfficialAccount,
            None => AccountKind::MobileApp,
        };
        let api_key = caller.account_of(app, kind)?.appid;
        let url = match &self.redirect_url {
            Some(redirect_url) => {
                weburl::check("redirect_url", redirect_url, 2048)?;
                Some(format!(
                    "https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid={api_key}\
                     &scene={}&template_id={}&redirect_url={}&reserved={reserved}#wechat_redirect",
                    self.scene,
                    weburl::escape(&self.template_id),
                    weburl::escape(redirect_url),
                ))
            }
            None => None,
        };
        let method = url.is_none().then_some("subscribeMsg");
        let params = Params { api_key, scene: self.scene, template_id: self.template_id, reserved };
        Ok(Subscription { url, method, params })
    }
}
