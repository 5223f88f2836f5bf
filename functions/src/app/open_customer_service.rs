//! `POST /app/openCustomerService`
//!
//! WeChat: none; the app makes the call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Operation, Result, Uses, text,
    value::{Chars, Text},
};

text! {
    /// A company at WeCom.
    CorpId: 4..=64, Chars::ALPHANUMERIC,
        ["Send the company's id, as ww0123456789abcdef.", "请发送企业 ID，如 ww0123456789abcdef。"];
    /// The link of a customer service account.
    Link: 1..=1024, Chars::VISIBLE,
        ["Send the link of the WeCom console unchanged.", "请原样发送企业微信后台的链接。"],
        check check_link;
}

/// Checks the parameters of the module's `openCustomerService`, which opens a chat.
///
/// The app must be bound to the company in the customer service console of WeCom. Until the app
/// is published, WeChat allows 100 chats a day.
///
/// 校验原生模块 `openCustomerService`（打开微信客服）的参数。
///
/// App 须在企业微信的微信客服后台绑定该企业。App 上架前，微信每天只允许 100 次会话。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenCustomerService {
    /// The company's id at WeCom, as `ww0123456789abcdef`.
    ///
    /// 企业微信的企业 ID，形如 `ww0123456789abcdef`。
    #[serde(rename = "corpId")]
    corp_id: Text<CorpId>,
    /// The link of the customer service account, unchanged:
    /// `https://work.weixin.qq.com/kfid/kfc…` or `https://work.weixin.qq.com/kf/kfc…`.
    ///
    /// 客服账号链接，原样填写：`https://work.weixin.qq.com/kfid/kfc…` 或
    /// `https://work.weixin.qq.com/kf/kfc…`。
    url: Text<Link>,
}

/// A call to make.
///
/// 要执行的调用。
#[derive(Serialize, JsonSchema)]
pub struct Chat {
    /// The module's method.
    ///
    /// 原生模块的方法。
    method: &'static str,
    /// Its parameters.
    ///
    /// 方法的参数。
    params: Params,
}

/// The parameters of `openCustomerService`.
///
/// 模块方法 `openCustomerService` 的参数。
#[derive(Serialize, JsonSchema)]
struct Params {
    #[serde(rename = "corpId")]
    corp_id: Text<CorpId>,
    url: Text<Link>,
}

impl Operation for OpenCustomerService {
    const ID: &'static str = "app.openCustomerService";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/oplatform/Mobile_App/APP_launch_wechat_customer_service.html",
    ];
    const CODES: &'static [(Case, i64)] = super::CODES;
    const EXAMPLE: &'static str = r#"{"corpId":"ww0123456789abcdef","url":"https://work.weixin.qq.com/kfid/kfc0123456789abcdef"}"#;
    type Uses = ();
    type Output = Chat;

    async fn run(self, (): Uses<'_, Self>, _caller: &Caller) -> Result<Chat> {
        let params = Params { corp_id: self.corp_id, url: self.url };
        Ok(Chat { method: "openCustomerService", params })
    }
}

fn check_link(url: &str) -> Result<(), [&'static str; 2]> {
    let account = url
        .strip_prefix("https://work.weixin.qq.com/")
        .and_then(|path| path.strip_prefix("kfid/").or_else(|| path.strip_prefix("kf/")));
    let Some(rest) = account else {
        return Err([
            "Send the link of the WeCom console: https://work.weixin.qq.com/kfid/kfc….",
            "请发送企业微信后台的链接：https://work.weixin.qq.com/kfid/kfc…。",
        ]);
    };
    let (id, query) = rest.split_once('?').unwrap_or((rest, ""));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !id.starts_with("kf") || id.len() < 3 || !id.bytes().all(plain) {
        return Err([
            "The link must name a customer service account (kfc…).",
            "链接须包含客服账号（kfc…）。",
        ]);
    }
    let scene = query.split('&').find_map(|pair| pair.strip_prefix("scene_param="));
    let decoded = |text: &str| text.len() - 2 * text.bytes().filter(|byte| *byte == b'%').count();
    match scene {
        Some(_) if !query.split('&').any(|pair| pair.starts_with("enc_scene=")) => Err([
            "scene_param is only for links that were created with a scene.",
            "scene_param 仅用于创建时带有 scene 的链接。",
        ]),
        Some(scene) if scene.len() > 3 * 128 || decoded(scene) > 128 => Err([
            "scene_param must be at most 128 bytes before it is encoded.",
            "scene_param 编码前最多 128 字节。",
        ]),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_of_the_console_pass() {
        let scene = |length| {
            let param = "%E4".repeat(length);
            format!("https://work.weixin.qq.com/kf/kfcA1?enc_scene=x&scene_param={param}")
        };
        for good in [
            "https://work.weixin.qq.com/kfid/kfc0123456789abcdef",
            "https://work.weixin.qq.com/kf/kfcA_b-1?enc_scene=ENC8n",
            &scene(128),
        ] {
            assert!(Text::<Link>::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "http://work.weixin.qq.com/kfid/kfc1",
            "https://work.weixin.qq.com.evil.cn/kfid/kfc1",
            "https://work.weixin.qq.com/kfid/",
            "https://work.weixin.qq.com/kfid/abc",
            "https://work.weixin.qq.com/kfid/kfc1/../x",
            "https://work.weixin.qq.com/other/kfc1",
            "https://work.weixin.qq.com/kf/kfc1?scene_param=a",
            "https://work.weixin.qq.com/kf/kfc1?a=中",
            &scene(129),
            &format!("{}%", scene(128)),
        ] {
            assert!(Text::<Link>::new(bad).is_err(), "{bad}");
        }
    }
}
