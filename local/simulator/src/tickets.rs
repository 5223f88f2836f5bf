//! Tickets to sign pages and cards with: `cgi-bin/ticket/getticket`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Answer, Call, Reply, Route, refuse};
use super::tokens::Life;
use super::{AccountKind, Simulator, base64url, kept};

const LIFE_S: u64 = 7_200;

pub(super) fn routes() -> Vec<Route> {
    const KINDS: &[AccountKind] =
        &[AccountKind::OfficialAccount, AccountKind::MobileApp, AccountKind::Website];
    vec![Route::get("/cgi-bin/ticket/getticket", getticket).daily(10_000).only(KINDS)]
}

impl Simulator {
    /// The ticket of a type (`jsapi`, `wx_card`) an app would be using now.
    pub fn ticket(&self, appid: &str, kind: &str) -> Option<String> {
        let now = self.clock().now_ms();
        self.kept(|tickets: &mut Tickets| Some(tickets.current(appid, kind, now)?.0))
    }

    pub(super) fn ticket_life(&self, ticket: &str) -> Option<Life> {
        self.kept(|tickets: &mut Tickets| tickets.issued.get(ticket).copied())
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Tickets {
    /// Every ticket ever issued.
    issued: HashMap<String, Life>,
    /// By appid and type; a ticket does not depend on the token it was fetched with.
    #[serde(with = "kept::pairs")]
    current: HashMap<(String, String), String>,
}

impl Tickets {
    /// The live ticket of an app, and when it expires.
    fn current(&self, appid: &str, kind: &str, now: u64) -> Option<(String, u64)> {
        let value = self.current.get(&(appid.to_owned(), kind.to_owned()))?;
        let life = self.issued.get(value)?;
        (now < life.dies_at_ms).then(|| (value.clone(), life.dies_at_ms))
    }
}

/// `GET /cgi-bin/ticket/getticket`: the same ticket until it expires.
fn getticket(call: &Call) -> Answer {
    let account = call.account()?;
    let kind = match call.query("type") {
        Some(kind @ ("jsapi" | "wx_card")) => kind,
        _ => return Err(refuse(40097, "invalid args")),
    };
    if kind == "wx_card" && !account.cards {
        return Err(refuse(48001, "api unauthorized"));
    }

    let (now, fresh) = (call.now_ms(), base64url(call.simulator.random::<64>()));
    let (value, expires_at) = call.simulator.kept(|tickets: &mut Tickets| {
        tickets.current(&account.appid, kind, now).unwrap_or_else(|| {
            let life = Life { issued_at_ms: now, dies_at_ms: now + LIFE_S * 1_000 };
            tickets.issued.insert(fresh.clone(), life);
            tickets.current.insert((account.appid.clone(), kind.to_owned()), fresh.clone());
            (fresh, life.dies_at_ms)
        })
    });
    let remaining = (expires_at - now) / 1_000;
    let expires_in = if account.ticket_tells_remaining { remaining } else { LIFE_S };
    Ok(Reply::ok(json!({ "ticket": value, "expires_in": expires_in })))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::fixture::{MINI, OFFICIAL, errcode, simulator};

    impl Simulator {
        fn getticket(&self, appid: &str, kind: &str) -> Value {
            let token = self.token(appid);
            self.get(&format!("/cgi-bin/ticket/getticket?access_token={token}&type={kind}"))
        }
    }

    #[test]
    fn a_ticket_stays_the_same_until_it_expires() {
        let (clock, simulator) = simulator();
        let first = simulator.getticket(OFFICIAL, "jsapi");

        clock.advance_ms(3_600_000);
        simulator.invalidate_token(OFFICIAL);
        let same = simulator.getticket(OFFICIAL, "jsapi");
        clock.advance_ms(3_600_000);
        let next = simulator.getticket(OFFICIAL, "jsapi");

        assert_eq!((&first["expires_in"], &first["errcode"]), (&json!(7200), &json!(0)));
        assert_eq!(first, same, "also with another token, and still said to live 7200 s");
        assert_ne!(first["ticket"], next["ticket"]);
        assert_eq!(first["ticket"].as_str().unwrap().len(), 86);
        assert_eq!(simulator.ticket(OFFICIAL, "jsapi").as_deref(), next["ticket"].as_str());
    }

    #[test]
    fn a_knob_makes_a_repeated_call_tell_what_is_left() {
        let (clock, simulator) = simulator();
        simulator.change_account(OFFICIAL, |account| account.ticket_tells_remaining = true);
        simulator.getticket(OFFICIAL, "jsapi");

        clock.advance_ms(200_000);

        assert_eq!(simulator.getticket(OFFICIAL, "jsapi")["expires_in"], 7000);
    }

    #[test]
    fn the_types_have_tickets_of_their_own() {
        let (_, simulator) = simulator();
        let ticket = |kind: &str| simulator.getticket(OFFICIAL, kind)["ticket"].clone();

        assert_ne!(ticket("jsapi"), ticket("wx_card"));
    }

    #[test]
    fn the_type_must_be_known() {
        let (_, simulator) = simulator();

        assert_eq!(errcode(&simulator.getticket(OFFICIAL, "")), 40097);
        assert_eq!(errcode(&simulator.getticket(OFFICIAL, "card")), 40097);
    }

    #[test]
    fn cards_and_mini_programs_are_not_granted_every_ticket() {
        let (_, simulator) = simulator();
        simulator.change_account(OFFICIAL, |account| account.cards = false);

        assert_eq!(errcode(&simulator.getticket(MINI, "jsapi")), 48001);
        assert_eq!(errcode(&simulator.getticket(OFFICIAL, "wx_card")), 48001);
        assert_eq!(errcode(&simulator.getticket(OFFICIAL, "jsapi")), 0);
    }

    #[test]
    fn tickets_have_a_daily_quota() {
        let (_, simulator) = simulator();
        simulator.change_account(OFFICIAL, |account| {
            account.daily_limits.insert("/cgi-bin/ticket/getticket".into(), 1);
        });

        let codes = [(); 2].map(|()| errcode(&simulator.getticket(OFFICIAL, "jsapi")));

        assert_eq!(codes, [0, 45009]);
    }
}
