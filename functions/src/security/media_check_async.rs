//! `POST /security/mediaCheckAsync`
//!
//! WeChat: `POST /wxa/media_check_async`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Operation, Problem, Refusal, Result, Uses,
    capability::{StartMediaChecks, Wechat},
    value::{Address, Int},
};

/// Has a picture or recording checked for content that must not be published.
///
/// WeChat downloads it, at most 10 MB, and answers within 30 minutes: ask
/// `security.getMediaCheck`, or consume the event `event.wxa_media_check`. The user must have been in
/// the app within the last two hours. Message push must be configured.
///
/// 异步检测图片或音频是否含有违规内容。
///
/// 微信自行下载文件，最大 10 MB，30 分钟内给出结果：请查询 `security.getMediaCheck`，或消费
/// `event.wxa_media_check` 事件。用户须在最近两小时内访问过小程序。须已配置消息推送。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaCheckAsync {
    /// Where WeChat downloads it, without a login.
    ///
    /// 供微信下载的网址，须无需登录即可访问。
    media_url: Address<2048>,
    /// 1 a recording, 2 a picture.
    ///
    /// 1 音频，2 图片。
    media_type: Int<1, 2>,
    /// Where it would appear: 1 profile, 2 comment, 3 forum, 4 social log.
    ///
    /// 场景：1 资料，2 评论，3 论坛，4 社交日志。
    scene: Int<1, 4>,
}

/// A check that has begun.
///
/// 已提交的检测。
#[derive(Serialize, JsonSchema)]
pub struct Started {
    /// WeChat's id of the check, for `security.getMediaCheck`.
    ///
    /// 微信的检测 id，用于 `security.getMediaCheck`。
    trace_id: String,
}

#[derive(Serialize)]
struct Request<'a> {
    media_url: &'a Address<2048>,
    media_type: Int<1, 2>,
    version: u8,
    scene: Int<1, 4>,
    openid: &'a str,
}

#[derive(Deserialize)]
struct Upstream {
    trace_id: String,
}

impl Operation for MediaCheckAsync {
    const ID: &'static str = "security.mediaCheckAsync";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/sec-check/api_mediacheckasync.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40003, Problem::InvalidInput, ["WeChat does not know this openid for this app.", "该应用下没有此 openid。"]).field("openid"),
        Refusal::new(40004, Problem::InvalidInput, ["WeChat does not accept the type of the file.", "微信不接受该文件类型。"]).field("media_type"),
        Refusal::new(40129, Problem::InvalidInput, ["WeChat does not accept the scene.", "微信不接受该 scene。"]).field("scene"),
        Refusal::new(43104, Problem::InvalidInput, ["The openid does not belong to this app.", "该 openid 不属于此应用。"]).field("openid"),
        Refusal::new(61010, Problem::ReceiverState, ["The user has not been in the app within the last two hours.", "用户最近两小时内未访问小程序。"]),
        Refusal::new(87020, Problem::QuotaExceeded, ["WeChat was asked for the same check too often; wait for Retry-After.", "对同一内容的检测过于频繁，请在 Retry-After 之后重试。"]),
    ];
    const EXAMPLE: &'static str =
        r#"{"media_url":"https://example.com/picture.jpg","media_type":2,"scene":1}"#;
    type Uses = (Wechat, StartMediaChecks);
    type Output = Started;

    async fn run(self, (wechat, checks): Uses<'_, Self>, caller: &Caller) -> Result<Started> {
        if !self.media_url.starts_with("https://") {
            return Err(Error::invalid(
                "media_url",
                ["The address must begin with https://.", "地址须以 https:// 开头。"],
            ));
        }
        let request = Request {
            media_url: &self.media_url,
            media_type: self.media_type,
            version: 2,
            scene: self.scene,
            openid: caller.openid()?,
        };
        let call = wechat.post("/wxa/media_check_async", &request).once();
        let answer = call.refusals(Self::REFUSALS).send().await?.proven()?;
        let Upstream { trace_id } = answer.json()?;
        checks.start(&trace_id).await?;
        Ok(Started { trace_id })
    }
}
