//! `POST /app/share`
//!
//! WeChat: none; the app makes the call.

mod kind;
mod picture;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Error, Http, Input, Operation, Result, Uses,
    capability::PublicWeb, message,
};

use self::{
    kind::{Kind, Parts},
    picture::{HD, Picture, THUMB, fill},
};

/// The longest description that every version of WeChat takes, in bytes.
const DESCRIPTION_LIMIT: usize = 1024;

/// Checks what an app shares, and returns the method and parameters for the native module.
///
/// `kind` decides the method and which of the module's fields there are. A picture may also be
/// base64, a data URI or an https address; it is scaled down and returned, to be written to the
/// file that `params` names. A path of the phone (`fs://`, `widget://`) is passed through.
///
/// Since WeChat 6.7.2 the module reports success even if the user cancels the share.
///
/// 校验 App 要分享的内容，并返回原生模块的方法与参数。
///
/// `kind` 决定方法，以及有哪些模块字段。图片也可以是 base64、data URI 或 https 地址；会被压缩后返
/// 回，请写入 `params` 指定的文件。手机上的路径（`fs://`、`widget://`）原样传递。
///
/// 自微信 6.7.2 起，即使用户取消分享，模块也报告成功。
#[derive(Deserialize, JsonSchema)]
pub struct Share(Kind);

/// A call to make.
///
/// 要执行的调用。
#[derive(Serialize, JsonSchema)]
pub struct Call {
    /// The module's method.
    ///
    /// 原生模块的方法。
    method: &'static str,
    /// Its parameters.
    ///
    /// 方法的参数。
    #[schemars(schema_with = "params")]
    params: Kind,
    /// The thumbnail to write to the phone before the call.
    ///
    /// 调用前要写入手机的缩略图。
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb: Option<Picture>,
    /// The large picture to write to the phone before the call.
    ///
    /// 调用前要写入手机的高清大图。
    #[serde(rename = "hdImageData", skip_serializing_if = "Option::is_none")]
    hd_image_data: Option<Picture>,
    /// What may differ from what the app expects.
    ///
    /// 可能与 App 预期不符之处。
    warnings: Vec<String>,
}

fn params(generator: &mut SchemaGenerator) -> Schema {
    Kind::params(generator)
}

impl Operation for Share {
    const ID: &'static str = "app.share";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    /// Lambda takes no more; base64 leaves room for pictures of 4.4 MB.
    const HTTP: Http = Http { body_limit: 6 << 20, ..Http::POST };
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/oplatform/Mobile_App/Share_and_Favorites/Share_and_Favorites.html",
        "https://developers.weixin.qq.com/doc/oplatform/Mobile_App/Share_and_Favorites/iOS.html",
        "https://developers.weixin.qq.com/doc/oplatform/Mobile_App/Share_and_Favorites/Android.html",
    ];
    const CODES: &'static [(Case, i64)] = super::CODES;
    const EXAMPLE: &'static str = r#"{"kind":"webpage","scene":"session","title":"春季新品","description":"今天上架","contentUrl":"https://h5.example.com/spring?from=app","thumb":"widget://res/thumb.jpg"}"#;
    type Uses = PublicWeb;
    type Output = Call;

    /// Chooses the struct by `kind` first, so that errors name the field in it.
    fn read(mut input: Input) -> Result<Share> {
        let name = input.take("kind")?.unwrap_or_default();
        match Kind::read(&name, input) {
            Some(kind) => kind.map(Share),
            None => {
                let detail =
                    message!("Must be one of {}.", "须为以下之一：{}。", Kind::NAMES.join(", "));
                Err(Error::invalid("kind", detail))
            }
        }
    }

    async fn run(self, web: Uses<'_, Self>, caller: &Caller) -> Result<Call> {
        let Share(mut kind) = self;
        let mut warnings = Vec::new();
        kind.check()?;
        let Parts { api_key, description, timeline, .. } = kind.parts();
        if let Some(api_key) = api_key {
            *api_key = Some(caller.appid().to_owned());
        }
        if let Some(description) = description {
            clip(description, &mut warnings);
            if timeline {
                warnings.push("description: the timeline shows only the title.".to_owned());
            }
        }
        warnings.extend(kind.warnings().into_iter().map(str::to_owned));
        // Pictures are fetched after everything else is checked.
        let Parts { thumb, hd_image, .. } = kind.parts();
        let thumb = match thumb {
            Some((field, source)) => fill(web, field, source, THUMB, &mut warnings).await?,
            None => None,
        };
        let hd_image_data = match hd_image {
            Some((field, source)) => fill(web, field, source, HD, &mut warnings).await?,
            None => None,
        };
        Ok(Call { method: kind.method(), params: kind, thumb, hd_image_data, warnings })
    }
}

/// Cuts a description between two characters.
fn clip(description: &mut String, warnings: &mut Vec<String>) {
    let before = description.len();
    description.truncate(description.floor_char_boundary(DESCRIPTION_LIMIT));
    if description.len() < before {
        let after = description.len();
        warnings.push(format!(
            "description: cut from {before} to {after} bytes; WeChat takes at most {DESCRIPTION_LIMIT}."
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_cut_between_characters_and_no_sooner_than_needed() {
        for unit in ["a", "é", "字", "🌸", "a字", "🌸é"] {
            for count in [1, 1024 / unit.len(), 1024 / unit.len() + 1, 600] {
                let whole = unit.repeat(count);
                let (mut text, mut warnings) = (whole.clone(), Vec::new());
                clip(&mut text, &mut warnings);
                assert!(whole.starts_with(&text) && text.len() <= DESCRIPTION_LIMIT);
                assert!(text == whole || DESCRIPTION_LIMIT - text.len() < 4, "{unit} {count}");
                assert_eq!(warnings.is_empty(), text == whole);
            }
        }
    }
}
