//! Users' keys that this environment has asked WeChat for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use shared::{App, Caller, Capability, Result, capability::Facts};

use crate::internet::UserKeys;

/// Above this many keys, all are forgotten.
const LIMIT: usize = 1_000;

/// Users' keys that this environment keeps until they expire.
pub struct PayloadKeys;

/// App, user and version of a key.
type Name = (String, String, u64);

/// Keys by their names, and when each expires.
#[derive(Default)]
pub struct Kept(Mutex<HashMap<Name, (u64, String)>>);

impl Kept {
    /// The key of a version, asked for if it is not known; `None` if WeChat does not tell it.
    ///
    /// # Errors
    /// Those of `ask`.
    pub(super) async fn get(
        &self,
        caller: &Caller,
        version: u64,
        ask: impl Future<Output = Result<UserKeys>>,
    ) -> Result<Option<String>> {
        let name = |version| -> Result<_> {
            Ok((caller.appid().to_owned(), caller.openid()?.to_owned(), version))
        };
        let (now, wanted) = (caller.now(), name(version)?);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&wanted).cloned();
        if let Some((expires_at, key)) = known
            && now < expires_at
        {
            return Ok(Some(key));
        }
        let told = ask.await?.key_info_list;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() > LIMIT {
            kept.clear();
        }
        for key in told {
            kept.insert(name(key.version)?, (now + key.expire_in, key.encrypt_key));
        }
        Ok(kept.get(&wanted).map(|(_, key)| key.clone()))
    }
}

impl Capability for PayloadKeys {
    type Handle<'a> = Arc<Kept>;

    /// Memory needs no policy and has no failures.
    fn describe(_into: &mut Vec<Facts>) {}

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> Arc<Kept> {
        app.state()
    }
}
