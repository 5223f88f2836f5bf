//! A push as it goes over the wire: its format, its signatures and its encryption.
//!
//! Written for the simulator alone, from WeChat's description, so that the functions are not
//! tested against their own code.
//!
//! WeChat: [encryption of messages][doc]
//!
//! [doc]: https://developers.weixin.qq.com/doc/service/guide/dev/push/encryption.html

use aes::Aes256;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use cbc::{
    Encryptor,
    cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding},
};
use model::crypto::sha1_hex;
use serde_json::{Map, Value, json};

use super::Format;

/// Messages are padded to blocks of 32 bytes.
const PADDING: usize = 32;

/// The 32 bytes of an EncodingAESKey, whose last character holds two bits too many.
pub(super) fn key(encoding_aes_key: &str) -> Option<[u8; 32]> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (last, others) = encoding_aes_key.as_bytes().split_last()?;
    let value = ALPHABET.iter().position(|letter| letter == last)?;
    let mut canonical = others.to_vec();
    canonical.extend([ALPHABET[value & 0b11_1100], b'=']);
    BASE64_STANDARD.decode(canonical).ok()?.try_into().ok()
}

/// Encrypts a text for an app.
pub(super) fn seal(key: &[u8; 32], random: &[u8; 16], text: &str, appid: &str) -> String {
    let length = u32::try_from(text.len()).expect("messages are short");
    let mut plain = [random, &length.to_be_bytes()[..], text.as_bytes(), appid.as_bytes()].concat();
    let missing = PADDING - plain.len() % PADDING;
    plain.resize(plain.len() + missing, u8::try_from(missing).expect("at most a block"));
    let (iv, _) = key.split_at(16);
    let sealed = Encryptor::<Aes256>::new_from_slices(key, iv)
        .expect("a key of 32 bytes and an iv of 16")
        .encrypt_padded_vec::<NoPadding>(&plain);
    BASE64_STANDARD.encode(sealed)
}

/// SHA-1 over the sorted parts.
pub(super) fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    sha1_hex(parts.concat())
}

/// Writes members as JSON or as the elements of `<xml>`.
pub(super) fn write(members: &Map<String, Value>, format: Format) -> String {
    match format {
        Format::Json => Value::Object(members.clone()).to_string(),
        Format::Xml => format!("<xml>{}</xml>", elements(&wrapped(members))),
    }
}

/// Notices of subscriptions have one more element around their lists in XML.
fn wrapped(members: &Map<String, Value>) -> Map<String, Value> {
    let mut members = members.clone();
    let wrapper = match members.get("Event").and_then(Value::as_str) {
        Some("subscribe_msg_popup_event") => "SubscribeMsgPopupEvent",
        Some("subscribe_msg_change_event") => "SubscribeMsgChangeEvent",
        Some("subscribe_msg_sent_event") => "SubscribeMsgSentEvent",
        _ => return members,
    };
    if let Some(list) = members.remove("List") {
        members.insert(wrapper.to_owned(), json!({ "List": list }));
    }
    members
}

fn elements(members: &Map<String, Value>) -> String {
    members.iter().map(|(name, value)| element(name, value)).collect::<Vec<_>>().join("\n")
}

fn element(name: &str, value: &Value) -> String {
    match value {
        // `PicList` and its like hold items; `List` itself is repeated, as everything else is.
        Value::Array(values) if name.ends_with("List") && name != "List" => {
            let items: String = values.iter().map(|value| element("item", value)).collect();
            format!("<{name}>{items}</{name}>")
        }
        Value::Array(values) => values.iter().map(|value| element(name, value)).collect(),
        Value::Object(members) => format!("<{name}>{}</{name}>", elements(members)),
        Value::String(text) => {
            let text = text.replace("]]>", "]]]]><![CDATA[>");
            format!("<{name}><![CDATA[{text}]]></{name}>")
        }
        Value::Null => format!("<{name}></{name}>"),
        plain => format!("<{name}>{plain}</{name}>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WeChat's sample of a reply, and that of its library with fixed random bytes.
    #[test]
    fn the_official_samples_come_out_alike() {
        let key = |text: &str| key(text).unwrap();
        let message = "<xml><demo_resp>[CDATA[good luck]]</demo_resp></xml>";
        let encrypt = seal(
            &key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            b"999951349e8ee746",
            message,
            "wx134c8103faa5a59e",
        );
        assert_eq!(
            encrypt,
            "hE8R6mGXHkJJjU72KxzKUd1GEkKJaEZq7vRL8XgK3o+00k8JGq6+pZJUIlTSyhsX+bxIBQ72g3GyvDdIZcr6\
             +3HAZbSvPT9t/o11MI7d6WELwqrGd7jMnV0zv3Zc9Nq7"
        );
        assert_eq!(
            signature(&["AAAAA", "1713424427", "415670741", &encrypt]),
            "03e0812039325c2712ef5f0f980fd14c70d6e307"
        );
        let encrypt = seal(
            &key("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
            b"aaaabbbbccccdddd",
            "我是中文abcd123",
            "wxb11529c136998cb6",
        );
        assert_eq!(
            encrypt,
            "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
        );
    }

    #[test]
    fn a_key_whose_last_character_has_bits_of_no_byte_is_read() {
        let one = key("84EKlpclN0sfQzyvva/JeNtyguhE1lDW6rXRRbr7rzr");
        assert!(one.is_some());
        assert_eq!(one, key("84EKlpclN0sfQzyvva/JeNtyguhE1lDW6rXRRbr7rzo"));
        assert_eq!(key("84EKlpclN0sfQzyvva/JeNtyguhE1lDW6rXRRbr7rz"), None);
        assert_eq!(key(""), None);
    }

    #[test]
    fn xml_has_elements_where_json_has_members() {
        let members = json!({
            "Event": "subscribe_msg_popup_event", "CreateTime": 5,
            "List": [{ "TemplateId": "a" }, { "TemplateId": "b" }],
            "SendPicsInfo": { "PicList": [{ "PicMd5Sum": "]]>" }] },
        });
        let text = write(members.as_object().unwrap(), Format::Xml);
        for part in [
            "<CreateTime>5</CreateTime>",
            "<SubscribeMsgPopupEvent><List><TemplateId><![CDATA[a]]></TemplateId></List><List>",
            "<PicList><item><PicMd5Sum><![CDATA[]]]]><![CDATA[>]]></PicMd5Sum></item></PicList>",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
