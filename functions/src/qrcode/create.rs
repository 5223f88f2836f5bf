//! `POST /qrcode/create`
//!
//! WeChat: `POST /cgi-bin/qrcode/create`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat, value::Int,
};

use super::{
    code::{Code, Upstream},
    scene::{Info, Kind},
};

/// Makes a code that tells the account who came by it; for a time, or for good (100,000 in all).
///
/// 生成公众号带参数二维码，分临时与永久（永久共 10 万个），可得知用户经由哪个码而来。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// How long it lives, of a code that ends; by default 60.
    ///
    /// 临时二维码的有效时间，单位为秒；默认 60。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expire_seconds: Option<Int<1, 2_592_000>>,
    /// What kind of code.
    ///
    /// 二维码类型。
    action_name: Kind,
    /// What it stands for.
    ///
    /// 二维码的含义。
    action_info: Info,
}

impl Operation for Create {
    const ID: &'static str = "qrcode.create";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] =
        &["https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodes/api_createqrcode.html"];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = r#"{"expire_seconds":604800,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"shop-42"}}}"#;
    type Uses = Wechat;
    type Output = Code;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Code> {
        self.action_info.scene.check(self.action_name)?;
        // Of a lost answer nothing is left but a code that was not used.
        let call = wechat.post("/cgi-bin/qrcode/create", &self);
        Ok(call.refusals(Self::REFUSALS).json::<Upstream>().await?.into())
    }
}
