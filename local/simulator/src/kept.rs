//! What a WeChat remembers beyond the end of its process: everything but the journal, the trouble
//! it was told to make, and what the accounts are configured as.

use std::{
    any::{Any, TypeId, type_name},
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::Ordering},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Simulator, Template, lock};

/// A kept state and how it is written down.
#[derive(Clone)]
pub(super) struct Kept {
    name: &'static str,
    state: Arc<dyn Any + Send + Sync>,
    save: fn(&(dyn Any + Send + Sync)) -> Value,
}

/// What is kept of a WeChat; it is written and read as JSON.
#[derive(Default, Serialize, Deserialize)]
pub struct Memory {
    /// By how many milliseconds its clock was moved beyond the one it follows.
    ahead_ms: i64,
    /// How many random values were drawn.
    drawn: u64,
    /// The templates of each account, which apps add and delete.
    templates: BTreeMap<String, BTreeMap<String, Template>>,
    /// What each area remembers, by the type it remembers it in.
    areas: BTreeMap<String, Value>,
    /// WeChat Pay's orders, refunds and notifications.
    pay: Value,
}

impl Simulator {
    /// What there is to keep.
    pub fn memory(&self) -> Memory {
        let kept: Vec<Kept> = lock(&self.0.kept).values().cloned().collect();
        // What was kept and not asked for since is kept on.
        let mut areas = lock(&self.0.before).clone();
        areas.extend(kept.iter().map(|kept| (kept.name.to_owned(), (kept.save)(&*kept.state))));
        let templates = self.accounts().into_iter();
        Memory {
            ahead_ms: self.clock().ahead_ms(),
            drawn: self.0.drawn.load(Ordering::Relaxed),
            templates: templates.map(|a| (a.appid.clone(), a.templates.clone())).collect(),
            areas,
            pay: self.pay().memory(),
        }
    }

    /// Remembers what another process kept, before anything was asked of this one.
    pub fn recall(&self, memory: Memory) {
        let Memory { ahead_ms, drawn, templates, areas, pay } = memory;
        self.clock().advance_ms(ahead_ms);
        self.0.drawn.store(drawn, Ordering::Relaxed);
        for (appid, templates) in templates {
            self.change_account(&appid, |account| account.templates = templates);
        }
        *lock(&self.0.before) = areas;
        self.pay().recall(pay);
    }

    /// Works with what an area remembers for good; `act` must not ask for the same state again.
    pub(super) fn kept<T, R>(&self, act: impl FnOnce(&mut T) -> R) -> R
    where
        T: Default + Serialize + DeserializeOwned + Send + 'static,
    {
        let kept = lock(&self.0.kept)
            .entry(TypeId::of::<T>())
            .or_insert_with(|| {
                let name = type_name::<T>();
                // What another version wrote differently is as good as nothing.
                let before = lock(&self.0.before).remove(name);
                let state = before.and_then(|value| serde_json::from_value::<T>(value).ok());
                Kept {
                    name,
                    state: Arc::new(Mutex::new(state.unwrap_or_default())),
                    save: save::<T>,
                }
            })
            .clone();
        let state = kept.state.downcast::<Mutex<T>>().expect("states are kept by their type");
        act(&mut lock(&state))
    }
}

fn save<T: Serialize + Send + 'static>(state: &(dyn Any + Send + Sync)) -> Value {
    let state = state.downcast_ref::<Mutex<T>>().expect("states are kept by their type");
    serde_json::to_value(&*lock(state)).expect("a kept state has string keys")
}

/// Maps whose keys are no texts, for `#[serde(with = "pairs")]`.
pub(super) mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<'a, M, K, V, S>(map: &'a M, to: S) -> Result<S::Ok, S::Error>
    where
        &'a M: IntoIterator<Item = (&'a K, &'a V)>,
        K: Serialize + 'a,
        V: Serialize + 'a,
        S: Serializer,
    {
        to.collect_seq(map)
    }

    pub(crate) fn deserialize<'de, M, K, V, D>(from: D) -> Result<M, D::Error>
    where
        M: FromIterator<(K, V)>,
        K: Deserialize<'de>,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}

/// Bytes as base64, for `#[serde(with = "base64")]`.
pub(super) mod base64 {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use hyper::body::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        BASE64_STANDARD.encode(bytes).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map(Into::into).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::{
        CardState, InvoiceState, LONG_TERM_TEMPLATE, PaidOrder, Upload, User,
        fixture::{MINI, OFFICIAL, SECRET, errcode, simulator},
    };

    /// Another process that reads what this one wrote.
    fn restarted(old: &Simulator) -> Simulator {
        let text = serde_json::to_string(&old.memory()).unwrap();
        let (_, new) = simulator();
        new.recall(serde_json::from_str(&text).unwrap());
        new
    }

    #[test]
    fn a_code_a_token_and_a_clock_outlive_a_restart() {
        let (_, old) = simulator();
        let alice = User::new("alice");
        let code = old.mint_code(MINI, &alice);
        let token = old.token(MINI);
        old.clock().advance(Duration::from_secs(60));

        // Twice, because what nobody asked for in between must not be lost.
        let new = restarted(&restarted(&old));

        assert_eq!(new.clock().now(), old.clock().now());
        assert_eq!(new.token(MINI), token);
        let query = format!("appid={MINI}&secret={SECRET}&js_code={code}");
        let login = format!("/sns/jscode2session?grant_type=authorization_code&{query}");
        assert_eq!(new.get(&login)["openid"], alice.openid(MINI));
        assert_eq!(errcode(&restarted(&new).get(&login)), 40163, "a code is good once");
        assert_ne!(new.mint_code(MINI, &alice), code, "no random value comes twice");
    }

    #[test]
    fn every_area_can_be_written_down_and_read() {
        let (_, old) = simulator();
        let alice = User::new("alice");
        let card = old.issue_card(OFFICIAL, "110201201245");
        old.put_invoice("encrypted", "card", InvoiceState::Usable);
        old.subscribe(MINI, &alice, LONG_TERM_TEMPLATE, 3);
        old.upload(MINI, Upload::Image(vec![0xff, 0, 1].into()));
        old.open_rooms(MINI, &["茶会"]);
        old.user_key(MINI, &alice);
        old.pay_order(
            MINI,
            &alice,
            PaidOrder {
                transaction_id: "42".into(),
                mchid: "1900000001".into(),
                out_trade_no: "1".into(),
                description: "茶".into(),
                paid_amount: 1,
            },
        );
        old.token(OFFICIAL);
        let written = serde_json::to_value(old.memory()).unwrap();
        let areas = written["areas"].as_object().unwrap();
        assert!(areas.len() >= 7, "{:?}", areas.keys());

        let new = restarted(&old);

        // Each area is read the first time it is asked for.
        assert!(new.change_card(&card, CardState::Gone));
        assert!(new.ship_order(MINI, "42", "SF1"));
        new.put_invoice("encrypted", "card", InvoiceState::Usable);
        new.subscribe(MINI, &alice, LONG_TERM_TEMPLATE, 0);
        new.upload(MINI, Upload::Video { url: "https://example.com".into() });
        assert_eq!(new.open_rooms(MINI, &[]), 2, "one room is there");
        assert_eq!(new.user_key(MINI, &alice).iv, old.user_key(MINI, &alice).iv);
        new.token(OFFICIAL);
        let again = serde_json::to_value(new.memory()).unwrap();
        for (name, area) in areas {
            let kept = &again["areas"][name];
            assert!(kept.to_string().len() >= area.to_string().len(), "{name}: {area} {kept}");
        }
        assert_eq!(again["pay"], written["pay"]);
        let odd = json!({ "ahead_ms": 0, "drawn": 0, "templates": {}, "areas": { "simulator::cards::Cards": 7 }, "pay": 7 });
        new.recall(serde_json::from_value(odd).unwrap());
    }
}
