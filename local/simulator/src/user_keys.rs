//! Keys that a mini program and its server share: `wxa/business/getuserencryptkey`, and
//! `wx.getUserCryptoManager` on the other side.

use std::collections::HashMap;

use aes::Aes128;
use base64::{Engine, prelude::BASE64_STANDARD};
use cbc::{
    Encryptor,
    cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answer, Call, Reply, Route, refuse};
use super::{AccountKind, Simulator, User, kept, login};

/// How long a key is the latest one.
const LATEST_MS: u64 = 3_600_000;

/// How long it can be asked for.
const LIFE_MS: u64 = 3 * LATEST_MS;

pub(super) fn routes() -> Vec<Route> {
    let path = "/wxa/business/getuserencryptkey";
    vec![Route::any(path, getuserencryptkey).only(&[AccountKind::MiniProgram])]
}

/// What `getLatestUserKey` gives to a mini program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserKey {
    /// The AES key, in base64.
    pub encrypt_key: String,
    /// Where the cipher starts, in base64.
    pub iv: String,
    /// Which key it is.
    pub version: u64,
    created_ms: u64,
}

impl Simulator {
    /// The latest key that a user shares with an app; a new one every hour.
    pub fn user_key(&self, appid: &str, user: &User) -> UserKey {
        latest(self, appid, &user.openid(appid))
    }
}

impl UserKey {
    /// Encrypts as a mini program does, in base64.
    pub fn seal(&self, data: &str) -> String {
        let bytes = |text: &str| -> [u8; 16] {
            let bytes = BASE64_STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
            bytes.expect("keys are made of 16 bytes in base64")
        };
        let sealed =
            Encryptor::<Aes128>::new(&bytes(&self.encrypt_key).into(), &bytes(&self.iv).into())
                .encrypt_padded_vec::<Pkcs7>(data.as_bytes());
        BASE64_STANDARD.encode(sealed)
    }
}

/// By appid and openid, oldest first.
#[derive(Default, Serialize, Deserialize)]
struct Keys(#[serde(with = "kept::pairs")] HashMap<(String, String), Vec<UserKey>>);

fn latest(simulator: &Simulator, appid: &str, openid: &str) -> UserKey {
    let now = simulator.clock().now_ms();
    let fresh = (simulator.random::<16>(), simulator.random::<16>());
    simulator.kept(|Keys(keys): &mut Keys| {
        let keys = keys.entry((appid.to_owned(), openid.to_owned())).or_default();
        keys.retain(|key| now < key.created_ms + LIFE_MS);
        match keys.last() {
            Some(key) if now < key.created_ms + LATEST_MS => key.clone(),
            last => {
                let key = UserKey {
                    encrypt_key: BASE64_STANDARD.encode(fresh.0),
                    iv: BASE64_STANDARD.encode(fresh.1),
                    version: last.map_or(1, |key| key.version + 1),
                    created_ms: now,
                };
                keys.push(key.clone());
                key
            }
        }
    })
}

/// `POST /wxa/business/getuserencryptkey`: the last three keys, newest first.
fn getuserencryptkey(call: &Call) -> Answer {
    let account = call.account()?;
    let openid = call.required("openid", 40003, "invalid openid")?.to_owned();
    if call.query("sig_method") != Some("hmac_sha256") {
        return Err(refuse(87008, "invalid sig_method"));
    }
    let Some(session_key) = call.simulator.session_key_of(&account.appid, &openid) else {
        return Err(refuse(87007, "session_key is not existed or expired"));
    };
    if call.query("signature") != Some(&login::signature(&session_key, b"")) {
        return Err(refuse(87009, "invalid signature"));
    }
    latest(call.simulator, &account.appid, &openid);
    let now = call.now_ms();
    let list: Vec<Value> = call.simulator.kept(|Keys(keys): &mut Keys| {
        let keys = keys.get(&(account.appid.clone(), openid)).into_iter().flatten().rev().take(3);
        keys.map(|key| {
            json!({
                "encrypt_key": key.encrypt_key,
                "version": key.version,
                "expire_in": (key.created_ms + LIFE_MS - now) / 1_000,
                "iv": key.iv,
                "create_time": key.created_ms / 1_000,
            })
        })
        .collect()
    });
    Ok(Reply::ok(json!({ "key_info_list": list })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, SECRET, errcode, simulator};

    #[test]
    fn the_last_three_keys_are_told_to_who_signs_with_the_session_key() {
        let (clock, simulator) = simulator();
        let alice = User::new("alice");
        let code = simulator.mint_code(MINI, &alice);
        let query = format!("appid={MINI}&secret={SECRET}&js_code={code}");
        let login =
            simulator.get(&format!("/sns/jscode2session?grant_type=authorization_code&{query}"));
        let session_key = login["session_key"].as_str().unwrap().to_owned();
        let ask = |session_key: &str| {
            let signature = login::signature(session_key, b"");
            let (token, openid) = (simulator.token(MINI), alice.openid(MINI));
            let query = format!("access_token={token}&openid={openid}&signature={signature}");
            simulator.post(
                &format!("/wxa/business/getuserencryptkey?{query}&sig_method=hmac_sha256"),
                "{}",
            )
        };

        for _ in 0..5 {
            simulator.user_key(MINI, &alice);
            clock.advance_ms(3_600_000);
        }

        let answer = ask(&session_key);
        let versions = answer["key_info_list"].as_array().unwrap();
        let versions: Vec<_> =
            versions.iter().map(|key| key["version"].as_u64().unwrap()).collect();
        assert_eq!(versions, [6, 5, 4]);
        assert_eq!(
            answer["key_info_list"][0]["encrypt_key"],
            simulator.user_key(MINI, &alice).encrypt_key
        );
        assert_eq!(errcode(&ask("bm90IHRoZSBrZXkgaXQ=")), 87009);
    }
}
