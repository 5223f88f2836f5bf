//! `card.decryptCode`
//!
//! WeChat: `POST /card/code/decrypt`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    Access, AccountKind, App, Caller, Error, Operation, Problem, Result, Touch,
    wechat::{Call, Verdict},
};

/// Decrypts a card's code, as `wx.chooseCard` and WeChat's redirects give it.
///
/// A code that came in a redirect's query may be sent as it stood there or decoded once.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecryptCode {
    /// The encrypted code.
    #[schemars(length(min = 1, max = 1024))]
    encrypt_code: String,
}

/// A card's code.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Code {
    /// What `wx.openCard` and the cash desk take.
    code: String,
}

const INVALID: &str =
    "WeChat cannot decrypt this; send the encrypt_code as it came, for the account the card is of.";

#[rustfmt::skip]
const VERDICTS: &[Verdict] = &[
    (40056, Problem::InvalidInput, "WeChat does not know this card's code."),
    (40075, Problem::InvalidInput, INVALID),
    (40116, Problem::InvalidInput, "WeChat does not know this card's code."),
    (40127, Problem::WrongState, "The user deleted the card or is giving it away."),
    (40133, Problem::InvalidInput, INVALID),
];

impl Operation for DecryptCode {
    const ID: &'static str = "card.decryptCode";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str =
        r#"{"encrypt_code":"XXIzTtMqCxwOaawoE91+VJdsFmv7b8g0VZIZkqf4GWA60Fzpc8ksZ/5ZZ0DVkXdE"}"#;
    type Output = Code;

    async fn run(self, app: &App, caller: &Caller) -> Result<Code> {
        let encrypt_code = plain(&self.encrypt_code)?;
        let body = json!({ "encrypt_code": encrypt_code });
        let call = Call::post("/card/code/decrypt", &body)?.verdicts(VERDICTS);
        let answer =
            app.call(caller.appid(), call).await.map_err(|error| match error.problem() {
                Problem::InvalidInput => error.field("encrypt_code"),
                _ => error,
            })?;
        let code: Code = answer.json()?;
        // WeChat is known to return garbled codes now and then.
        if !(1..=64).contains(&code.code.len()) || !code.code.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(Error::new(
                Problem::WechatUnreachable,
                "WeChat returned a garbled code; try again.",
            ));
        }
        Ok(code)
    }
}

/// Undoes what a query's way here may have done to base64.
fn plain(code: &str) -> Result<String> {
    let code = code.replace("%2B", "+").replace("%2b", "+");
    let code = code.replace("%2F", "/").replace("%2f", "/").replace("%3D", "=").replace("%3d", "=");
    // A form's decoder makes a space of a plus.
    let code = code.replace(' ', "+");
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte);
    if (1..=1024).contains(&code.len()) && code.bytes().all(base64) {
        Ok(code)
    } else {
        Err(Error::invalid("encrypt_code", "The encrypt_code is base64 of at most 1024 bytes."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_through_a_query_is_undone() {
        for sent in ["a+b/c==", "a%2Bb%2Fc%3D%3D", "a b/c==", "a%2bb%2fc%3d%3d"] {
            assert_eq!(plain(sent).unwrap(), "a+b/c==", "{sent}");
        }
        assert_eq!(plain(" a ").unwrap(), "+a+");
        for sent in ["", "ä", "a%252Bb", "{}", &"a".repeat(1025)] {
            assert!(plain(sent).is_err(), "{sent}");
        }
    }
}
