//! The values that inputs of this namespace are made of.

use shared::{
    text,
    value::{Chars, Int},
};

/// Money in fen: at least one, at most a hundred million yuan.
pub(super) type Fen = Int<1, 10_000_000_000>;

text! {
    /// A product's id, chosen by the team.
    pub(super) ProductId: 1..=64, Chars::ID;
    /// What the user sees on the bill.
    pub(super) Description: 1..=127, PRINTABLE_BMP;
    /// Comes back with the payment.
    pub(super) Attach: 1..=128, PRINTABLE_BMP;
    /// An order's number.
    pub(super) OutTradeNo: 6..=32, Chars::ALPHANUMERIC;
    /// A refund's number.
    pub(super) OutRefundNo: 1..=64, Chars::ID;
    /// Why a refund is made; the user sees it.
    pub(super) Reason: 1..=80, PRINTABLE_BMP;
    /// A coupon's tag.
    pub(super) GoodsTag: 1..=32, Chars::VISIBLE;
    /// An IP address.
    pub(super) ClientIp: 2..=45, Chars::VISIBLE,
        ["Send the IP address of the payer's device.", "请发送付款人设备的 IP 地址。"],
        check |text: &str| match text.parse::<std::net::IpAddr>() {
            Ok(_) => Ok(()),
            Err(_) => Err(["Must be an IP address.", "须为 IP 地址。"]),
        };
    /// A day in China.
    pub(super) Day: 10..=10, DAY, ["For example 2026-11-03.", "例如 2026-11-03。"],
        check |text: &str| match super::apiv3::parse_time(&format!("{text}T00:00:00+08:00")) {
            Some(_) => Ok(()),
            None => Err(["Must be a day such as 2026-11-03.", "须为日期，如 2026-11-03。"]),
        };
}

/// WeChat Pay takes no character of four bytes in UTF-8, such as an emoji.
const PRINTABLE_BMP: Chars = Chars {
    noun: ["characters without control characters and emoji", "个字符，不含控制字符和 emoji"],
    unit: shared::value::Unit::Characters,
    pattern: None,
    allow: |c| !c.is_control() && c.len_utf8() < 4,
};

const DAY: Chars = Chars {
    noun: ["digits and `-`", "位数字和 `-`"],
    unit: shared::value::Unit::Characters,
    pattern: Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    allow: |c| c.is_ascii_digit() || c == '-',
};
