//! What callers of other systems also send: other names for an input, and values that the bundle
//! keeps by itself.
//!
//! Code that was written for one of those systems goes on working; the answer's `warnings`, or
//! the log where the answer is bytes, names each input that has no effect here. Any other unknown
//! input is refused.

use crate::{Error, Input, Result, message};

/// An input that is taken though the operation does not have it.
#[derive(Clone, Copy, Debug)]
pub struct Tolerated {
    /// Its name.
    pub name: &'static str,
    /// The operations whose calls have it.
    at: At,
    /// What becomes of it.
    effect: Effect,
}

#[derive(Clone, Copy, Debug)]
enum At {
    /// Every operation.
    Everywhere,
    /// These, by id.
    These(&'static [&'static str]),
}

#[derive(Clone, Copy, Debug)]
enum Effect {
    /// It is another name for this input.
    Renames(&'static str),
    /// The same; a user's session says it already.
    Repeats(&'static str),
    /// It has no effect, because of this, in English and in Chinese.
    Ignored(&'static str, &'static str),
}

/// Every tolerated input, in the words of the systems that send it.
const TOLERATED: &[Tolerated] = &[
    Tolerated { name: "appId", at: At::Everywhere, effect: Effect::Renames("appid") },
    Tolerated { name: "apiKey", at: At::Everywhere, effect: Effect::Renames("appid") },
    Tolerated {
        name: "access_token",
        at: At::These(&[
            "wxacode.getUnlimited",
            "urlscheme.generate",
            "security.msgSecCheck",
            "security.imgSecCheck",
        ]),
        effect: Effect::Ignored(
            "the bundle keeps the access token by itself",
            "access_token 由本服务自行保管",
        ),
    },
    Tolerated {
        name: "appsecret",
        at: At::These(&["auth.getAccessToken", "auth.code2Session"]),
        effect: Effect::Ignored(
            "the bundle keeps the app secret by itself",
            "AppSecret 由本服务自行保管",
        ),
    },
    Tolerated {
        name: "apiSecret",
        at: At::These(&["oauth.getToken"]),
        effect: Effect::Ignored(
            "the bundle keeps the app secret by itself",
            "AppSecret 由本服务自行保管",
        ),
    },
    Tolerated {
        name: "accessToken",
        at: At::These(&["oauth.getUserInfo"]),
        effect: Effect::Ignored(
            "the bundle keeps the user's access token by itself",
            "用户的 access_token 由本服务自行保管",
        ),
    },
    Tolerated {
        name: "openId",
        at: At::These(&["oauth.getUserInfo"]),
        effect: Effect::Repeats("openid"),
    },
];

/// The tolerated inputs of an operation.
pub fn of(id: &str) -> impl Iterator<Item = &'static Tolerated> {
    TOLERATED.iter().filter(move |row| match row.at {
        At::Everywhere => true,
        At::These(ids) => ids.contains(&id),
    })
}

/// Takes the tolerated inputs of an operation out, gives those with another name that name, and
/// returns one line for each that has no effect.
pub(crate) fn resolve(id: &str, input: &mut Input, session: bool) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for row in of(id) {
        match row.effect {
            Effect::Ignored(why, _) => {
                if input.discard(row.name) {
                    lines.push(row.line(why));
                }
            }
            Effect::Renames(name) => drop(row.rename(name, input)?),
            Effect::Repeats(name) => {
                if row.rename(name, input)? && session {
                    lines.push(row.line("the session says who the user is"));
                }
            }
        }
    }
    Ok(lines)
}

impl Tolerated {
    /// What the document says of it, in both languages.
    pub fn about(&self) -> String {
        match self.effect {
            Effect::Renames(name) | Effect::Repeats(name) => {
                format!("Another name for `{name}`.\n\n`{name}` 的别名。")
            }
            Effect::Ignored(why, zh) => {
                format!("Accepted and ignored: {why}.\n\n可以传入，但会被忽略：{zh}。")
            }
        }
    }

    /// Whether the answer warns of it.
    pub fn warns(&self) -> bool {
        !matches!(self.effect, Effect::Renames(_))
    }

    fn line(&self, why: &str) -> String {
        format!("{}: ignored, because {why}; leave it out.", self.name)
    }

    /// Whether it was there. An empty text leaves the input out, as it did in those systems.
    fn rename(&self, name: &'static str, input: &mut Input) -> Result<bool> {
        let Some(text) = input.take(self.name)? else { return Ok(false) };
        let stated = input.take(name)?.filter(|stated| !stated.is_empty());
        if stated.as_ref().is_some_and(|stated| !text.is_empty() && *stated != text) {
            let detail = message!(
                "Contradicts `{name}`; leave one of them out.",
                "与 `{name}` 矛盾，请去掉其中一个。"
            );
            return Err(Error::invalid(self.name, detail));
        }
        let text = stated.unwrap_or(text);
        if !text.is_empty() {
            input.set(name, &text);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(id: &str, body: &str, session: bool) -> (Vec<String>, String) {
        let mut input = Input::json(body.as_bytes()).unwrap();
        match resolve(id, &mut input, session) {
            Ok(lines) => (lines, input.take("appid").unwrap().unwrap_or_default()),
            Err(error) => (Vec::new(), format!("!{}", error.field_name().unwrap())),
        }
    }

    #[test]
    fn other_names_of_the_app_are_its_appid_everywhere() {
        let app = |body| resolved("jssdk.config", body, false);
        assert_eq!(app(r#"{"appId":"wx1"}"#), (vec![], "wx1".to_owned()));
        assert_eq!(app(r#"{"apiKey":"wx1","appid":"wx1"}"#), (vec![], "wx1".to_owned()));
        assert_eq!(app(r#"{"apiKey":""}"#), (vec![], String::new()));
        assert_eq!(app(r#"{"apiKey":"","appid":"wx1"}"#), (vec![], "wx1".to_owned()));
        assert_eq!(app(r#"{"apiKey":"wx1","appid":"wx2"}"#), (vec![], "!apiKey".to_owned()));
        assert_eq!(app(r#"{"apiKey":1}"#), (vec![], "!apiKey".to_owned()));
    }

    #[test]
    fn an_input_without_effect_is_named_once_and_only_where_the_calls_have_it() {
        let body = r#"{"access_token":{"any":"thing"}}"#;
        let (lines, _) = resolved("urlscheme.generate", body, false);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("access_token: ignored"), "{lines:?}");
        assert!(resolved("urllink.generate", body, false).0.is_empty());
        let body = r#"{"accessToken":"","openId":"o1"}"#;
        assert_eq!(resolved("oauth.getUserInfo", body, true).0.len(), 2);
        assert_eq!(resolved("oauth.getUserInfo", body, false).0.len(), 1);
    }

    #[test]
    fn no_input_has_two_rows() {
        for (index, row) in TOLERATED.iter().enumerate() {
            assert!(TOLERATED[..index].iter().all(|earlier| earlier.name != row.name));
        }
    }
}
