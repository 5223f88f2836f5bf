//! Signatures for pages that use WeChat's JS-SDK: the page itself, cards and invoices.
//!
//! 微信 JS-SDK 网页的签名：网页本身、卡券与发票。

mod card_ext;
mod choose_card;
mod choose_invoice;
mod config;
mod diagnose;
mod finding;
mod hosts;
mod interfaces;
mod page;
mod signature;

pub use card_ext::CardExt;
pub use choose_card::ChooseCard;
pub use choose_invoice::ChooseInvoice;
pub use config::Config;
pub use diagnose::Diagnose;
pub use finding::{Cause, Finding};
pub use hosts::JssdkHosts;

use shared::{crypto::sha1_hex, text, value::Chars};

text! {
    /// A card.
    CardId: 1..=32, Chars::PRINTABLE_BYTES,
        ["Copy the card's id from the WeChat console.", "请从微信公众平台复制卡券 ID。"];
}

/// Replaces the ticket wherever a signed text is shown.
const MASK: &str = "***";

/// The text whose SHA-1 is a page's signature; the values are not escaped.
fn page_text(ticket: &str, nonce_str: &str, timestamp: &str, url: &str) -> String {
    format!("jsapi_ticket={ticket}&noncestr={nonce_str}&timestamp={timestamp}&url={url}")
}

/// The text whose SHA-1 is a card's or an invoice's signature: the values alone, sorted by their
/// bytes. An empty value does not change it.
fn card_text<'a>(values: impl Into<Vec<&'a str>>) -> String {
    let mut values = values.into();
    values.sort_unstable();
    values.concat()
}

fn sign_card<'a>(values: impl Into<Vec<&'a str>>) -> String {
    sha1_hex(card_text(values))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TICKET: &str =
        "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";
    const CARD_TICKET: &str = "ojZ8YtyVyr30HheH3CM73y7h4jJE";
    const CARD: &str = "pjZ8Yt1XGILfi-FUsewpnnolGgZk";
    const APP: &str = "wx8888888888888888";

    #[test]
    fn pages_are_signed_as_wechat_publishes_it() {
        let sign = |url| sha1_hex(page_text(TICKET, "Wm3WZYTPz0wzccnW", "1414587457", url));
        assert_eq!(
            sign("http://mp.weixin.qq.com?params=value"),
            "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
        );
        assert_eq!(
            sign("https://example.com/a%20b?x=%E4%B8%AD&from=singlemessage&isappinstalled=0"),
            "f1c1be2ab2da70b9a02442a3655aa5ddb62ddb43"
        );
    }

    #[test]
    fn a_card_is_signed_as_wechat_publishes_it() {
        let values = [CARD_TICKET, "1404896688", CARD, "1434008071", "", "123", ""];
        assert_eq!(
            card_text(values),
            "12314048966881434008071ojZ8YtyVyr30HheH3CM73y7h4jJEpjZ8Yt1XGILfi-FUsewpnnolGgZk"
        );
        assert_eq!(sign_card(values), "f137ab68b7f8112d20ee528ab6074564e2796250");
    }

    #[test]
    fn upper_case_sorts_before_lower_case() {
        let values = [CARD_TICKET, APP, "1234", "1404896688", "sduhi123", CARD, "GROUPON"];
        assert_eq!(
            card_text(values),
            "12341404896688GROUPONojZ8YtyVyr30HheH3CM73y7h4jJEpjZ8Yt1XGILfi-FUsewpnnolGgZksduhi123wx8888888888888888"
        );
        assert_eq!(sign_card(values), "d41e4cf2693141a11c242c765eb6d15e01ba344d");
        let unfiltered = [CARD_TICKET, APP, "", "1404896688", "sduhi123", "", ""];
        assert_eq!(sign_card(unfiltered), "f2a1507486c5642435031c372fce7ab37abe8069");
    }

    #[test]
    fn an_invoice_is_signed_with_its_card_type() {
        let values = [CARD_TICKET, APP, "1404896688", "sduhi123", "INVOICE"];
        assert_eq!(sign_card(values), "e75dc1cada4b6ebae549d869cfe813e5152ca66a");
    }

    proptest! {
        #[test]
        fn the_order_of_the_values_does_not_matter(
            values in prop::array::uniform7(any::<String>()),
            order in Just([0_usize, 1, 2, 3, 4, 5, 6]).prop_shuffle(),
        ) {
            let values = values.each_ref().map(String::as_str);
            prop_assert_eq!(card_text(order.map(|index| values[index])), card_text(values));
        }

        #[test]
        fn an_empty_value_does_not_change_the_text(values in prop::array::uniform3(any::<String>())) {
            let [a, b, c] = values.each_ref().map(String::as_str);
            prop_assert_eq!(card_text([a, "", b, "", c]), card_text([a, b, c]));
        }

        #[test]
        fn values_are_sorted_by_their_bytes(values in prop::array::uniform4(any::<String>())) {
            let mut sorted: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
            sorted.sort();
            let text = card_text(values.each_ref().map(String::as_str));
            prop_assert_eq!(text.into_bytes(), sorted.concat());
        }

        #[test]
        fn a_page_is_signed_byte_for_byte(url in any::<String>(), nonce in "[0-9A-Za-z]{1,32}") {
            let text = page_text(TICKET, &nonce, "1414587457", &url);
            let rest = text.strip_prefix("jsapi_ticket=").and_then(|rest| rest.strip_prefix(TICKET));
            let expected = format!("&noncestr={nonce}&timestamp=1414587457&url={url}");
            prop_assert_eq!(rest, Some(expected.as_str()));
        }
    }
}
