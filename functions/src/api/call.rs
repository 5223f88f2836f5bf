//! `POST /api/call`
//!
//! WeChat: whatever the inventory has and `API_CALL_ALLOW` enables

use std::time::Duration;

use model::surface::{self, Method, Repeat, Row};
use schemars::JsonSchema;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, value::RawValue};
use shared::{
    Access, Account, AccountKind, Caller, Http, Input, Operation, Problem, Result, Uses,
    capability::{Settings, Wechat},
};

use super::{
    allow::Allow,
    answer::{self, Answer},
    path,
    request::{self, File, Parts},
};

/// How long an upload may take.
const UPLOAD: Duration = Duration::from_secs(20);

/// Calls any enabled path of WeChat's API with the account's access token.
///
/// Nothing is enabled by default: `API_CALL_ALLOW` lists areas, prefixes and paths. Where another
/// operation makes the call, use that. An answer that holds a secret is withheld. What WeChat
/// fetches from a URL in the body, WeChat then knows. Invoke it synchronously: an asynchronous
/// invocation is repeated by Lambda, and most calls must not be.
///
/// 用账号的 access_token 调用微信的任意已启用接口。
///
/// 默认一个也不启用：`API_CALL_ALLOW` 列出可调用的分类、前缀和路径。已有专门接口的，请用专门接口。
/// 应答中若含密钥则不予返回。请求正文里供微信抓取的 URL，微信会因此得知。请同步调用：异步调用会被
/// Lambda 重试，而多数接口不可重复调用。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallApi {
    /// The path as WeChat's documentation has it, byte for byte, without host and query.
    ///
    /// 微信文档中的接口路径，逐字相同，不含域名与查询参数。
    #[schemars(length(min = 2, max = 128))]
    path: String,
    /// `GET` or `POST`; needed only where a path has both.
    ///
    /// `GET` 或 `POST`；仅当同一路径两者皆有时必填。
    #[serde(default)]
    method: Option<HttpMethod>,
    /// Names of the path's query, and texts, numbers or booleans; the token is added.
    ///
    /// 查询参数的名称与值，值可为文本、数字或布尔值；access_token 会自动加上。
    #[serde(default)]
    #[schemars(with = "Option<Map<String, Value>>")]
    query: Option<Box<RawValue>>,
    /// The JSON body as WeChat wants it, at most 256 KB; numbers keep all of their digits.
    ///
    /// 微信要求的 JSON 请求正文，最大 256 KB；数字保留所有位数。
    #[serde(default)]
    #[schemars(with = "Option<Map<String, Value>>")]
    body: Option<Box<RawValue>>,
    /// A file, for paths that take one.
    ///
    /// 文件，用于需要上传文件的接口。
    #[serde(default)]
    file: Option<File>,
    /// `false`: never sent twice, even if the path only reads.
    ///
    /// `false`：绝不重复发送，即使接口只是读取。
    #[serde(default)]
    idempotent: Option<bool>,
    /// Read before this.
    #[serde(default, rename = "appid", alias = "appId", alias = "apiKey")]
    #[schemars(skip)]
    _appid: Option<IgnoredAny>,
}

/// An HTTP method.
///
/// HTTP 方法。
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum HttpMethod {
    Get,
    Post,
}

impl Operation for CallApi {
    const ID: &'static str = "api.call";
    const HTTP: Http = Http { body_limit: 14 << 20, text: true, ..Http::POST };
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::MiniProgram, AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] = &["https://developers.weixin.qq.com/doc/service/api/"];
    const PROBLEMS: &'static [Problem] =
        &[Problem::InvalidCode, Problem::ReceiverState, Problem::StaleSessionKey];
    const EXAMPLE: &'static str = r#"{"path":"/cgi-bin/get_api_domain_ip"}"#;
    type Uses = (Wechat, Settings<Allow>);
    type Output = Answer;

    fn read(input: Input) -> Result<CallApi> {
        input.read_text()
    }

    async fn run(self, (wechat, allow): Uses<'_, Self>, caller: &Caller) -> Result<Answer> {
        let method = self.method.map(|method| match method {
            HttpMethod::Get => Method::Get,
            HttpMethod::Post => Method::Post,
        });
        let row = path::find(&self.path, method)?;
        allow.check(row)?;
        let Account { appid, .. } = &account(row, caller)?;
        let (query, body) = (self.query.as_deref(), self.body.as_deref());
        let request = request::build(row, Parts { query, body, file: self.file })?;

        let mut call = request.call(wechat.of(appid), row);
        if row.repeat == Repeat::Once || self.idempotent == Some(false) {
            call = call.once();
        }
        if row.answer == surface::Answer::Bytes {
            call = call.binary();
        }
        if request.is_upload() {
            call = call.within(UPLOAD);
        }
        let answer = call.send().await?;
        answer::read(row, allow, answer.content_type.as_deref(), &answer.body)
    }
}

/// The account of the call, or the first whose kind the row is for.
fn account(row: &Row, caller: &Caller) -> Result<Account> {
    if row.accounts.include(caller.account.kind) {
        return Ok(caller.account.clone());
    }
    let kind = match row.accounts.include(AccountKind::MiniProgram) {
        true => AccountKind::MiniProgram,
        false => AccountKind::OfficialAccount,
    };
    caller.account_of(kind)
}
