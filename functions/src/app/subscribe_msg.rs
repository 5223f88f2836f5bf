//! `GET /app/subscribeMsg?scene=…&templateId=…`
//!
//! WeChat: none; the address is one of `mp.weixin.qq.com`, or the app makes the call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Error, Http, Operation, Problem, Result, Uses,
    crypto::nonce,
    percent, text,
    value::{Address, Chars, Fault, Int, TemplateId, Text},
};

text! {
    /// A template as the native SDK takes it.
    NativeTemplate: 1..=1024, Chars::BYTES,
        ["Copy the template's id from the WeChat console.", "请从微信公众平台复制模板 ID。"],
        errcode 40037;
    /// A value that WeChat returns to an app unchanged.
    NativeReserved: 1..=1024, Chars::BYTES,
        ["A Chinese character has three.", "一个汉字占三个字节。"];
    /// A value that WeChat returns to a page unchanged.
    PageReserved: 1..=128, Chars::ALPHANUMERIC;
}

/// Returns where a user confirms one message: a page of an official account, or the parameters of
/// the module's `subscribeMsg` in an app.
///
/// After the confirmation `templateMessage.subscribe` sends the message. Compare `reserved` when
/// the user returns: it proves that the confirmation began here.
///
/// 返回用户确认一次性订阅消息的去处：公众号的页面地址，或 App 中原生模块 `subscribeMsg` 的参数。
///
/// 用户确认后，用 `templateMessage.subscribe` 发送消息。用户返回时请比对 `reserved`，以证明该次确认
/// 由此处发起。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscribeMsg {
    /// What the message is about: a number of your choice.
    ///
    /// 订阅场景值：自定义的数字。
    scene: Int<0, 10_000>,
    /// The template for one-time subscriptions, from WeChat's console.
    ///
    /// 一次性订阅消息的模板 id，可在微信后台查看。
    #[serde(rename = "templateId")]
    template_id: Text<NativeTemplate>,
    /// For a page: where the user returns to, an address of the account's business domain.
    /// Without it the call is for an app.
    ///
    /// 用于网页：用户确认后返回的地址，须在账号的业务域名下。不填则用于 App。
    redirect_url: Option<Address<2048>>,
    /// WeChat returns it unchanged. By default it is random. For a page at most 128 letters and
    /// digits.
    ///
    /// 由微信原样带回。默认随机生成。用于网页时最多 128 个字母和数字。
    reserved: Option<Text<NativeReserved>>,
}

/// Where a user confirms.
///
/// 用户确认的去处。
#[derive(Serialize, JsonSchema)]
pub struct Subscription {
    /// The page to open in WeChat, for an official account.
    ///
    /// 在微信中打开的页面，用于公众号。
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The module's method, for an app.
    ///
    /// 原生模块的方法，用于 App。
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    /// The parameters.
    ///
    /// 参数。
    params: Params,
}

/// The parameters of `subscribeMsg`.
///
/// 模块方法 `subscribeMsg` 的参数。
#[derive(Serialize, JsonSchema)]
struct Params {
    #[serde(rename = "apiKey")]
    api_key: String,
    scene: Int<0, 10_000>,
    #[serde(rename = "templateId")]
    template_id: Text<NativeTemplate>,
    reserved: String,
}

impl Operation for SubscribeMsg {
    const ID: &'static str = "app.subscribeMsg";
    const HTTP: Http = Http::GET;
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::MobileApp, AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/oplatform/Mobile_App/One-time_subscription_info.html",
        "https://developers.weixin.qq.com/doc/service/guide/product/message/One-time_subscription_info.html",
    ];
    const PROBLEMS: &'static [Problem] = &[Problem::UnknownApp];
    const CODES: &'static [(Case, i64)] = &[(Case::Field("templateId"), 1)];
    const EXAMPLE: &'static str = r#"{"scene":1000,"templateId":"TEMPLATE","redirect_url":"https://h5.example.com/subscribed"}"#;
    type Uses = ();
    type Output = Subscription;

    async fn run(self, (): Uses<'_, Self>, caller: &Caller) -> Result<Subscription> {
        let kind = match self.redirect_url {
            Some(_) => AccountKind::OfficialAccount,
            None => AccountKind::MobileApp,
        };
        let api_key = caller.account_of(kind)?.appid;
        if self.redirect_url.is_some() {
            self.check_page()?;
        }
        let reserved = self.reserved.map_or_else(nonce, Text::into_string);
        let url = self.redirect_url.as_deref().map(|redirect_url| {
            format!(
                "https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid={api_key}\
                 &scene={}&template_id={}&redirect_url={}&reserved={reserved}#wechat_redirect",
                self.scene.get(),
                percent::encode(&self.template_id),
                percent::encode(redirect_url),
            )
        });
        let method = url.is_none().then_some("subscribeMsg");
        let params = Params { api_key, scene: self.scene, template_id: self.template_id, reserved };
        Ok(Subscription { url, method, params })
    }
}

impl SubscribeMsg {
    /// A page's address takes less than the native SDK.
    fn check_page(&self) -> Result<()> {
        let invalid = |field| {
            move |Fault { detail, errcode }: Fault| {
                let error = Error::invalid(field, detail);
                errcode.into_iter().fold(error, |error, errcode| error.errcode(errcode, None))
            }
        };
        Text::<TemplateId>::new(self.template_id.as_str()).map_err(invalid("templateId"))?;
        if let Some(reserved) = &self.reserved {
            Text::<PageReserved>::new(reserved.as_str()).map_err(invalid("reserved"))?;
        }
        Ok(())
    }
}
