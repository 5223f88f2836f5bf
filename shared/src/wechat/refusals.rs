//! What WeChat's codes mean wherever they are met.
//!
//! WeChat: [return codes](https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html).

use model::{Error, FromText, Problem, Refusal, Wait};

/// Whether the code says that the access token is no longer the one in force.
///
/// 41001 is not among them: it means that the parameter is missing, which is a bug.
pub fn is_stale_token(errcode: i64) -> bool {
    matches!(errcode, 40001 | 40014 | 42001)
}

/// What a code that nothing lists may be tried again after, in seconds.
const UNKNOWN: Wait = Wait::Seconds(60);

/// Turns a refusal into the problem it means at an endpoint, at `now` in seconds since 1970.
pub(super) fn error(errcode: i64, errmsg: &str, here: &'static [Refusal], now: u64) -> Error {
    let listed = here.iter().chain(REFUSALS).find(|refusal| refusal.errcode == errcode);
    let unknown = Refusal::new(
        errcode,
        Problem::WechatRefused,
        "WeChat refused with a code that this operation does not list; look the errcode up.",
    )
    .wait(UNKNOWN);
    listed.unwrap_or(&unknown).error(errmsg, now)
}

/// The problem that a code of WeChat's means wherever it is met.
pub(crate) fn refused(errcode: i64, now: u64) -> Error {
    error(errcode, "", &[], now).errcode(errcode, None)
}

const TOKEN: &str = "WeChat does not accept our access token just now; try again shortly.";
const SECRET: &str = "The app secret is wrong; put the right one into the secret store.";
const MINUTE: &str = "WeChat's limit for this minute is reached; wait for Retry-After.";
const DAY: &str = "WeChat's limit for today is reached; wait for Retry-After.";
const CAPABILITY: &str =
    "The account has no right to this interface; check it in the WeChat console.";
const OPENID: &str = "WeChat does not know this openid for this app.";

/// The codes whose meaning does not depend on the endpoint.
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::new(-1, Problem::WechatBusy, "WeChat is busy; try again shortly."),
    Refusal::new(-1000, Problem::WechatBusy, "WeChat is busy; try again shortly."),
    Refusal::new(61450, Problem::WechatBusy, "WeChat is busy; try again shortly."),
    Refusal::new(9001002, Problem::WechatBusy, "WeChat is busy; try again shortly."),
    Refusal::new(40001, Problem::CredentialUnavailable, TOKEN),
    Refusal::new(40014, Problem::CredentialUnavailable, TOKEN),
    Refusal::new(42001, Problem::CredentialUnavailable, TOKEN),
    Refusal::new(41001, Problem::Internal, "Something broke on our side; the log has the request id."),
    Refusal::new(40002, Problem::Internal, "Something broke on our side; the log has the request id."),
    Refusal::new(40003, Problem::InvalidInput, OPENID),
    Refusal::new(40007, Problem::InvalidInput, "WeChat does not know this media_id, or it is older than 3 days."),
    Refusal::new(40013, Problem::Misconfigured, "WeChat does not know this app id; check WECHAT_APPS."),
    Refusal::new(40029, Problem::InvalidCode, "The code is wrong, expired or of another app; get a new one."),
    Refusal::new(40030, Problem::Unauthenticated, "The authorization is over; let the user authorize again."),
    Refusal::new(40037, Problem::InvalidInput, "WeChat does not know this template_id for this app."),
    Refusal::new(40066, Problem::InvalidInput, "WeChat does not accept this URL or page."),
    Refusal::new(40097, Problem::InvalidInput, "WeChat does not accept one of the arguments."),
    Refusal::new(40125, Problem::Misconfigured, SECRET),
    Refusal::new(40163, Problem::CodeUsed, "The code was used before; get a new one."),
    Refusal::new(40164, Problem::Misconfigured, "Our address is not on the account's IP allow-list; the log names it.").text(FromText::Cause),
    Refusal::new(40226, Problem::LoginBlocked, "WeChat refuses this user's login because of risk; do not retry."),
    Refusal::new(40243, Problem::Misconfigured, "The app secret is frozen; unfreeze it in the WeChat console."),
    Refusal::new(41002, Problem::Internal, "Something broke on our side; the log has the request id."),
    Refusal::new(41004, Problem::Misconfigured, SECRET),
    Refusal::new(41008, Problem::InvalidCode, "The code is missing; get a new one."),
    Refusal::new(42002, Problem::Unauthenticated, "The authorization is over; let the user authorize again."),
    Refusal::new(42003, Problem::InvalidCode, "The code is expired; get a new one."),
    Refusal::new(42007, Problem::Unauthenticated, "The user changed the password; let the user authorize again."),
    Refusal::new(43004, Problem::ReceiverState, "The receiver does not follow the account."),
    Refusal::new(43019, Problem::ReceiverState, "The receiver is on the account's blacklist."),
    Refusal::new(43101, Problem::ReceiverState, "The receiver has not subscribed, or used the subscription up."),
    Refusal::new(43108, Problem::ReceiverState, "Another message to this receiver is under way; try again later."),
    Refusal::new(44002, Problem::Internal, "Something broke on our side; the log has the request id."),
    Refusal::new(44990, Problem::QuotaExceeded, "WeChat's limit for this second is reached; wait for Retry-After.").wait(Wait::Seconds(1)),
    Refusal::new(44991, Problem::QuotaExceeded, MINUTE).wait(Wait::Minute),
    Refusal::new(44993, Problem::QuotaExceeded, DAY).wait(Wait::Day),
    Refusal::new(45009, Problem::QuotaExceeded, DAY).wait(Wait::Day),
    Refusal::new(45011, Problem::QuotaExceeded, MINUTE).wait(Wait::Minute),
    Refusal::new(45029, Problem::AccountNotPermitted, "The account's codes are used up for good; use wxacode.getUnlimited."),
    Refusal::new(47001, Problem::Internal, "Something broke on our side; the log has the request id."),
    Refusal::new(47003, Problem::InvalidInput, "The value of this template key breaks the key's rule.").text(FromText::Argument),
    Refusal::new(48001, Problem::AccountNotPermitted, CAPABILITY),
    Refusal::new(48004, Problem::AccountNotPermitted, "WeChat banned this interface for the account."),
    Refusal::new(48006, Problem::QuotaExceeded, "This month's quota resets are used up."),
    Refusal::new(50002, Problem::AccountNotPermitted, "The account or the user is restricted by WeChat."),
    Refusal::new(50004, Problem::AccountNotPermitted, "WeChat forbids the account this interface."),
    Refusal::new(50005, Problem::ReceiverState, "The receiver does not follow the account."),
    Refusal::new(50007, Problem::AccountNotPermitted, "The account is frozen by WeChat."),
    Refusal::new(61010, Problem::ReceiverState, "The user has not been in the app recently enough."),
    Refusal::new(87009, Problem::StaleSessionKey, "The stored session key is stale; log in again."),
    Refusal::new(89501, Problem::Misconfigured, "An administrator must confirm our address at WeChat."),
    Refusal::new(89503, Problem::Misconfigured, "An administrator must confirm our address at WeChat."),
    Refusal::new(89506, Problem::Misconfigured, "An administrator refused our address for 24 hours."),
    Refusal::new(89507, Problem::Misconfigured, "An administrator refused our address for one hour."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_listed_twice() {
        for (index, refusal) in REFUSALS.iter().enumerate() {
            let code = refusal.errcode;
            assert!(REFUSALS[..index].iter().all(|earlier| earlier.errcode != code), "{code}");
        }
    }

    #[test]
    fn the_endpoint_has_the_first_word() {
        const HERE: &[Refusal] = &[Refusal::new(40013, Problem::AccountNotPermitted, "banned")];
        let problem = |here| error(40013, "", here, 0).problem();
        assert_eq!(problem(&[]), Problem::Misconfigured);
        assert_eq!(problem(HERE), Problem::AccountNotPermitted);
    }

    #[test]
    fn an_unlisted_code_never_asks_for_a_hurry() {
        let error = error(99_999, "", &[], 0);
        assert_eq!(error.problem(), Problem::WechatRefused);
        assert_eq!(error.retry_after_seconds(), Some(60));
    }
}
