//! The rules of WeChat Pay's inputs: every field, its type, its length; anything else is refused.
//!
//! WeChat: [JSAPI][jsapi], [refund][refund]
//!
//! [jsapi]: https://pay.weixin.qq.com/doc/v3/merchant/4012791856
//! [refund]: https://pay.weixin.qq.com/doc/v3/merchant/4013070371

use serde_json::{Map, Value};

/// A field of an object.
pub(super) struct Field {
    name: &'static str,
    required: bool,
    rule: Rule,
}

/// What a field may hold.
pub(super) enum Rule {
    /// Text of so many characters.
    Text(usize, usize),
    /// Text of so many characters from an alphabet.
    Name(usize, usize, fn(char) -> bool),
    /// A whole number of at least so much.
    Number(i64),
    /// `true` or `false`.
    Flag,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// An object with these fields.
    Object(&'static [Field]),
    /// A list of such objects.
    List(&'static [Field]),
    /// A list of these texts.
    Texts(&'static [&'static str]),
    /// A URL to notify: absolute, without a query.
    NotifyUrl(usize),
    /// A time in RFC 3339.
    Time,
}

use Rule::{Flag, List, Name, NotifyUrl, Number, Object, OneOf, Text, Texts, Time};

const fn required(name: &'static str, rule: Rule) -> Field {
    Field { name, required: true, rule }
}

const fn optional(name: &'static str, rule: Rule) -> Field {
    Field { name, required: false, rule }
}

/// The alphabet of `out_trade_no`.
fn of_trade_no(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-|*".contains(letter)
}

/// The alphabet of `out_refund_no`.
fn of_refund_no(letter: char) -> bool {
    of_trade_no(letter) || letter == '@'
}

const AMOUNT: Field = required(
    "amount",
    Object(&[required("total", Number(1)), optional("currency", OneOf(&["CNY"]))]),
);
const GOODS: &[Field] = &[
    required("merchant_goods_id", Text(1, 32)),
    optional("wechatpay_goods_id", Text(1, 32)),
    optional("goods_name", Text(1, 256)),
    required("quantity", Number(1)),
    required("unit_price", Number(0)),
];
const DETAIL: Field = optional(
    "detail",
    Object(&[
        optional("cost_price", Number(0)),
        optional("invoice_id", Text(1, 32)),
        optional("goods_detail", List(GOODS)),
    ]),
);
const STORE: Field = optional(
    "store_info",
    Object(&[
        required("id", Text(1, 32)),
        optional("name", Text(1, 256)),
        optional("area_code", Text(1, 32)),
        optional("address", Text(1, 512)),
    ]),
);
const SCENE: Field = optional(
    "scene_info",
    Object(&[required("payer_client_ip", Text(1, 45)), optional("device_id", Text(1, 32)), STORE]),
);
const H5_SCENE: Field = required(
    "scene_info",
    Object(&[
        required("payer_client_ip", Text(1, 45)),
        optional("device_id", Text(1, 32)),
        STORE,
        required(
            "h5_info",
            Object(&[
                required("type", OneOf(&["iOS", "Android", "Wap"])),
                optional("app_name", Text(1, 64)),
                optional("app_url", Text(1, 128)),
                optional("bundle_id", Text(1, 128)),
                optional("package_name", Text(1, 128)),
            ]),
        ),
    ]),
);

macro_rules! order {
    ($($more:expr),*) => {
        &[
            required("appid", Text(1, 32)),
            required("mchid", Text(1, 32)),
            required("description", Text(1, 127)),
            required("out_trade_no", Name(6, 32, of_trade_no)),
            optional("time_expire", Time),
            optional("attach", Text(1, 128)),
            required("notify_url", NotifyUrl(255)),
            optional("goods_tag", Text(1, 32)),
            optional("support_fapiao", Flag),
            AMOUNT,
            DETAIL,
            optional("settle_info", Object(&[optional("profit_sharing", Flag)])),
            optional(
                "limit_pay",
                Texts(&["no_balance", "no_credit", "no_debit", "balance_only"]),
            ),
            $($more),*
        ]
    };
}

/// An order from a page in WeChat or a mini program.
pub(super) const JSAPI: &[Field] =
    order!(required("payer", Object(&[required("openid", Text(1, 128))])), SCENE);
/// An order from an app, or by QR code: nobody knows who will pay.
pub(super) const ANYBODY: &[Field] = order!(SCENE);
/// An order from a browser outside WeChat.
pub(super) const H5: &[Field] = order!(H5_SCENE);
/// A close.
pub(super) const CLOSE: &[Field] = &[required("mchid", Text(1, 32))];
/// A refund.
pub(super) const REFUND: &[Field] = &[
    optional("transaction_id", Text(1, 32)),
    optional("out_trade_no", Name(6, 32, of_trade_no)),
    required("out_refund_no", Name(1, 64, of_refund_no)),
    optional("reason", Text(1, 80)),
    optional("notify_url", NotifyUrl(256)),
    optional("funds_account", OneOf(&["AVAILABLE", "UNSETTLED"])),
    required(
        "amount",
        Object(&[
            required("refund", Number(1)),
            required("total", Number(1)),
            required("currency", OneOf(&["CNY"])),
            optional(
                "from",
                List(&[
                    required("account", OneOf(&["AVAILABLE", "UNAVAILABLE"])),
                    required("amount", Number(1)),
                ]),
            ),
        ]),
    ),
    optional(
        "goods_detail",
        List(&[
            required("merchant_goods_id", Text(1, 32)),
            optional("wechatpay_goods_id", Text(1, 32)),
            optional("goods_name", Text(1, 256)),
            required("unit_price", Number(0)),
            required("refund_amount", Number(1)),
            required("refund_quantity", Number(1)),
        ]),
    ),
];

/// The input at fault, and what is wrong with it.
#[derive(Debug, PartialEq)]
pub(super) struct Complaint {
    /// A JSON pointer.
    pub(super) field: String,
    pub(super) value: String,
    pub(super) issue: String,
}

/// Checks an object against its fields.
pub(super) fn check(object: &Map<String, Value>, fields: &[Field]) -> Result<(), Complaint> {
    check_object(object, fields, "")
}

fn check_object(
    object: &Map<String, Value>,
    fields: &[Field],
    path: &str,
) -> Result<(), Complaint> {
    let complaint = |name: &str, value: &Value, issue: &str| Complaint {
        field: format!("{path}/{name}"),
        value: value.to_string(),
        issue: issue.to_owned(),
    };
    if let Some((name, value)) =
        object.iter().find(|(name, _)| !fields.iter().any(|field| field.name == name.as_str()))
    {
        return Err(complaint(name, value, "unknown field"));
    }
    for Field { name, required, rule } in fields {
        match object.get(*name) {
            None if *required => return Err(complaint(name, &Value::Null, "missing")),
            None => {}
            Some(Value::Null) => return Err(complaint(name, &Value::Null, "null")),
            Some(value) => check_value(value, rule, &format!("{path}/{name}"))?,
        }
    }
    Ok(())
}

fn check_value(value: &Value, rule: &Rule, path: &str) -> Result<(), Complaint> {
    let wrong = |issue: &str| {
        Err(Complaint { field: path.to_owned(), value: value.to_string(), issue: issue.to_owned() })
    };
    let long = |min: usize, max: usize| {
        value.as_str().is_some_and(|text| (min..=max).contains(&text.chars().count()))
    };
    match rule {
        Text(min, max) if long(*min, *max) => Ok(()),
        Name(min, max, alphabet)
            if long(*min, *max) && value.as_str().is_some_and(|t| t.chars().all(alphabet)) =>
        {
            Ok(())
        }
        NotifyUrl(max) if long(1, *max) && value.as_str().is_some_and(is_notify_url) => Ok(()),
        Time if value.as_str().and_then(super::time::parse).is_some() => Ok(()),
        Number(min) if value.as_i64().is_some_and(|number| number >= *min) => Ok(()),
        Flag if value.is_boolean() => Ok(()),
        OneOf(texts) if value.as_str().is_some_and(|text| texts.contains(&text)) => Ok(()),
        Texts(texts) => match value.as_array() {
            Some(list) if list.iter().all(|v| v.as_str().is_some_and(|t| texts.contains(&t))) => {
                Ok(())
            }
            _ => wrong("not a list of these texts"),
        },
        Object(fields) => match value.as_object() {
            Some(object) => check_object(object, fields, path),
            None => wrong("not an object"),
        },
        List(fields) => match value.as_array() {
            Some(list) => list.iter().enumerate().try_for_each(|(index, value)| {
                check_value(value, &Object(fields), &format!("{path}/{index}"))
            }),
            None => wrong("not a list"),
        },
        Text(..) | Name(..) => wrong("not text of this length and alphabet"),
        NotifyUrl(_) => wrong("not an absolute URL without a query"),
        Time => wrong("not a time"),
        Number(_) => wrong("not a whole number in this range"),
        Flag => wrong("not true or false"),
        OneOf(_) => wrong("not one of the allowed values"),
    }
}

/// Plain HTTP is taken as well, for a merchant on this machine.
fn is_notify_url(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|url| {
        matches!(url.scheme_str(), Some("https" | "http"))
            && url.host().is_some_and(|host| !host.is_empty())
            && url.query().is_none()
            && !text.contains('#')
    })
}
