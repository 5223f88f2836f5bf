//! `SITE_FILES`: the files that tie a domain to an app, for Apple, Android and WeChat's console.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use shared::settings::Setting;

/// The largest file Apple reads, in bytes.
const APPLE_LIMIT: usize = 128 << 10;

/// The files that `site.wellKnown` serves, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteFiles(BTreeMap<String, SiteFile>);

/// One of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SiteFile {
    /// The media type its reader requires.
    pub(super) content_type: &'static str,
    /// The content.
    pub(super) text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    apple: Option<Apple>,
    #[serde(default)]
    android: Vec<Android>,
    #[serde(default)]
    texts: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Apple {
    app_ids: Vec<String>,
    paths: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Android {
    package_name: String,
    sha256_cert_fingerprints: Vec<String>,
}

impl Setting for SiteFiles {
    const NAME: &'static str = "SITE_FILES";
    const EXAMPLE: &'static str = r#"{"apple":{"app_ids":["ABCDE12345.com.example.app"],"paths":["/app/*"]},"android":[{"package_name":"com.example.app","sha256_cert_fingerprints":["14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5"]}],"texts":{"MP_verify_AbCdEfGh12345678.txt":"AbCdEfGh12345678"}}"#;

    const ABOUT: &'static str = "The files of site.wellKnown as JSON: `apple` (app_ids, paths), `android` (package_name, sha256_cert_fingerprints) and `texts` (by name).";

    fn parse(text: Option<&str>) -> Result<SiteFiles, String> {
        let source: Source = serde_json::from_str(text.unwrap_or("{}"))
            .map_err(|error| format!("cannot be read ({error})"))?;
        let mut files = BTreeMap::new();
        if let Some(apple) = &source.apple {
            let text = apple.association()?.to_string();
            if text.len() > APPLE_LIMIT {
                return Err("makes a file of more than 128 KB for Apple".to_owned());
            }
            let file = SiteFile { content_type: "application/json", text };
            files.insert("apple-app-site-association".to_owned(), file);
        }
        if !source.android.is_empty() {
            let apps = source.android.iter().map(Android::statement);
            let text = Value::Array(apps.collect::<Result<_, _>>()?).to_string();
            let file = SiteFile { content_type: "application/json", text };
            files.insert("assetlinks.json".to_owned(), file);
        }
        for (name, text) in source.texts {
            check_text(&name, &text)?;
            files.insert(name, SiteFile { content_type: "text/plain; charset=utf-8", text });
        }
        Ok(SiteFiles(files))
    }
}

impl SiteFiles {
    /// The file of this name.
    pub(super) fn find(&self, name: &str) -> Option<&SiteFile> {
        self.0.get(name)
    }
}

impl Apple {
    /// Both forms at once: iOS 13 and later read `appIDs` and `components`, older ones `appID`
    /// and `paths`.
    fn association(&self) -> Result<Value, String> {
        for id in &self.app_ids {
            let (team, bundle) = id.split_once('.').unwrap_or_default();
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            let is_team = team.len() == 10 && team.chars().all(|c| c.is_ascii_alphanumeric());
            if !is_team || bundle.is_empty() || !bundle.chars().all(plain) {
                return Err(format!("has the app id {id}, which is not TEAMID.bundle.id"));
            }
        }
        let bare = |path: &str| path.strip_prefix("NOT ").unwrap_or(path).to_owned();
        if let Some(path) = self.paths.iter().find(|path| !bare(path).starts_with('/')) {
            return Err(format!("has the path {path}, which does not begin with a slash"));
        }
        if self.app_ids.is_empty() || !self.paths.iter().any(|path| path.ends_with('*')) {
            // WeChat appends a path and parameters to the universal link.
            return Err("needs an app id, and a path that ends with *".to_owned());
        }
        let components: Vec<Value> = self
            .paths
            .iter()
            .map(|path| match path.strip_prefix("NOT ") {
                Some(path) => json!({ "/": path, "exclude": true }),
                None => json!({ "/": path }),
            })
            .collect();
        let details: Vec<Value> = self
            .app_ids
            .iter()
            .map(|id| {
                json!({
                    "appID": id, "paths": self.paths, "appIDs": [id], "components": components,
                })
            })
            .collect();
        Ok(json!({ "applinks": { "apps": [], "details": details } }))
    }
}

impl Android {
    fn statement(&self) -> Result<Value, String> {
        let name = &self.package_name;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        if !name.contains('.') || !name.chars().all(plain) {
            return Err(format!("has the package {name}, which is not a package name"));
        }
        let is_pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
        let is_print =
            |print: &String| print.split(':').count() == 32 && print.split(':').all(is_pair);
        if self.sha256_cert_fingerprints.is_empty()
            || !self.sha256_cert_fingerprints.iter().all(is_print)
        {
            return Err(format!("needs fingerprints of {name} as 32 hex pairs with colons"));
        }
        let prints = self.sha256_cert_fingerprints.iter().map(|print| print.to_ascii_uppercase());
        Ok(json!({
            "relation": ["delegate_permission/common.handle_all_urls"],
            "target": {
                "namespace": "android_app",
                "package_name": name,
                "sha256_cert_fingerprints": prints.collect::<Vec<_>>(),
            },
        }))
    }
}

fn check_text(name: &str, text: &str) -> Result<(), String> {
    let stem = name.strip_suffix(".txt").unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if stem.is_empty() || !stem.chars().all(plain) {
        return Err(format!("has the file {name}, which is not a plain name that ends with .txt"));
    }
    if let Some(token) = stem.strip_prefix("MP_verify_")
        && text.trim_end() != token
    {
        return Err(format!("has {name} whose content is not {token}, as WeChat expects"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apple_gets_both_forms_and_android_its_statement() {
        let files = SiteFiles::parse(Some(SiteFiles::EXAMPLE)).unwrap();
        let json = |name: &str| -> Value {
            let file = files.find(name).unwrap();
            assert_eq!(file.content_type, "application/json");
            serde_json::from_str(&file.text).unwrap()
        };
        assert_eq!(
            json("apple-app-site-association"),
            json!({ "applinks": { "apps": [], "details": [{
                "appID": "ABCDE12345.com.example.app", "paths": ["/app/*"],
                "appIDs": ["ABCDE12345.com.example.app"], "components": [{ "/": "/app/*" }],
            }] } })
        );
        let links = json("assetlinks.json");
        assert_eq!(links[0]["target"]["package_name"], "com.example.app");
        assert_eq!(links[0]["relation"][0], "delegate_permission/common.handle_all_urls");
        let text = files.find("MP_verify_AbCdEfGh12345678.txt").unwrap();
        assert_eq!(text.text, "AbCdEfGh12345678");
        assert!(files.find("MP_verify_other.txt").is_none());
    }

    #[test]
    fn an_excluded_path_is_excluded_in_both_forms() {
        let setting = r#"{"apple":{"app_ids":["ABCDE12345.a"],"paths":["NOT /app/x","/app/*"]}}"#;
        let files = SiteFiles::parse(Some(setting)).unwrap();
        let text = &files.find("apple-app-site-association").unwrap().text;
        let file: Value = serde_json::from_str(text).unwrap();
        let detail = &file["applinks"]["details"][0];
        assert_eq!(detail["paths"], json!(["NOT /app/x", "/app/*"]));
        assert_eq!(
            detail["components"],
            json!([{ "/": "/app/x", "exclude": true }, { "/": "/app/*" }])
        );
    }

    #[test]
    fn a_file_that_a_reader_would_refuse_is_refused_at_start() {
        for setting in [
            "",
            "[]",
            r#"{"ios":{}}"#,
            r#"{"apple":{"app_ids":["com.example.app"],"paths":["/app/*"]}}"#,
            r#"{"apple":{"app_ids":["ABCDE12345.a"],"paths":["app/*"]}}"#,
            r#"{"apple":{"app_ids":["ABCDE12345.a"],"paths":["/app"]}}"#,
            r#"{"apple":{"app_ids":[],"paths":["/app/*"]}}"#,
            r#"{"android":[{"package_name":"app","sha256_cert_fingerprints":["AA"]}]}"#,
            r#"{"android":[{"package_name":"a.b","sha256_cert_fingerprints":["AA:BB"]}]}"#,
            r#"{"android":[{"package_name":"a.b","sha256_cert_fingerprints":[]}]}"#,
            r#"{"texts":{"../../etc/passwd":"x"}}"#,
            r#"{"texts":{".txt":"x"}}"#,
            r#"{"texts":{"MP_verify_abc.txt":"abd"}}"#,
        ] {
            assert!(SiteFiles::parse(Some(setting)).is_err(), "{setting}");
        }
    }
}
