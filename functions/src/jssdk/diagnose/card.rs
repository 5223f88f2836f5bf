//! Why a card cannot be chosen or collected: the mistakes that give its signature.
//!
//! WeChat shows an empty list, not an error, to a card whose signature does not fit.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};
use shared::{crypto::sha1_hex, spelling::text_or_number, value::Text};

use super::{Parameter, Tickets, Timestamp};
use crate::jssdk::{Cause, Finding, card_text};

/// A card's timestamp is for one request; older ones are suspicious, in seconds.
const TIMESTAMP_LIFE: u64 = 7200;

/// What the page passed to `wx.chooseCard`.
///
/// 网页传给 `wx.chooseCard` 的参数。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ChosenCard {
    /// As passed.
    ///
    /// 原样填写。
    #[serde(default)]
    shop_id: Option<Text<Parameter>>,
    /// As passed.
    ///
    /// 原样填写。
    #[serde(default)]
    card_type: Option<Text<Parameter>>,
    /// As passed.
    ///
    /// 原样填写。
    #[serde(default)]
    card_id: Option<Text<Parameter>>,
    /// As passed, a text or a number.
    ///
    /// 原样填写，文本或数字均可。
    #[serde(deserialize_with = "timestamp")]
    #[schemars(with = "String")]
    timestamp: Text<Timestamp>,
    /// As passed.
    ///
    /// 原样填写。
    nonce_str: Text<Parameter>,
    /// As passed.
    ///
    /// 原样填写。
    #[serde(default)]
    sign_type: Option<Text<Parameter>>,
    /// As passed.
    ///
    /// 原样填写。
    card_sign: Text<Parameter>,
}

/// An element of the `cardList` that the page passed to `wx.addCard`.
///
/// 网页传给 `wx.addCard` 的 `cardList` 中的一项。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AddedCard {
    /// As passed.
    ///
    /// 原样填写。
    card_id: Text<Parameter>,
    /// As passed.
    ///
    /// 原样填写。
    card_ext: Value,
}

fn timestamp<'de, D: Deserializer<'de>>(from: D) -> Result<Text<Timestamp>, D::Error> {
    Text::new(text_or_number(from)?).map_err(D::Error::custom)
}

/// A signature and what it should be of.
struct Signed<'a> {
    signature: &'a str,
    /// The values beside the ticket, in the order of WeChat's document.
    values: Vec<&'a str>,
    /// Values that some sign and WeChat does not.
    others: Vec<&'a str>,
    timestamp: &'a str,
}

impl ChosenCard {
    /// Whether the signature is right, and what is wrong otherwise.
    pub(super) fn explain(&self, tickets: &Tickets, appid: &str, now: u64) -> (bool, Vec<Finding>) {
        let text =
            |text: &'_ Option<Text<Parameter>>| text.as_deref().unwrap_or_default().to_owned();
        let (shop, kind, card) = (text(&self.shop_id), text(&self.card_type), text(&self.card_id));
        let signed = Signed {
            signature: &self.card_sign,
            values: vec![appid, &shop, &self.timestamp, &self.nonce_str, &card, &kind],
            others: vec!["SHA1"],
            timestamp: &self.timestamp,
        };
        let mut findings = signed.explain(tickets, now);
        if self.sign_type.as_deref().is_some_and(|name| name != "SHA1") {
            findings.push(Cause::CardSignType.proven());
        }
        let valid = is_valid(&findings);
        if valid && [&shop, &kind, &card].iter().any(|filter| !filter.is_empty()) {
            findings.push(Cause::CardFilter.suspected());
        }
        (valid, findings)
    }
}

impl AddedCard {
    /// Whether the signature is right, and what is wrong otherwise.
    pub(super) fn explain(&self, tickets: &Tickets, appid: &str, now: u64) -> (bool, Vec<Finding>) {
        let mut findings = Vec::new();
        let extension: Option<Map<String, Value>> = match &self.card_ext {
            Value::String(text) => serde_json::from_str(text).ok(),
            Value::Object(members) => Some(members.clone()),
            _ => None,
        };
        if !self.card_ext.is_string() || extension.is_none() {
            findings.push(Cause::CardExtNotText.proven());
        }
        let Some(extension) = extension else { return (false, findings) };
        let text = |name: &str| match extension.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let names = ["timestamp", "code", "openid", "nonce_str", "balance"].map(text);
        let [time, code, openid, nonce, balance] = &names;
        let unsigned = ["outer_str", "fixed_begintimestamp"].map(text);
        let signature = text("signature");
        let signed = Signed {
            signature: &signature,
            values: vec![time, &self.card_id, code, openid, nonce, balance],
            others: std::iter::once(appid).chain(unsigned.iter().map(String::as_str)).collect(),
            timestamp: time,
        };
        findings.extend(signed.explain(tickets, now));
        (is_valid(&findings), findings)
    }
}

fn is_valid(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.cause == Cause::CardSignatureCorrect)
}

impl Signed<'_> {
    fn explain(&self, tickets: &Tickets, now: u64) -> Vec<Finding> {
        let right = tickets.wrong.iter().find(|(cause, _)| *cause == Cause::CardTicket);
        let right = right.map(|(_, ticket)| (None, ticket));
        let page = tickets.own.as_ref().map(|ticket| (Some(Cause::PageTicket), ticket));
        let mut findings = Vec::new();
        if right.is_none() {
            findings.push(Cause::TicketQuota.proven());
        }
        let found = right.into_iter().chain(page).find_map(|(whose, ticket)| {
            let mistake = self.mistake(ticket.value.expose())?;
            Some(mistake.into_iter().chain(whose).map(Cause::proven).collect::<Vec<_>>())
        });
        findings.extend(match found {
            Some(mistakes) if mistakes.is_empty() => vec![Cause::CardSignatureCorrect.proven()],
            Some(mistakes) => mistakes,
            None => vec![Cause::CardUnexplained.suspected()],
        });
        let seconds = self.timestamp.parse::<u64>().ok().filter(|_| self.timestamp.len() == 10);
        if seconds.is_none_or(|at| at > now + TIMESTAMP_LIFE || at + TIMESTAMP_LIFE < now) {
            findings.push(Cause::CardTimestamp.suspected());
        }
        findings
    }

    /// Which mistake gives the signature with this ticket, if any does; none is `Some(None)`.
    fn mistake(&self, ticket: &str) -> Option<Option<Cause>> {
        let signature = self.signature.trim().to_ascii_lowercase();
        let is = |text: String| sha1_hex(text) == signature;
        if is(card_text(with_ticket(ticket, &self.values))) {
            return Some(None);
        }
        if is(with_ticket(ticket, &self.values).concat()) {
            return Some(Some(Cause::CardValuesUnsorted));
        }
        // Every choice of values to leave out: six values make 64.
        for choice in 1..1_u32 << self.values.len() {
            let kept = self.values.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 0);
            let kept: Vec<&str> = kept.map(|(_, value)| *value).collect();
            if is(card_text(with_ticket(ticket, &kept))) {
                return Some(Some(Cause::CardValueMissing));
            }
        }
        for other in self.others.iter().filter(|other| !other.is_empty()) {
            let mut more = with_ticket(ticket, &self.values);
            more.push(other);
            if is(card_text(more)) {
                return Some(Some(Cause::CardValueExtra));
            }
        }
        None
    }
}

fn with_ticket<'a>(ticket: &'a str, values: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec![ticket];
    all.extend_from_slice(values);
    all
}

#[cfg(test)]
mod tests {
    use shared::{Secret, credentials::Credential};

    use super::*;

    const NOW: u64 = 1_404_896_700;

    fn tickets() -> Tickets {
        let credential = |value: &str| Credential {
            value: Secret::new(value),
            version: 1,
            issued_at: NOW,
            expires_at: NOW + 7200,
        };
        Tickets {
            own: Some(credential("page")),
            wrong: vec![
                (Cause::CardTicket, credential("ojZ8YtyVyr30HheH3CM73y7h4jJE")),
                (Cause::OtherAccount, credential("other")),
            ],
        }
    }

    fn causes(findings: (bool, Vec<Finding>)) -> (bool, Vec<Cause>) {
        (findings.0, findings.1.iter().map(|finding| finding.cause).collect())
    }

    fn add(card_ext: &Value) -> (bool, Vec<Cause>) {
        let card = serde_json::json!({
            "cardId": "pjZ8Yt1XGILfi-FUsewpnnolGgZk", "cardExt": card_ext,
        });
        let card: AddedCard = serde_json::from_value(card).unwrap();
        causes(card.explain(&tickets(), "wx8888888888888888", NOW))
    }

    #[test]
    fn the_sample_of_wechat_is_right_and_its_mistakes_are_found() {
        let extension = |change: (&str, &str)| {
            let mut members = serde_json::json!({
                "code": "1434008071", "timestamp": "1404896688", "nonce_str": "123",
                "signature": "f137ab68b7f8112d20ee528ab6074564e2796250",
            });
            members[change.0] = change.1.into();
            members
        };
        let sample = extension(("code", "1434008071"));
        let text = Value::from(sample.to_string());
        assert_eq!(add(&text), (true, vec![Cause::CardSignatureCorrect]));
        let said = add(&sample);
        assert_eq!(said, (true, vec![Cause::CardExtNotText, Cause::CardSignatureCorrect]));
        assert_eq!(add(&"{".into()), (false, vec![Cause::CardExtNotText]));
        // An openid that is passed and not signed.
        let text = Value::from(extension(("openid", "oAlice")).to_string());
        assert_eq!(add(&text), (false, vec![Cause::CardValueMissing]));
        let text = Value::from(extension(("nonce_str", "124")).to_string());
        assert_eq!(add(&text), (false, vec![Cause::CardUnexplained]));
    }

    #[test]
    fn a_choice_of_cards_is_judged_with_its_filters_and_its_ticket() {
        let choose = |ticket: &str, sign: fn(Vec<&str>) -> String, time: &str| {
            let values = vec![ticket, "wx8888888888888888", "1234", time, "n", "", "GROUPON"];
            let choice = serde_json::json!({
                "shopId": "1234", "cardType": "GROUPON", "cardId": "", "timestamp": time,
                "nonceStr": "n", "signType": "SHA1", "cardSign": sha1_hex(sign(values)),
            });
            let choice: ChosenCard = serde_json::from_value(choice).unwrap();
            causes(choice.explain(&tickets(), "wx8888888888888888", NOW))
        };
        let (right, time) = ("ojZ8YtyVyr30HheH3CM73y7h4jJE", "1404896688");
        let sorted: fn(Vec<&str>) -> String = |values| card_text(values);
        assert_eq!(
            choose(right, sorted, time),
            (true, vec![Cause::CardSignatureCorrect, Cause::CardFilter])
        );
        assert_eq!(choose("page", sorted, time), (false, vec![Cause::PageTicket]));
        let unsorted = |values: Vec<&str>| values.concat();
        assert_eq!(choose(right, unsorted, time), (false, vec![Cause::CardValuesUnsorted]));
        let without_filter = |mut values: Vec<&str>| {
            values.retain(|value| *value != "1234");
            card_text(values)
        };
        assert_eq!(choose(right, without_filter, time), (false, vec![Cause::CardValueMissing]));
        let with_type = |mut values: Vec<&str>| {
            values.push("SHA1");
            card_text(values)
        };
        assert_eq!(choose(right, with_type, time), (false, vec![Cause::CardValueExtra]));
        let (valid, found) = choose(right, sorted, "1404896688000");
        assert!(valid && found.contains(&Cause::CardTimestamp));
    }
}
