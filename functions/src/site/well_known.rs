//! `GET /site/wellKnown?file=…`
//!
//! WeChat: none. Apple, Android and WeChat's console fetch these files to verify a domain.

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    Access, AccountKind, Body, Caller, Error, File, Http, Operation, Problem, Reply, Result, Uses,
    capability::Settings,
};

use super::SiteFiles;

/// Serves the files that tie a domain to an app: universal links, app links, and the proofs that
/// WeChat's console requires.
///
/// They are configured in `SITE_FILES`. The function also answers them at their own places, on
/// its Function URL or on any domain that routes to it, and without a redirect, because Apple does
/// not follow redirects: `/.well-known/apple-app-site-association`, `/apple-app-site-association`,
/// `/.well-known/assetlinks.json` and `/<name>.txt`.
///
/// 提供将域名与应用关联的文件：iOS 通用链接、Android App Links，以及微信后台要求的域名校验文件。
///
/// 文件在 `SITE_FILES` 中配置。函数也在文件原本的路径上应答，无论经函数 URL 还是任何指向它的域名，
/// 且不做重定向，因为苹果不跟随重定
/// 向：`/.well-known/apple-app-site-association`、`/apple-app-site-association`、`/.well-known/assetlinks.json`
/// 和 `/<name>.txt`。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WellKnown {
    /// The file's name; at the file's own place it is in the path.
    ///
    /// 文件名；在文件原本的路径上访问时取自路径。
    file: String,
}

/// A file with the type its reader requires.
pub struct SiteFile(File);

impl Reply for SiteFile {
    fn into_body(self) -> Result<Body> {
        self.0.into_body()
    }

    fn content(_generator: &mut SchemaGenerator) -> Value {
        json!({
            "application/json": { "schema": { "type": "object" } },
            "text/plain": { "schema": { "type": "string" } },
        })
    }
}

impl Operation for WellKnown {
    const ID: &'static str = "site.wellKnown";
    const HTTP: Http = Http {
        files: &[
            "/.well-known/apple-app-site-association",
            "/apple-app-site-association",
            "/.well-known/assetlinks.json",
            "/*.txt",
        ],
        ..Http::GET
    };
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/oplatform/Mobile_App/Access_Guide/iOS.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/basic_func/domain.html",
    ];
    const PROBLEMS: &'static [Problem] = &[Problem::NotFound];
    const EXAMPLE: &'static str = r#"{"file":"apple-app-site-association"}"#;
    type Uses = Settings<SiteFiles>;
    type Output = SiteFile;

    async fn run(self, files: Uses<'_, Self>, _caller: &Caller) -> Result<SiteFile> {
        let name = self.file.rsplit('/').next().unwrap_or_default();
        let file = files.find(name).ok_or_else(|| {
            let detail = [
                "No such file. The available files are configured in SITE_FILES.",
                "没有该文件。可用的文件在 SITE_FILES 中配置。",
            ];
            Error::new(Problem::NotFound, detail).field("file")
        })?;
        Ok(SiteFile(File {
            content_type: file.content_type.to_owned(),
            name: None,
            num_used: None,
            bytes: file.text.clone().into(),
        }))
    }
}
