//! `POST /security/msgSecCheck`
//!
//! WeChat: `POST /wxa/msg_sec_check`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Http, Operation, Problem, Refusal, Result, Uses,
    capability::{Wechat, WechatCall, WechatCalls},
    message,
    spelling::{lenient, lenient_list, lenient_number, lenient_text},
    text,
    value::{Chars, Int, Text},
};

use super::RISKY;

const PATH: &str = "/wxa/msg_sec_check";

/// What version 2 takes, in characters.
const CHARACTERS: usize = 2500;

text! {
    /// What version 1 takes; version 2 takes less of it.
    Content: 1..=500 << 10, Chars::BYTES, ["Split it.", "请拆分后发送。"], check |text: &str| {
        if text.trim().is_empty() { Err([
            "There is no content to check.",
            "没有可检测的内容。",
        ]) } else { Ok(()) }
    };
    /// A text beside the content.
    Beside: 0..=CHARACTERS, Chars::ANY;
}

/// Checks a text for content that must not be published.
///
/// Publish on `pass` only. The user must have been in the app within the last two hours. A
/// service that names no `openid` gets WeChat's first version: up to 500 KB, but a frozen list.
///
/// 检测文本是否含有违规内容。
///
/// 仅在结果为 `pass` 时发布。用户须在最近两小时内访问过小程序。服务端未指定 `openid` 时使用微信的
/// 1.0 版本：最大 500 KB，但词库不再更新。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MsgSecCheck {
    /// The text: at most 2500 characters; 500 KB for a service that names no `openid`.
    ///
    /// 待检测的文本：最多 2500 字；服务端未指定 `openid` 时最大 500 KB。
    content: Text<Content>,
    /// WeChat's name of the version that judges for a user; it is used anyway.
    ///
    /// 微信接口的版本号；指定用户时总是使用该版本。
    #[serde(default)]
    version: Option<Int<2, 2>>,
    /// Where it would appear: 1 profile, 2 comment (default), 3 forum, 4 social log.
    ///
    /// 场景：1 资料，2 评论（默认），3 论坛，4 社交日志。
    #[serde(default)]
    scene: Option<Int<1, 4>>,
    /// The title above it.
    ///
    /// 文本标题。
    #[serde(default)]
    title: Option<Text<Beside>>,
    /// The user's nickname.
    ///
    /// 用户昵称。
    #[serde(default)]
    nickname: Option<Text<Beside>>,
    /// The user's motto; for scene 1 only.
    ///
    /// 用户的个性签名；仅用于场景 1。
    #[serde(default)]
    signature: Option<Text<Beside>>,
}

/// WeChat's verdict.
///
/// 微信的检测结论。
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// What to do.
    ///
    /// 处理建议。
    suggest: Suggest,
    /// Why: 100 normal, 10001 ads, 20001 politics, 20002 porn, 20003 abuse, 20006 crime,
    /// 20008 fraud, 20012 vulgar, 20013 copyright, 21000 other; absent where WeChat does not say.
    ///
    /// 命中的标签：100 正常，10001 广告，20001 时政，20002 色情，20003 辱骂，20006 违法犯罪，20008
    /// 欺诈，20012 低俗，20013 版权，21000 其他；微信未提供时无此字段。
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<u32>,
    /// What each of WeChat's strategies found; one counts if its `errcode` is 0.
    ///
    /// 微信各检测策略的结果；`errcode` 为 0 的才有效。
    detail: Vec<Finding>,
    /// WeChat's id of the check.
    ///
    /// 微信的检测 id。
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

/// What to do with the content.
///
/// 对内容的处理建议。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Suggest {
    /// Publish it.
    ///
    /// 可以发布。
    Pass,
    /// Have it reviewed by a person.
    ///
    /// 需人工审核。
    Review,
    /// Do not publish it.
    ///
    /// 不可发布。
    Risky,
}

/// What one strategy found; any of it may be absent.
///
/// 一个检测策略的结果；各字段都可能没有。
#[derive(Deserialize, Serialize, JsonSchema)]
struct Finding {
    /// `content_model`, `keyword` …
    ///
    /// 策略名称：`content_model`、`keyword` 等。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    strategy: Option<String>,
    /// 0 if the strategy worked; absent where WeChat does not say.
    ///
    /// 0 表示策略有效；微信未提供时无此字段。
    #[serde(default, deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    errcode: Option<i64>,
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    suggest: Option<Suggest>,
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    label: Option<u32>,
    /// How sure it is, 0 to 100.
    ///
    /// 置信度，0 到 100。
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    prob: Option<f64>,
    #[serde(default, deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    level: Option<i64>,
    /// The keyword it met.
    ///
    /// 命中的关键词。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    keyword: Option<String>,
}

#[derive(Serialize)]
struct Request<'a> {
    content: &'a str,
    version: u8,
    scene: i64,
    openid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
}

#[derive(Serialize)]
struct FirstRequest<'a> {
    content: &'a str,
}

#[derive(Deserialize)]
struct Upstream {
    result: Verdicts,
    #[serde(default, deserialize_with = "lenient_list")]
    detail: Vec<Finding>,
    #[serde(default, deserialize_with = "lenient_text")]
    trace_id: Option<String>,
}

#[derive(Deserialize)]
struct Verdicts {
    suggest: Suggest,
    #[serde(default, deserialize_with = "lenient")]
    label: Option<u32>,
}

impl Operation for MsgSecCheck {
    const ID: &'static str = "security.msgSecCheck";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    // JSON may spell a byte of the text in six; the longest text then exceeds Lambda's limit.
    const HTTP: Http = Http { body_limit: 1 << 20, ..Http::POST };
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/sec-check/api_msgseccheck.html",
        "https://developers.weixin.qq.com/miniprogram/dev/api-backend/open-api/sec-check/security.msgSecCheck-v1.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40003, Problem::InvalidInput, ["WeChat does not know this openid for this app.", "该应用下没有此 openid。"]).field("openid"),
        Refusal::new(40004, Problem::InvalidInput, ["WeChat cannot read the content.", "微信无法读取该内容。"]).field("content"),
        Refusal::new(40129, Problem::InvalidInput, ["WeChat does not accept the scene.", "微信不接受该 scene。"]).field("scene"),
        Refusal::new(43104, Problem::InvalidInput, ["The openid does not belong to this app.", "该 openid 不属于此应用。"]).field("openid"),
        Refusal::new(44002, Problem::InvalidInput, ["WeChat found no content.", "微信未收到内容。"]).field("content"),
        Refusal::new(45002, Problem::InvalidInput, ["The content is too long.", "内容过长。"]).field("content"),
        Refusal::new(61010, Problem::ReceiverState, ["The user has not been in the app within the last two hours.", "用户最近两小时内未访问小程序。"]),
    ];
    const EXAMPLE: &'static str = r#"{"content":"今天天气真好 😀","scene":2}"#;
    type Uses = Wechat;
    type Output = Checked;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Checked> {
        let call = match caller.user() {
            Some(openid) => self.second_version(wechat, openid)?,
            None => self.first_version(wechat)?,
        };
        let answer = match call.refusals(Self::REFUSALS).send().await {
            Err(error) if error.wechat_errcode() == Some(RISKY) => {
                return Ok(Checked::plain(Suggest::Risky, None));
            }
            answer => answer?.proven()?,
        };
        if caller.user().is_none() {
            return Ok(Checked::plain(Suggest::Pass, Some(100)));
        }
        let Upstream { result: Verdicts { suggest, label }, detail, trace_id } = answer.json()?;
        Ok(Checked { suggest, label, detail, trace_id })
    }
}

impl MsgSecCheck {
    fn second_version<'a>(&self, wechat: WechatCalls<'a>, openid: &str) -> Result<WechatCall<'a>> {
        if self.content.chars().count() > CHARACTERS {
            let detail = message!(
                "Must be at most {CHARACTERS} characters; split it.",
                "最多 {CHARACTERS} 个字符，请拆分后发送。"
            );
            return Err(Error::invalid("content", detail));
        }
        let scene = self.scene.map_or(2, Int::get);
        if self.signature.is_some() && scene != 1 {
            return Err(Error::invalid(
                "signature",
                [
                    "WeChat takes a signature for scene 1 only.",
                    "仅 scene 为 1 时微信接受 signature。",
                ],
            ));
        }
        let request = Request {
            content: &self.content,
            version: 2,
            scene,
            openid,
            title: self.title.as_deref(),
            nickname: self.nickname.as_deref(),
            signature: self.signature.as_deref(),
        };
        Ok(wechat.post(PATH, &request))
    }

    fn first_version<'a>(&self, wechat: WechatCalls<'a>) -> Result<WechatCall<'a>> {
        let other = [
            ("version", self.version.is_some()),
            ("scene", self.scene.is_some()),
            ("title", self.title.is_some()),
            ("nickname", self.nickname.is_some()),
            ("signature", self.signature.is_some()),
        ];
        if let Some((field, _)) = other.into_iter().find(|(_, given)| *given) {
            return Err(Error::invalid(
                field,
                ["Needs the user's openid; name it too.", "需要用户的 openid，请一并发送。"],
            ));
        }
        Ok(wechat.post(PATH, &FirstRequest { content: &self.content }))
    }
}

impl Checked {
    fn plain(suggest: Suggest, label: Option<u32>) -> Checked {
        Checked { suggest, label, detail: Vec::new(), trace_id: None }
    }
}
