use aes::Aes256;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use cbc::{
    Encryptor,
    cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use shared::{Problem, PushMode as Mode, crypto::sha1_hex};

use super::{
    crypto::{Keys, Stamp},
    message::{Detail, Message},
    verify::{Candidate, Receiver, Refusal, Request, Verified},
    xml,
};

const NOW: u64 = 1_764_163_200;
const TOKEN: &str = "pushRef2026";
const KEY: &str = "84EKlpclN0sfQzyvva/JeNtyguhE1lDW6rXRRbr7rzr";
const CANONICAL_KEY: &str = "84EKlpclN0sfQzyvva/JeNtyguhE1lDW6rXRRbr7rzo";
const OLD_KEY: &str = "53L3A/RFZK1j/O82pyNilgWqgVbsbbxkD5T5t33jNB8";
const APPID: &str = "wx1f2e3d4c5b6a7988";
const TEXT: &str = r#"{"ToUserName":"gh_5f3a1c7e9b02","FromUserName":"oPuSh0-Ref_User000000000001","CreateTime":1764163200,"MsgType":"text","Content":"hi","MsgId":24123456789012345}"#;

/// WeChat's own vectors and those of the reference.
fn official() -> Vec<Value> {
    serde_json::from_str(include_str!("vectors/official.json")).unwrap()
}

fn own() -> Vec<Value> {
    let own: Value = serde_json::from_str(include_str!("vectors/own.json")).unwrap();
    own["cases"].as_array().unwrap().clone()
}

fn case(name: &str) -> Value {
    let mut cases = own().into_iter().chain(official());
    cases.find(|case| case["name"].as_str().unwrap().starts_with(name)).unwrap()
}

fn keys(tokens: &[&str], keys: &[&str]) -> Keys {
    Keys::read(&json!({ "tokens": tokens, "keys": keys }).to_string()).unwrap()
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_default()
}

/// A query as WeChat writes it.
fn query(members: &Value) -> String {
    let pairs = members.as_object().unwrap().iter().map(|(name, value)| {
        let value = value.as_str().unwrap().replace('+', "%2B").replace('=', "%3D");
        format!("{name}={value}")
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Verifies a vector as a receiver of this mode does.
fn verify_case(case: &Value, mode: Mode, keys: &Keys, now: u64) -> Result<Verified, Refusal> {
    let raw_query = query(&case["query"]);
    let body = text(case, "body");
    let method = if case["body"].is_null() { "GET" } else { "POST" };
    let path = format!("/push/receive/{}", case["appid"].as_str().unwrap_or(APPID));
    let request = Request { method, path: &path, raw_query: &raw_query, body: body.as_bytes() };
    let appid = case["appid"].as_str().unwrap_or(APPID);
    Candidate::read(request, now)?.verify(&[Receiver { appid, mode, keys }])
}

fn keys_of(case: &Value) -> Keys {
    let all: Vec<&str> = match case["keys"].as_array() {
        Some(all) => all.iter().map(|key| key.as_str().unwrap()).collect(),
        None => case["key"].as_str().into_iter().collect(),
    };
    keys(&[text(case, "token")], &all)
}

fn message(text: &str) -> Message {
    Message::read(text).unwrap()
}

fn detail(text: &str) -> Detail {
    message(text).detail(APPID, NOW)
}

/// Frames and encrypts, with the padding given or the right one.
fn seal_bytes(framed: &[u8], key: &str) -> String {
    let key: [u8; 32] = BASE64_STANDARD
        .decode(format!("{}=", if key == KEY { CANONICAL_KEY } else { key }))
        .unwrap()
        .try_into()
        .unwrap();
    let iv: &[u8; 16] = key.first_chunk().unwrap();
    let sealed =
        Encryptor::<Aes256>::new(&key.into(), iv.into()).encrypt_padded_vec::<NoPadding>(framed);
    BASE64_STANDARD.encode(sealed)
}

fn framed(text: &[u8], appid: &str) -> Vec<u8> {
    let mut framed = b"0123456789abcdef".to_vec();
    framed.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
    framed.extend(text);
    framed.extend(appid.as_bytes());
    let pad = 32 - framed.len() % 32;
    framed.extend(std::iter::repeat_n(u8::try_from(pad).unwrap(), pad));
    framed
}

fn seal(text: &str) -> String {
    seal_bytes(&framed(text.as_bytes(), APPID), KEY)
}

fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    sha1_hex(parts.concat())
}

/// A POST in safe mode with a right signature over this sealed text.
fn post(encrypt: &str, token: &str) -> (String, String) {
    let timestamp = NOW.to_string();
    let signature = signature(&[token, &timestamp, "1", encrypt]);
    let raw_query =
        format!("timestamp={timestamp}&nonce=1&encrypt_type=aes&msg_signature={signature}");
    (raw_query, json!({ "ToUserName": "gh_1", "Encrypt": encrypt }).to_string())
}

fn request<'a>(method: &'a str, raw_query: &'a str, body: &'a str) -> Request<'a> {
    Request { method, path: "/push/receive", raw_query, body: body.as_bytes() }
}

fn verify(request: Request<'_>, keys: &Keys, mode: Mode) -> Result<Verified, Refusal> {
    Candidate::read(request, NOW)?.verify(&[Receiver { appid: APPID, mode, keys }])
}

fn reason(result: Result<Verified, Refusal>) -> &'static str {
    match result {
        Err(Refusal::Forged(reason)) => reason,
        other => panic!("not forged: {other:?}"),
    }
}

#[test]
fn the_good_vectors_of_the_reference_are_read() {
    let mut read = 0;
    for case in own() {
        let (name, plain) = (text(&case, "name"), text(&case, "plain"));
        if !name.starts_with('N') || case["query"].is_null() {
            continue;
        }
        let mode = match text(&case, "mode") {
            "plain" => Mode::Plain,
            "compatible" => Mode::Compatible,
            _ => Mode::Safe,
        };
        let expected = match case["answer"].as_str() {
            Some(answer) => Verified::Echo(answer.to_owned()),
            None => Verified::Message { appid: APPID.to_owned(), message: message(plain) },
        };
        assert_eq!(verify_case(&case, mode, &keys_of(&case), NOW), Ok(expected), "{name}");
        read += 1;
    }
    assert_eq!(read, 10);
}

#[test]
fn the_official_samples_are_read() {
    for name in ["O5", "O7", "O8", "O9"] {
        let case = case(name);
        let now = case["query"]["timestamp"].as_str().unwrap().parse().unwrap();
        let expected = match case["answer"].as_str() {
            Some(answer) => Verified::Echo(answer.to_owned()),
            None => Verified::Message {
                appid: text(&case, "appid").to_owned(),
                message: message(text(&case, "plain")),
            },
        };
        assert_eq!(verify_case(&case, Mode::Safe, &keys_of(&case), now), Ok(expected), "{name}");
    }
}

#[test]
fn replies_of_the_samples_open_and_their_signatures_fit() {
    for name in ["O6", "N15", "N16"] {
        let case = case(name);
        let keys = keys_of(&case);
        let timestamp = case["timestamp"].as_str().map(str::to_owned);
        let timestamp = timestamp.unwrap_or_else(|| case["timestamp"].to_string());
        let stamp = Stamp { timestamp: &timestamp, nonce: text(&case, "nonce") };
        let encrypt = text(&case, "encrypt");
        assert!(keys.sealed(stamp, encrypt, text(&case, "msg_signature")), "{name}");
        let opened = keys.open(encrypt, text(&case, "appid"));
        assert_eq!(opened.as_deref(), case["message"].as_str(), "{name}");
    }
    let case = case("O10");
    let opened = keys_of(&case).open(text(&case, "encrypt"), text(&case, "appid"));
    assert_eq!(opened.as_deref(), case["message"].as_str());
}

#[test]
fn the_sample_of_a_signature_alone_fits() {
    let case = case("O11");
    let stamp = Stamp { timestamp: text(&case, "timestamp"), nonce: text(&case, "nonce") };
    let keys = keys(&[text(&case, "token")], &[]);
    assert!(keys.sealed(stamp, text(&case, "encrypt"), text(&case, "msg_signature")));
}

#[test]
fn the_bad_vectors_of_the_reference_are_refused() {
    let mut refused = 0;
    for case in own().iter().filter(|case| text(case, "name").starts_with('R')) {
        let name = text(case, "name");
        let (mode, expected) = match name.split('-').next().unwrap() {
            "R1" => (Mode::Safe, "msg_signature"),
            "R3" => (Mode::Safe, "no msg_signature"),
            "R4" => (Mode::Safe, "mode"),
            "R6" => (Mode::Safe, "stale"),
            "R14" => (Mode::Plain, "body"),
            _ => (Mode::Safe, "decryption"),
        };
        assert_eq!(reason(verify_case(case, mode, &keys_of(case), NOW)), expected, "{name}");
        refused += 1;
    }
    assert_eq!(refused, 11);
}

#[test]
fn the_lambda_events_of_the_reference_are_read() {
    let events: Value = serde_json::from_str(include_str!("vectors/lambda-events.json")).unwrap();
    for (name, event) in events.as_object().unwrap() {
        let body = event["body"].as_str().unwrap_or_default();
        let body = match event["isBase64Encoded"] {
            Value::Bool(true) => BASE64_STANDARD.decode(body).unwrap(),
            _ => body.as_bytes().to_vec(),
        };
        let request = Request {
            method: event["requestContext"]["http"]["method"].as_str().unwrap(),
            path: text(event, "rawPath"),
            raw_query: text(event, "rawQueryString"),
            body: &body,
        };
        let candidate = Candidate::read(request, NOW).unwrap();
        assert_eq!(candidate.appid(), Some(APPID));
        let keys = keys(&[TOKEN], &[KEY]);
        let verified =
            candidate.verify(&[Receiver { appid: APPID, mode: Mode::Safe, keys: &keys }]);
        assert!(verified.is_ok(), "{name}: {verified:?}");
    }
}

#[test]
fn the_last_character_of_a_key_may_have_bits_of_no_byte() {
    let sealed = seal(TEXT);
    for last in ["o", "p", "q", "r"] {
        let key = format!("{}{last}", &KEY[..42]);
        assert_eq!(keys(&[TOKEN], &[&key]).open(&sealed, APPID).as_deref(), Some(TEXT), "{last}");
    }
}

#[test]
fn push_keys_that_break_a_rule_are_refused_without_their_text() {
    for wrong in [
        json!({ "tokens": [TOKEN], "keys": [&KEY[..42]] }),
        json!({ "tokens": [TOKEN], "keys": [format!("{KEY}=")] }),
        json!({ "tokens": [TOKEN], "keys": [KEY.replace('8', "-")] }),
        json!({ "tokens": [TOKEN], "keys": [KEY, KEY, KEY] }),
        json!({ "tokens": [], "keys": [KEY] }),
        json!({ "tokens": ["a b"], "keys": [KEY] }),
        json!({ "tokens": [TOKEN], "key": KEY }),
        json!("pushRef2026"),
    ] {
        let error = Keys::read(&wrong.to_string()).unwrap_err();
        assert_eq!(error.problem(), Problem::Misconfigured);
        assert!(!format!("{error:?}").contains(&KEY[..10]), "{error:?}");
        assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
    }
    assert!(!format!("{:?}", keys(&[TOKEN], &[KEY])).contains(TOKEN));
}

#[test]
fn the_old_token_and_the_old_key_work_during_a_rotation() {
    let both = keys(&["newToken", TOKEN], &[KEY, OLD_KEY]);
    for token in ["newToken", TOKEN] {
        for key in [KEY, OLD_KEY] {
            let (raw_query, body) = post(&seal_bytes(&framed(TEXT.as_bytes(), APPID), key), token);
            let verified = verify(request("POST", &raw_query, &body), &both, Mode::Safe);
            assert!(matches!(verified, Ok(Verified::Message { .. })), "{token} {key}");
        }
    }
}

#[test]
fn a_text_that_fills_its_blocks_has_a_whole_block_of_padding() {
    let text = "x".repeat(96 - 20 - APPID.len());
    let framed = framed(text.as_bytes(), APPID);
    assert_eq!((framed.len(), framed[127]), (128, 32));
    let opened = keys(&[TOKEN], &[KEY]).open(&seal_bytes(&framed, KEY), APPID);
    assert_eq!(opened, Some(text));
}

#[test]
fn padding_and_lengths_that_lie_are_refused() {
    let keys = keys(&[TOKEN], &[KEY]);
    let good = framed(TEXT.as_bytes(), APPID);
    assert!(keys.open(&seal_bytes(&good, KEY), APPID).is_some());
    for (at, value) in [(good.len() - 1, 33), (good.len() - 1, 0), (16, 0xff), (16, 1), (19, 0)] {
        let mut wrong = good.clone();
        wrong[at] = value;
        assert_eq!(keys.open(&seal_bytes(&wrong, KEY), APPID), None, "{at}");
    }
    for appid in ["", "wx1f2e3d4c5b6a7989", " wx1f2e3d4c5b6a7988"] {
        assert_eq!(keys.open(&seal(TEXT), appid), None, "{appid}");
    }
    // Bytes that are not text.
    assert_eq!(keys.open(&seal_bytes(&framed(b"\xff{}", APPID), KEY), APPID), None);
}

#[test]
fn a_signature_in_the_clear_does_not_stand_in_for_that_of_the_message() {
    let keys = keys(&[TOKEN], &[KEY]);
    let timestamp = NOW.to_string();
    let clear = signature(&[TOKEN, &timestamp, "1"]);
    let body = json!({ "Encrypt": seal(TEXT) }).to_string();
    for raw_query in [
        format!("timestamp={timestamp}&nonce=1&msg_signature={clear}&signature={clear}"),
        format!("timestamp={timestamp}&nonce=1&signature={clear}"),
    ] {
        for mode in [Mode::Safe, Mode::Compatible, Mode::Plain] {
            let result = verify(request("POST", &raw_query, &body), &keys, mode);
            assert!(reason(result).contains("msg_signature"));
        }
    }
}

#[test]
fn an_encrypted_request_without_a_sealed_text_is_refused_in_every_mode() {
    let timestamp = NOW.to_string();
    let clear = signature(&[TOKEN, &timestamp, "1"]);
    let raw_query = format!("timestamp={timestamp}&nonce=1&signature={clear}&encrypt_type=aes");
    let keys = keys(&[TOKEN], &[KEY]);
    let result = verify(request("POST", &raw_query, TEXT), &keys, Mode::Plain);
    assert_eq!(reason(result), "no Encrypt");
}

#[test]
fn two_sealed_texts_in_one_body_are_refused() {
    let sealed = seal(TEXT);
    let (raw_query, _) = post(&sealed, TOKEN);
    let keys = keys(&[TOKEN], &[KEY]);
    for body in [
        format!(r#"{{"Encrypt":"{sealed}","Encrypt":"{sealed}"}}"#),
        format!("<xml><Encrypt>{sealed}</Encrypt><Encrypt>{sealed}</Encrypt></xml>"),
    ] {
        assert_eq!(reason(verify(request("POST", &raw_query, &body), &keys, Mode::Safe)), "body");
    }
}

#[test]
fn a_sealed_text_may_be_character_data_or_text_with_line_breaks_around_it() {
    let sealed = seal(TEXT);
    let (raw_query, _) = post(&sealed, TOKEN);
    let keys = keys(&[TOKEN], &[KEY]);
    let entities = sealed.replace('=', "&#61;").replace('+', "&#x2b;");
    for body in [
        format!("\u{feff}<xml>\n<Encrypt><![CDATA[{sealed}]]></Encrypt>\n</xml>\n"),
        format!("<?xml version=\"1.0\"?><xml><Encrypt>\n  {sealed}\n</Encrypt></xml>"),
        format!("<xml><Encrypt>{entities}</Encrypt></xml>"),
    ] {
        let verified = verify(request("POST", &raw_query, &body), &keys, Mode::Safe);
        assert!(matches!(verified, Ok(Verified::Message { .. })), "{body}");
    }
}

#[test]
fn an_account_in_plain_mode_needs_no_key_and_still_reads_encrypted_messages_with_one() {
    let case = case("N2");
    let no_key = keys(&[TOKEN], &[]);
    assert!(verify_case(&case, Mode::Plain, &no_key, NOW).is_ok());
    for mode in [Mode::Safe, Mode::Compatible] {
        assert_eq!(reason(verify_case(&case, mode, &no_key, NOW)), "mode");
    }
    let (raw_query, body) = post(&seal(TEXT), TOKEN);
    let request = request("POST", &raw_query, &body);
    assert!(verify(request, &keys(&[TOKEN], &[KEY]), Mode::Plain).is_ok());
    assert_eq!(reason(verify(request, &no_key, Mode::Plain)), "decryption");
}

#[test]
fn without_an_app_in_the_url_the_signature_decides() {
    let (mine, other) = (keys(&[TOKEN], &[KEY]), keys(&["otherToken"], &[OLD_KEY]));
    let receivers = [
        Receiver { appid: "wx0000000000000000", mode: Mode::Safe, keys: &other },
        Receiver { appid: APPID, mode: Mode::Safe, keys: &mine },
    ];
    let (raw_query, body) = post(&seal(TEXT), TOKEN);
    for (path, named, found) in [
        ("/", "", true),
        ("/push/receive", "", true),
        ("/push/receive/", "", true),
        ("/push/receive", "&appid=wx1f2e3d4c5b6a7988", true),
        ("/stage/push/receive/wx1f2e3d4c5b6a7988/", "", true),
        ("/push/receive", "&appid=wx0000000000000000", false),
        ("/push/receive/wx0000000000000000", "", false),
        ("/push/receive/unknown", "", false),
    ] {
        let raw_query = format!("{raw_query}{named}");
        let request =
            Request { method: "POST", path, raw_query: &raw_query, body: body.as_bytes() };
        let verified = Candidate::read(request, NOW).unwrap().verify(&receivers);
        assert_eq!(verified.is_ok(), found, "{path} {named}");
    }
}

#[test]
fn a_request_is_refused_by_its_form_before_any_key_is_needed() {
    let long = "x".repeat(513);
    for (method, raw_query, expected) in [
        ("PUT", "timestamp=1764163200&nonce=1&signature=a", Refusal::Method),
        ("POST", "nonce=1&signature=a", Refusal::Forged("timestamp")),
        ("POST", "timestamp=+1764163200&nonce=1&signature=a", Refusal::Forged("timestamp")),
        ("POST", "timestamp=1764163801&nonce=1&signature=a", Refusal::Forged("stale")),
        ("POST", "timestamp=1764162599&nonce=1&signature=a", Refusal::Forged("stale")),
        ("POST", "timestamp=1764163200&nonce[]=1&signature=a", Refusal::Forged("nonce")),
        ("POST", "timestamp=1764163200&nonce=1", Refusal::Forged("signature")),
        ("POST", "timestamp=1764163200&nonce=1&nonce=2&signature=a", Refusal::Forged("query")),
    ] {
        let read = Candidate::read(request(method, raw_query, TEXT), NOW);
        assert_eq!(read.err(), Some(expected), "{raw_query}");
    }
    let body = " ".repeat((256 << 10) + 1);
    let read = Candidate::read(request("POST", "", &body), NOW);
    assert_eq!(read.err(), Some(Refusal::TooLarge));
    let raw_query = format!("timestamp=1764163200&nonce=1&signature=a&echostr={long}");
    let keys = keys(&[TOKEN], &[KEY]);
    assert_eq!(reason(verify(request("GET", &raw_query, ""), &keys, Mode::Safe)), "echostr");
}

#[test]
fn copies_of_a_message_have_one_id_and_different_messages_do_not() {
    let id = |text: &str| detail(text).id;
    assert_eq!(id(TEXT), id(TEXT));
    // A retry after a change of format in the console.
    let as_xml = "<xml><FromUserName>oPuSh0-Ref_User000000000001</FromUserName>\
        <CreateTime>1764163200</CreateTime><MsgType>text</MsgType>\
        <MsgId>24123456789012345</MsgId></xml>";
    assert_eq!(id(TEXT), id(as_xml));
    // Users who speak at once get equal ids.
    assert_ne!(id(TEXT), id(&TEXT.replace("User000000000001", "User000000000002")));
    assert_ne!(id(TEXT), id(&TEXT.replace("2345}", "2346}")));
    assert_ne!(id(TEXT), message(TEXT).detail("wx0000000000000000", NOW).id);
    // Two results of one second differ in a member only.
    let check = text(&case("N7"), "plain").to_owned();
    assert_eq!(id(&check), id(&check));
    assert_ne!(id(&check), id(&check.replace("4e5f6071", "4e5f6072")));
    assert_ne!(id(&check), id(&check.replace("\"prob\":97", "\"prob\":98")));
}

#[test]
fn consumers_get_one_shape_whatever_the_format() {
    let detail = detail(TEXT);
    assert_eq!(
        (detail.kind.as_str(), detail.openid.as_deref(), detail.created_at),
        ("message.text", Some("oPuSh0-Ref_User000000000001"), NOW)
    );
    assert_eq!(detail.data["MsgId"], "24123456789012345");
    let written = serde_json::to_value(&detail).unwrap();
    assert_eq!(written["type"], "message.text");

    // Notices of subscriptions: an object, an array, with a wrapper and without.
    let entry = |status: &str| json!({ "TemplateId": "t", "SubscribeStatusString": status, "PopupScene": "0" });
    let event = |members: Value| {
        let mut event = json!({ "FromUserName": "o1", "CreateTime": "1764163200",
            "MsgType": "event", "Event": "subscribe_msg_popup_event" });
        event.as_object_mut().unwrap().append(&mut members.as_object().unwrap().clone());
        super::tests::detail(&event.to_string())
    };
    let one = event(json!({ "List": entry("accept") }));
    assert_eq!(one.data["List"], json!([entry("accept")]));
    assert_eq!((one.data["CreateTime"].clone(), one.created_at), (json!(NOW), NOW));
    let two = event(json!({ "List": [entry("accept"), entry("reject")] }));
    assert_eq!(two.data["List"][1]["SubscribeStatusString"], "reject");
    let wrapped = event(json!({ "SubscribeMsgPopupEvent": { "List": entry("accept") } }));
    assert_eq!((wrapped.data, wrapped.id), (one.data.clone(), one.id.clone()));
    let xml = "<xml><FromUserName>o1</FromUserName><CreateTime>1764163200</CreateTime>\
        <MsgType><![CDATA[event]]></MsgType><Event>subscribe_msg_popup_event</Event>\
        <SubscribeMsgPopupEvent><List><TemplateId>t</TemplateId>\
        <SubscribeStatusString>accept</SubscribeStatusString><PopupScene>0</PopupScene></List>\
        </SubscribeMsgPopupEvent></xml>";
    let xml = super::tests::detail(xml);
    assert_eq!((xml.kind, xml.data, xml.id), (one.kind, one.data, one.id));
}

#[test]
fn repeated_elements_are_arrays_even_when_there_is_one() {
    let xml = |pictures: &str, failed: &str| {
        detail(&format!(
            "<xml><MsgType>event</MsgType><Event>pic_sysphoto</Event><SendPicsInfo>\
             <Count>1</Count><PicList>{pictures}</PicList></SendPicsInfo>{failed}</xml>"
        ))
        .data
    };
    let picture = "<item><PicMd5Sum><![CDATA[1b5]]></PicMd5Sum></item>";
    let expected = json!([{ "PicMd5Sum": "1b5" }]);
    let one = xml(picture, "<fail_idx>1</fail_idx>");
    assert_eq!(one["SendPicsInfo"]["PicList"], expected);
    assert_eq!(one["fail_idx"], json!(["1"]));
    let two = xml(&picture.repeat(2), "<fail_idx>1</fail_idx><fail_idx>2</fail_idx>");
    assert_eq!(two["SendPicsInfo"]["PicList"].as_array().unwrap().len(), 2);
    assert_eq!(two["fail_idx"], json!(["1", "2"]));
    assert_eq!(xml("\n", "")["SendPicsInfo"]["PicList"], json!([]));
}

#[test]
fn numbers_that_a_double_cannot_hold_are_text() {
    let data = detail(
        r#"{"MsgType":"event","Event":"e","a":9007199254740992,"b":9007199254740993,
            "c":-9007199254740993,"d":123456789012345678901234567890,"e":1.5,"f":-3,"MsgID":7}"#,
    )
    .data;
    let expected = [
        ("a", json!(9_007_199_254_740_992_u64)),
        ("b", json!("9007199254740993")),
        ("c", json!("-9007199254740993")),
        ("d", json!("123456789012345678901234567890")),
        ("e", json!(1.5)),
        ("f", json!(-3)),
        ("MsgID", json!("7")),
    ];
    for (name, value) in expected {
        assert_eq!(data[name], value, "{name}");
    }
}

#[test]
fn the_user_is_named_and_the_platform_is_not() {
    let openid = |members: Value| detail(&members.to_string()).openid;
    let event = |event: &str| {
        openid(json!({ "MsgType": "event", "Event": event, "FromUserName": "oUser" }))
    };
    assert_eq!(event("subscribe").as_deref(), Some("oUser"));
    assert_eq!(event("an_event_of_tomorrow").as_deref(), Some("oUser"));
    for platform in ["wxa_media_check", "weapp_audit_success", "MASSSENDJOBFINISH"] {
        assert_eq!(event(platform), None, "{platform}");
    }
    for name in ["OpenID", "OpenId", "openid"] {
        let revoked = openid(json!({ "MsgType": "event", "Event": "user_authorization_revoke",
            "FromUserName": "gh_platform", name: "oRevoker" }));
        assert_eq!(revoked.as_deref(), Some("oRevoker"));
    }
}

#[test]
fn an_unknown_message_passes_with_its_members() {
    let detail = detail(r#"{"MsgType":"hologram","Shape":{"Sides":[3,4]},"CreateTime":5}"#);
    assert_eq!((detail.kind.as_str(), detail.created_at), ("message.hologram", 5));
    assert_eq!(detail.data["Shape"], json!({ "Sides": [3, 4] }));
    let system = super::tests::detail("<xml><InfoType>authorized</InfoType></xml>");
    assert_eq!((system.kind.as_str(), system.created_at), ("event.authorized", NOW));
    assert_eq!(super::tests::detail("{}").kind, "message.unknown");
    let long = json!({ "MsgType": "x".repeat(500) }).to_string();
    assert_eq!(super::tests::detail(&long).kind.len(), 108);
}

#[test]
fn virtual_payments_are_acknowledged_in_their_own_words() {
    let json = message(r#"{"MsgType":"event","Event":"xpay_goods_deliver_notify"}"#);
    assert_eq!(json.answer(), r#"{"ErrCode":0,"ErrMsg":"success"}"#);
    let xml = message("<xml><MsgType>event</MsgType><Event>xpay_coin_pay_notify</Event></xml>");
    assert!(xml.answer().starts_with("<xml>"));
    assert_eq!(message(TEXT).answer(), "success");
}

#[test]
fn xml_that_wechat_never_sends_is_refused() {
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(xml::read(&deep(xml::DEPTH)).is_some());
    for wrong in [
        "<!DOCTYPE x><xml/>",
        "<!DOCTYPE x [<!ENTITY e \"x\">]><xml>&e;</xml>",
        "<xml>&nbsp;</xml>",
        "<xml>&#0;</xml>",
        "<xml>&#xd800;</xml>",
        "<xml>&#x110000;</xml>",
        "<xml>&amp</xml>",
        "<xml>& </xml>",
        "<xml><a></b></xml>",
        "<xml><a></xml>",
        "<xml>",
        "</xml>",
        "<xml/><xml/>",
        "<xml/>text",
        "text<xml/>",
        "<xml><![CDATA[</xml>",
        "<xml><?php ?></xml>",
        "",
        &deep(xml::DEPTH + 1),
        &format!("<xml>{}</xml>", "<a/>".repeat(10_001)),
    ] {
        assert_eq!(xml::read(wrong), None, "{}", wrong.get(..80).unwrap_or(wrong));
    }
    assert_eq!(
        xml::read("<!-- c --><xml a=\"1\">a &lt;&#128512;&#x41; <![CDATA[<b>&amp;]]>\n</xml>"),
        Some(json!("a <😀A <b>&amp;\n"))
    );
}

#[test]
fn json_that_is_too_deep_is_refused() {
    let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(Message::read(&deep(15)).is_some());
    assert!(Message::read(&deep(16)).is_none());
    assert!(Message::read(&deep(10_000)).is_none());
    assert!(Message::read("[]").is_none());
    assert!(Message::read("{} x").is_none());
}

/// XML-ish and JSON-ish text, so that parsers get past the first byte.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "<[a-zA-Z/!?\\[\\]-]{0,8}>?",
        "&#?x?[0-9a-fA-F]{0,8};?",
        Just("<![CDATA[".to_owned()),
        Just("]]>".to_owned()),
        Just("<!DOCTYPE".to_owned()),
        Just("<!--".to_owned()),
        Just("-->".to_owned()),
        Just("<xml>".to_owned()),
        Just("</xml>".to_owned()),
        Just("{\"Encrypt\":".to_owned()),
        "[{}\\[\\],:\"0-9eE.+-]{0,6}",
        "\\PC{0,6}",
    ];
    let start = prop_oneof![Just("<xml>"), Just("{\"a\":"), Just("")];
    (start, prop::collection::vec(piece, 0..24))
        .prop_map(|(start, pieces)| format!("{start}{}", pieces.concat()))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in hostile()) {
        if let Some(message) = Message::read(&text) {
            let detail = message.detail(APPID, NOW);
            prop_assert_eq!(detail.id.len(), 64);
        }
    }

    #[test]
    fn any_bytes_under_a_right_signature_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..160),
    ) {
        let keys = keys(&[TOKEN], &[KEY]);
        let (raw_query, body) = post(&BASE64_STANDARD.encode(&bytes), TOKEN);
        let verified = verify(request("POST", &raw_query, &body), &keys, Mode::Safe);
        prop_assert!(verified.is_err());
        // Decrypted nonsense gets past the cipher.
        let whole = bytes.len() / 16 * 16;
        let _ = keys.open(&seal_bytes(&bytes[..whole], KEY), APPID);
    }

    #[test]
    fn any_text_opens_as_it_was_sealed(text in "\\PC{0,200}") {
        let keys = keys(&[TOKEN], &[KEY]);
        prop_assert_eq!(keys.open(&seal(&text), APPID), Some(text));
    }

    #[test]
    fn one_changed_character_of_a_request_is_refused(at in any::<prop::sample::Index>()) {
        let keys = keys(&[TOKEN], &[KEY]);
        let sealed = seal(TEXT);
        let (raw_query, _) = post(&sealed, TOKEN);
        let mut changed = sealed.into_bytes();
        let at = at.index(changed.len());
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let body = json!({ "Encrypt": String::from_utf8(changed).unwrap() }).to_string();
        let result = verify(request("POST", &raw_query, &body), &keys, Mode::Safe);
        prop_assert_eq!(reason(result), "msg_signature");
    }

    #[test]
    fn any_query_is_read_or_refused(raw_query in "[a-z_=&%0-9+\\[\\]]{0,80}") {
        let keys = keys(&[TOKEN], &[KEY]);
        prop_assert!(verify(request("POST", &raw_query, TEXT), &keys, Mode::Plain).is_err());
    }

    #[test]
    fn a_message_reads_alike_from_json_and_from_xml(
        members in prop::collection::btree_map("[A-Z][a-z]{1,6}X", "[ -~]{0,20}", 1..8),
    ) {
        let mut xml = String::from("<xml>");
        for (name, value) in &members {
            let value = value.replace('&', "&amp;").replace('<', "&lt;");
            xml.push_str(&format!("<{name}>{value}</{name}>"));
        }
        xml.push_str("</xml>");
        let json: Map<String, Value> =
            members.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        let json = Value::from(json).to_string();
        prop_assert_eq!(detail(&xml), detail(&json));
    }
}
