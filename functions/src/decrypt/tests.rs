use base64::prelude::{BASE64_STANDARD, Engine as _};
use cbc::{Encryptor, cipher::BlockModeEncrypt};
use proptest::prelude::*;
use serde_json::json;
use shared::{Input, Operation, value::Rule};

use super::{get_user_data::is_signed, *};
use crate::phonenumber::PhoneNumber;

const APPID: &str = "wx4f4bc4dec97d474b";
const KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const WRONG_KEY: &str = "7MG7jbTToVVRWRXVA885rg==";
const IV: &str = "r7BXXKkLb8qrSNn05n0qiA==";

/// WeChat's own sample.
const USER: &str = "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==";
const STEPS: &str = "XoLUxF76jN/OsfTGUqF/ZqRn+2PtO66lAMg/g0D3bg1L2/Nds8gTQrH7fGmbTgGtUC2R9lbJh7fLEaO9boeCqru1Em2BD/IbfN6lI/nu55iYlOdvBG/PicU8pMeVU32BbPbuBPfdepmSaUwEkK0Wl9KeBHHTYHb/9TnqIAwbLJQv0Oll+IEywG4AFY4Wq/8dGf0JTjHnyU1Clv5QsQ0wmA==";
const GROUP: &str = "CsjYcjLT5PN1TMQ2Bc3D2+Flr4Ai0lV9EdhFl8T9nk0iDXUykMaPIG10YFmxb94BwN2Nwi9jU0te1+Tiz8vFgAe90zZ5/qrfdCmIv2Qnn9fRZg63qdveYAMY4Mcy7O+8qYqyiN1CEftau6Q6Xd33WA==";

/// That of the reference, which is the operation's example.
fn phone() -> String {
    let example: Value = serde_json::from_str(GetPhoneNumber::EXAMPLE).unwrap();
    assert_eq!(example["iv"], IV);
    example["encryptedData"].as_str().unwrap().to_owned()
}

/// The part of both inputs that is encrypted.
#[derive(Deserialize)]
struct Sample {
    #[serde(rename = "encryptedData")]
    data: Blocks,
    iv: FirstBlock,
}

fn read(data: &str, iv: &str) -> Result<Sealed> {
    let body = json!({ "encryptedData": data, "iv": iv }).to_string();
    let Sample { data, iv } = Input::json(body.as_bytes())?.read()?;
    Ok(Sealed { data, iv })
}

fn decrypt(data: &str, key: &str) -> Result<Map<String, Value>> {
    open(&read(data, IV)?, [Secret::new(key)], APPID).map(|opened| opened.data.members)
}

fn seal(plain: &[u8]) -> String {
    let (key, iv) = (block(KEY).unwrap(), block(IV).unwrap());
    let sealed =
        Encryptor::<Aes128>::new(&key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(plain);
    BASE64_STANDARD.encode(sealed)
}

fn problem<T>(result: Result<T>) -> Option<Problem> {
    result.err().map(|error| error.problem())
}

#[test]
fn the_vectors_decrypt() {
    let watermark = json!({ "timestamp": 1_637_744_274, "appid": APPID });
    let user = decrypt(USER, KEY).unwrap();
    assert_eq!((&user["nickName"], user.len()), (&json!("Band"), 10));
    assert_eq!(user["unionId"], "ocMvos6NjeKLIBqg5Mr9QjxrP1FA");
    assert_eq!(user["watermark"]["timestamp"], 1_477_314_187);
    let steps = json!([
        { "timestamp": 1_445_866_601, "step": 100 }, { "timestamp": 1_445_876_601, "step": 120 },
    ]);
    let expected = json!({ "stepInfoList": steps, "watermark": watermark });
    assert_eq!(Value::from(decrypt(STEPS, KEY).unwrap()), expected);
    let expected = json!({ "openGId": "tGDGS46zr9vvPvDqGkYNxPPC2aZg0", "watermark": watermark });
    assert_eq!(Value::from(decrypt(GROUP, KEY).unwrap()), expected);
    let phone = open(&read(&phone(), IV).unwrap(), [Secret::new(KEY)], APPID).unwrap();
    let expected = json!({
        "phoneNumber": "13580006666", "purePhoneNumber": "13580006666", "countryCode": "86",
        "watermark": watermark,
    });
    assert_eq!(json!(phone.read::<PhoneNumber>().unwrap()), expected);
}

#[test]
fn a_stale_key_says_so_and_the_previous_one_is_tried() {
    for data in [USER, &phone(), STEPS, GROUP] {
        assert_eq!(problem(decrypt(data, WRONG_KEY)), Some(Problem::StaleSessionKey));
        let keys = [Secret::new(WRONG_KEY), Secret::new(KEY)];
        let opened = open(&read(data, IV).unwrap(), keys, APPID).unwrap();
        assert_eq!(opened.session_key, Secret::new(KEY));
    }
}

#[test]
fn padding_and_json_are_one_failure() {
    let document = |error: Error| Value::from(error.document(""));
    let expected = document(decrypt(USER, WRONG_KEY).unwrap_err());
    for plain in [&b""[..], b"{", b"[1]", b"null", b"{} {}"] {
        assert_eq!(document(decrypt(&seal(plain), KEY).unwrap_err()), expected, "{plain:?}");
    }
    // One block short of its padding.
    let cut = BASE64_STANDARD.encode(&read(USER, IV).unwrap().data.0[0][16..]);
    assert_eq!(document(decrypt(&cut, KEY).unwrap_err()), expected);
}

#[test]
fn another_apps_and_other_kinds_of_data_are_one_failure_too() {
    let mark = |appid: &str| json!({ "watermark": { "appid": appid, "timestamp": 1 } });
    for data in [mark("wx0000000000000000"), json!({}), json!({ "watermark": { "appid": APPID } })]
    {
        let error = decrypt(&seal(data.to_string().as_bytes()), KEY).unwrap_err();
        assert_eq!(Value::from(error.document("")), Value::from(unusable().document("")), "{data}");
    }
    let group = open(&read(GROUP, IV).unwrap(), [Secret::new(KEY)], APPID).unwrap();
    assert_eq!(problem(group.read::<PhoneNumber>()), Some(Problem::Undecryptable));
}

#[test]
fn what_transports_do_to_base64_is_undone() {
    let lines: String = USER
        .as_bytes()
        .chunks(76)
        .flat_map(|line| [line, b"\r\n"].concat())
        .map(char::from)
        .collect();
    let spaced = format!("  {}", USER.replace('/', "/ "));
    for data in [USER.replace('+', " "), lines, spaced, USER.replace('=', "")] {
        assert!(decrypt(&data, KEY).is_ok(), "{data}");
    }
}

#[test]
fn indented_data_is_decrypted_whichever_way_its_spaces_are_read() {
    let lines = |indent: &str| -> String {
        USER.as_bytes()
            .chunks(64)
            .map(|line| format!("{indent}{}\n", String::from_utf8_lossy(line)))
            .collect()
    };
    // Sixteen spaces a line, and two: as pluses some of them would be whole blocks as well.
    for indent in [" ".repeat(64), " ".repeat(16), "  ".to_owned(), "\t".to_owned()] {
        assert!(decrypt(&lines(&indent), KEY).is_ok(), "{indent:?}");
        let form = lines(&indent).replace('+', " ");
        assert!(decrypt(&form, KEY).is_ok(), "{indent:?}, and a + became a space");
    }
}

#[test]
fn a_control_character_in_decrypted_data_is_read_as_in_a_plain_answer() {
    let plain = format!(
        "{{\"nickName\":\"a\u{1}b\nc\",\"watermark\":{{\"appid\":\"{APPID}\",\"timestamp\":7}}}}"
    );
    assert_eq!(decrypt(&seal(plain.as_bytes()), KEY).unwrap()["nickName"], "a b c");
}

#[test]
fn decrypted_numbers_keep_their_digits() {
    let digits = "4200000000000000000000000001";
    let plain =
        format!("{{\"id\":{digits},\"watermark\":{{\"appid\":\"{APPID}\",\"timestamp\":7}}}}");
    let opened = open(&read(&seal(plain.as_bytes()), IV).unwrap(), [Secret::new(KEY)], APPID);
    assert_eq!(opened.unwrap().data.json.get(), plain);
}

#[test]
fn malformed_input_is_named() {
    for (data, iv, field) in [
        ("", IV, "encryptedData"),
        ("AAAA", IV, "encryptedData"),
        ("é", IV, "encryptedData"),
        (&USER[..USER.len() - 8], IV, "encryptedData"),
        (&"A".repeat(EncryptedData::MAX + 1), IV, "encryptedData"),
        (USER, "", "iv"),
        (USER, "r7BXXKkLb8qrSNn05n0q", "iv"),
        (USER, "!7BXXKkLb8qrSNn05n0qiA==", "iv"),
    ] {
        let error = read(data, iv).err().unwrap();
        assert_eq!(error.document("")["field"], field);
    }
    let largest = "A".repeat(EncryptedData::MAX / 64 * 64);
    assert!(read(&largest, IV).is_ok());
}

#[test]
fn raw_data_is_signed_with_the_session_key() {
    let raw = r#"{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}"#;
    let key = Secret::new("HyVFkGl5F5OQWJZZaNzBBg==");
    let signature = "75e81ceda165f4ffa64f4068af58c64b8f54b88c";
    assert!(is_signed(raw, signature, &key));
    assert!(!is_signed(&raw.replace("Band", "Bane"), signature, &key));
    assert!(!is_signed(raw, "", &key));
    assert!(!is_signed(raw, signature, &Secret::new(KEY)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(data in ".{0,200}", iv in ".{0,40}", key in ".{0,40}") {
        if let Ok(sealed) = read(&data, &iv) {
            prop_assert!(sealed.open(&Secret::new(key)).is_none());
        }
    }

    #[test]
    fn any_blocks_are_answered_alike(blocks in prop::collection::vec(any::<[u8; 16]>(), 1..20)) {
        let data = BASE64_STANDARD.encode(blocks.concat());
        let error = decrypt(&data, KEY).unwrap_err();
        prop_assert_eq!(error.document(""), stale().document(""));
    }

    #[test]
    fn an_altered_byte_is_one_of_two_failures_or_data(at in 0usize..400, flip in 1u8..) {
        let mut sealed = read(USER, IV).unwrap();
        sealed.data.0[0][at] ^= flip;
        if let Err(error) = open(&sealed, [Secret::new(KEY)], APPID) {
            let document = error.document("");
            prop_assert!(document == stale().document("") || document == unusable().document(""));
        }
    }

    #[test]
    fn whatever_was_sealed_is_opened(text in "\\PC*", spaces in any::<bool>()) {
        let plain = json!({ "nickName": text, "watermark": { "appid": APPID, "timestamp": 7 } });
        let data = seal(plain.to_string().as_bytes());
        let data = if spaces { data.replace('+', " ") } else { data };
        prop_assert_eq!(Value::from(decrypt(&data, KEY).unwrap()), plain);
    }
}
