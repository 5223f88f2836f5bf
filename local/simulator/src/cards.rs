//! Cards in the user's wallet: `card/code/decrypt`.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{AccountKind, Simulator};

/// A card every account has made.
pub(super) const CARD_ID: &str = "pjZ8Yt1XGILfi-FUsewpnnolGgZk";

/// The encrypted code of such a card, in WeChat's document; it always decrypts.
const KNOWN: &str = "XXIzTtMqCxwOaawoE91+VJdsFmv7b8g0VZIZkqf4GWA60Fzpc8ksZ/5ZZ0DVkXdE";

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/card/code/decrypt", decrypt).only(&[AccountKind::OfficialAccount])]
}

/// What became of a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardState {
    /// It is in the user's wallet.
    #[default]
    Held,
    /// The user deleted it, or is giving it away.
    Gone,
}

/// By the encrypted code.
#[derive(Default, Serialize, Deserialize)]
struct Cards(HashMap<String, Card>);

#[derive(Serialize, Deserialize)]
struct Card {
    appid: String,
    code: String,
    state: CardState,
}

impl Simulator {
    /// Puts a card with this code into a user's wallet and returns its encrypted code.
    pub fn issue_card(&self, appid: &str, code: &str) -> String {
        let encrypt_code = BASE64_STANDARD.encode(self.random::<48>());
        let card = Card { appid: appid.into(), code: code.into(), state: CardState::Held };
        self.kept(|cards: &mut Cards| cards.0.insert(encrypt_code.clone(), card));
        encrypt_code
    }

    /// Changes the state of a card; `false` if there is no such card.
    pub fn change_card(&self, encrypt_code: &str, state: CardState) -> bool {
        self.kept(|cards: &mut Cards| match cards.0.get_mut(encrypt_code) {
            Some(card) => {
                card.state = state;
                true
            }
            None => false,
        })
    }

    /// Whether a code belongs to one of an account's cards.
    pub(super) fn is_card_code(&self, appid: &str, code: &str) -> bool {
        self.kept(|cards: &mut Cards| {
            cards.0.values().any(|card| card.appid == appid && card.code == code)
        })
    }
}

#[derive(Deserialize)]
struct Decrypt {
    encrypt_code: Option<String>,
}

/// `POST /card/code/decrypt`
fn decrypt(call: &Call) -> Answer {
    let account = call.account()?;
    if !account.cards {
        return Err(refuse(48001, "api unauthorized"));
    }
    let Decrypt { encrypt_code } = call.json()?;
    let encrypt_code = encrypt_code.unwrap_or_default();
    if encrypt_code == KNOWN {
        return Ok(Reply::ok(json!({ "code": "751234212312" })));
    }
    let code = open(call, &account.appid, &encrypt_code)?;
    Ok(Reply::ok(json!({ "code": code })))
}

fn open(call: &Call, appid: &str, encrypt_code: &str) -> Result<String, Refusal> {
    let Some(bytes) = BASE64_STANDARD.decode(encrypt_code).ok().filter(|b| !b.is_empty()) else {
        return Err(refuse(40075, "invalid encrypt code"));
    };
    if bytes.len() % 16 != 0 {
        return Err(refuse(40133, "invalid encrypted data"));
    }
    call.simulator.kept(|cards: &mut Cards| match cards.0.get(encrypt_code) {
        None => Err(refuse(40056, "invalid serial code")),
        Some(card) if card.appid != appid => Err(refuse(40116, "invalid code")),
        Some(card) if card.state == CardState::Gone => {
            Err(refuse(40127, "invalid card status, the card was deleted or is being given"))
        }
        Some(card) => Ok(card.code.clone()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::fixture::{MINI, OFFICIAL, errcode, simulator};

    impl Simulator {
        fn decrypt(&self, appid: &str, encrypt_code: &str) -> Value {
            let body = json!({ "encrypt_code": encrypt_code }).to_string();
            let uri = format!("/card/code/decrypt?access_token={}", self.token(appid));
            self.post(&uri, &body)
        }
    }

    #[test]
    fn a_cards_code_is_decrypted() {
        let (_, simulator) = simulator();
        let encrypt_code = simulator.issue_card(OFFICIAL, "1234");

        let answer = simulator.decrypt(OFFICIAL, &encrypt_code);

        assert_eq!((errcode(&answer), &answer["code"]), (0, &json!("1234")));
        assert_eq!(simulator.decrypt(OFFICIAL, KNOWN)["code"], "751234212312");
        assert!(simulator.is_card_code(OFFICIAL, "1234") && !simulator.is_card_code(MINI, "1234"));
    }

    #[test]
    fn everything_that_is_wrong_has_its_code() {
        let (_, simulator) = simulator();
        let foreign = simulator.issue_card(MINI, "1");
        let gone = simulator.issue_card(OFFICIAL, "2");
        assert!(simulator.change_card(&gone, CardState::Gone));
        assert!(!simulator.change_card("never issued", CardState::Gone));
        let code = |encrypt_code: &str| errcode(&simulator.decrypt(OFFICIAL, encrypt_code));

        assert_eq!(code(""), 40075);
        assert_eq!(code("no base64!"), 40075);
        assert_eq!(code("AAAA"), 40133);
        assert_eq!(code(&BASE64_STANDARD.encode([0; 48])), 40056);
        assert_eq!(code(&foreign), 40116);
        assert_eq!(code(&gone), 40127);
        assert_eq!(errcode(&simulator.decrypt(MINI, &foreign)), 48001);
        simulator.change_account(OFFICIAL, |account| account.cards = false);
        assert_eq!(code(KNOWN), 48001);
    }
}
