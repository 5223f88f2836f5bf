//! `code#<sha256>`: single-use codes, so that a client's retry gets the first answer.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::put_item::{PutItem, PutItemError, PutItemInput},
    types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};

use super::{Item, PARTITION_KEY, TTL, Table, number, read_number, read_text, text, unavailable};
use crate::{
    Error, Problem, Result,
    credentials::Consistency,
    crypto::{nonce, sha256_hex},
    session::SESSION_LIFE,
    trace,
    value::{Openid, Text},
    wechat::refused,
};

/// WeChat's codes live five minutes; so does the memory of an exchange. In seconds.
const MEMORY: u64 = 300;

/// A code that WeChat refused is not sent again for this long, in seconds.
const REFUSAL_MEMORY: u64 = 60;

/// An exchange that takes longer than this is given up, in seconds.
const CLAIM_LIFE: u64 = 10;

/// How long the second of two simultaneous requests waits for the first, in milliseconds
/// between looks.
const LOOKS: [u64; 8] = [100, 150, 250, 400, 600, 800, 1000, 1200];

/// The right to exchange a code at WeChat.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    pk: String,
    owner: String,
    /// SHA-256 of the secret that only the client that began the login has, if it uses one.
    proof: Option<String>,
}

/// What the exchange of a code gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The user, as this app knows them.
    pub openid: String,
    /// The user across the apps of one owner.
    pub unionid: Option<String>,
    /// The user is a snapshot page's visitor, and perhaps made up.
    pub snapshot: bool,
    /// What the user consented to, in a login by OAuth.
    pub scope: Option<String>,
    /// The session's id.
    pub sid: String,
    /// When the session was issued, seconds since 1970.
    pub issued_at: u64,
    /// When the session expires, seconds since 1970.
    pub expires_at: u64,
}

impl Exchange {
    /// A session that begins at `now`, of a user whom WeChat has named.
    ///
    /// WeChat has sent empty unionids: joined by those, strangers would be one person.
    pub fn new(openid: Text<Openid>, unionid: Option<String>, now: u64) -> Exchange {
        Exchange {
            openid: openid.into_string(),
            unionid: unionid.filter(|unionid| !unionid.is_empty()),
            snapshot: false,
            scope: None,
            sid: nonce(),
            issued_at: now,
            expires_at: now.saturating_add(SESSION_LIFE),
        }
    }
}

enum State {
    Free,
    Pending,
    /// What the exchange gave, and the proof of the client that made it, if there was one.
    Done(Exchange, Option<String>),
    /// WeChat refused the code with this errcode.
    Refused(i64),
}

impl Table {
    /// Claims a code, or returns what its first exchange gave within the last five minutes.
    ///
    /// Of simultaneous requests one gets the claim and the others wait for its outcome. Where the
    /// first exchange had a proof, only a request with the same proof gets its outcome.
    ///
    /// # Errors
    /// What WeChat said of the code if it refused it within the last minute;
    /// [`Problem::CodeUsed`] if the proof is another; [`Problem::InProgress`] if the first request
    /// takes too long; [`Problem::TableUnavailable`].
    pub async fn claim_code(
        &self,
        appid: &str,
        code: &str,
        proof: Option<String>,
        now: u64,
    ) -> Result<std::result::Result<Claim, Exchange>> {
        let pk = format!("code#{}", sha256_hex(format!("{appid}#{code}")));
        let claim = Claim { pk, owner: nonce(), proof };
        let mut state = match self.put_claim(&claim, now).await {
            Ok(state) => state,
            Err(error) => {
                // The claim may have been written; its owner is gone with this request.
                let _ = self.release_code(&claim).await;
                return Err(error);
            }
        };
        for pause in LOOKS {
            match state {
                State::Free => return Ok(Ok(claim)),
                State::Done(exchange, None) => return Ok(Err(exchange)),
                State::Done(exchange, proof) if proof == claim.proof => return Ok(Err(exchange)),
                State::Refused(errcode) => return Err(refused(errcode, now)),
                State::Done(..) => {
                    return Err(Error::new(
                        Problem::CodeUsed,
                        [
                            "The code was used by another client; begin the login again.",
                            "该 code 已被其他客户端使用，请重新登录。",
                        ],
                    ));
                }
                State::Pending => {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    state = match self.read_claim(&claim).await? {
                        // The first request gave the code back: this one may try.
                        State::Free => self.put_claim(&claim, now).await?,
                        state => state,
                    };
                }
            }
        }
        Err(Error::new(
            Problem::InProgress,
            [
                "The same code is being exchanged by another request; try again after Retry-After.",
                "另一请求正在兑换同一 code，请在 Retry-After 之后重试。",
            ],
        ))
    }

    async fn put_claim(&self, claim: &Claim, now: u64) -> Result<State> {
        trace::table_write();
        let put = PutItemInput::builder()
            .table_name(&self.name)
            .item(PARTITION_KEY, text(&claim.pk))
            .item("claim_owner", text(&claim.owner))
            .item("claim_until", number(now + CLAIM_LIFE))
            .item(TTL, number(now + MEMORY))
            // The SDK repeats a call whose answer was lost, and then meets its own claim.
            .condition_expression(
                "attribute_not_exists(pk) OR #ttl < :now OR (attribute_not_exists(openid) \
                 AND (claim_until < :now OR claim_owner = :owner))",
            )
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":owner", text(&claim.owner))
            .expression_attribute_values(":now", number(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.call::<PutItem>(put.build()).await {
            Ok(_) => Ok(State::Free),
            Err(SdkError::ServiceError(refused))
                if refused.err().is_conditional_check_failed_exception() =>
            {
                let PutItemError::ConditionalCheckFailedException(failure) = refused.into_err()
                else {
                    return Ok(State::Pending);
                };
                Ok(failure.item.as_ref().map_or(State::Pending, read_state))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn read_claim(&self, claim: &Claim) -> Result<State> {
        let item = self.get(claim.pk.clone(), Consistency::Strong).await?;
        Ok(item.as_ref().map_or(State::Free, read_state))
    }

    /// Remembers that WeChat refused a code: whoever sends it again is told the same at once.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`]; the claim then ends by itself after ten seconds.
    pub async fn refuse_code(&self, claim: &Claim, errcode: i64, now: u64) -> Result<()> {
        let until = now + REFUSAL_MEMORY;
        self.put(claim.pk.clone())
            .item("claim_owner", text(&claim.owner))
            .item("claim_until", number(until))
            .item("refused", number(errcode))
            .item(TTL, number(until))
            .only_if("claim_owner = :owner AND attribute_not_exists(openid)")
            .value(":owner", text(&claim.owner))
            .apply()
            .await
            .map(drop)
    }

    /// Gives a code back that WeChat never saw, or did not look at.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`]; the claim then ends by itself after ten seconds.
    pub async fn release_code(&self, claim: &Claim) -> Result<()> {
        self.delete(claim.pk.clone())
            .only_if("claim_owner = :owner AND attribute_not_exists(openid)")
            .value(":owner", text(&claim.owner))
            .apply()
            .await
            .map(drop)
    }

    /// The write that remembers an exchange, for a transaction with what it gave.
    pub(super) fn remember_exchange(
        &self,
        claim: &Claim,
        exchange: &Exchange,
        now: u64,
    ) -> TransactWriteItem {
        let mut put = Put::builder()
            .table_name(&self.name)
            .item(PARTITION_KEY, text(&claim.pk))
            .item("claim_owner", text(&claim.owner))
            .item("openid", text(&exchange.openid))
            .item("sid", text(&exchange.sid))
            .item("issued_at", number(exchange.issued_at))
            .item("expires_at", number(exchange.expires_at))
            .item(TTL, number(now + MEMORY));
        if let Some(unionid) = &exchange.unionid {
            put = put.item("unionid", text(unionid));
        }
        if exchange.snapshot {
            put = put.item("snapshot", number(1));
        }
        if let Some(scope) = &exchange.scope {
            put = put.item("scope", text(scope));
        }
        if let Some(proof) = &claim.proof {
            put = put.item("proof", text(proof));
        }
        let put = put.build().expect("table and item are set");
        TransactWriteItem::builder().put(put).build()
    }
}

fn read_state(item: &Item) -> State {
    if let Some(errcode) = read_number(item, "refused") {
        return State::Refused(errcode);
    }
    let exchange = || {
        Some(Exchange {
            openid: read_text(item, "openid")?,
            unionid: read_text(item, "unionid"),
            snapshot: item.contains_key("snapshot"),
            scope: read_text(item, "scope").filter(|scope| !scope.is_empty()),
            sid: read_text(item, "sid")?,
            issued_at: read_number(item, "issued_at")?,
            expires_at: read_number(item, "expires_at")?,
        })
    };
    exchange().map_or(State::Pending, |exchange| State::Done(exchange, read_text(item, "proof")))
}
