//! `GET /site/wellKnown?file=…`
//!
//! WeChat: none. Apple, Android and WeChat's console fetch these files from a domain to see whose
//! it is.

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    Access, AccountKind, App, Body, Caller, Error, File, Method, Operation, Problem, Reply, Result,
    Touch,
};

/// Serves the files that tie a domain to an app: universal links, app links, and the proofs
/// WeChat's console asks for.
///
/// They are configured in `SITE_FILES`. The function answers them at their own places as well, on
/// its Function URL or on any domain that routes to it, and without a redirect, which Apple does
/// not follow: `/.well-known/apple-app-site-association`, `/apple-app-site-association`,
/// `/.well-known/assetlinks.json` and `/<name>.txt`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WellKnown {
    /// Which file, by its name; the path of the request says it where the file is asked for at
    /// its own place.
    file: String,
}

/// A file with the type its reader insists on.
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
    const METHOD: Method = Method::Get;
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const TOUCHES: &'static [Touch] = &[];
    const FILES: &'static [&'static str] = &[
        "/.well-known/apple-app-site-association",
        "/apple-app-site-association",
        "/.well-known/assetlinks.json",
        "/*.txt",
    ];
    const EXAMPLE: &'static str = r#"{"file":"apple-app-site-association"}"#;
    type Output = SiteFile;

    async fn run(self, app: &App, _caller: &Caller) -> Result<SiteFile> {
        let name = self.file.rsplit('/').next().unwrap_or_default();
        let file = app.config.site_files.find(name).ok_or_else(|| {
            Error::new(Problem::NotFound, "There is no such file; SITE_FILES has those there are.")
                .field("file")
        })?;
        Ok(SiteFile(File {
            content_type: file.content_type.to_owned(),
            name: None,
            bytes: file.text.clone().into(),
        }))
    }
}
