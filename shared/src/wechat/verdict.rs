//! What WeChat's codes mean for the caller.

use super::Refusal;
use crate::{Error, Problem};

/// What a code means: `(errcode, problem, what to do next)`.
pub type Verdict = (i64, Problem, &'static str);

/// Whether the code says that the access token is no longer the one in force.
///
/// 41001 is not among them: it means that the parameter is missing, which is a bug.
pub fn is_stale_token(errcode: i64) -> bool {
    matches!(errcode, 40001 | 40014 | 42001)
}

/// Turns a refusal into the problem it means at an endpoint.
pub(crate) fn error(refusal: Refusal, verdicts: &'static [Verdict], now: u64) -> Error {
    let Refusal { errcode, errmsg, rid } = refusal;
    let known = verdicts.iter().chain(VERDICTS).find(|(code, ..)| *code == errcode);
    let (problem, detail) = match known {
        Some((_, problem, detail)) => (*problem, *detail),
        None => (
            Problem::WechatRefused,
            "WeChat refused for a reason this operation does not know; look the errcode up.",
        ),
    };
    let mut error = Error::new(problem, detail);
    if problem == Problem::QuotaExceeded {
        error = error.retry_after(match errcode {
            45009 | 44993 | 85406 | 45029 => seconds_to_midnight_in_china(now),
            44990 => 1,
            _ => 60 - now % 60,
        });
    }
    if errcode == 47003 {
        // The one piece of upstream text a caller gets: which argument is wrong.
        if let Some(field) = argument(&errmsg) {
            error = error.field(field);
        }
    }
    if errcode == 40164 {
        // Only the refresher and the code exchange see this; the log must name the address.
        error = error.because(errmsg);
    }
    error.errcode(errcode, rid)
}

/// Daily quotas start anew at midnight in China.
fn seconds_to_midnight_in_china(now: u64) -> u64 {
    86_400 - (now + 8 * 3600) % 86_400
}

/// `data.thing3.value` in `argument invalid! data.thing3.value invalid rid: …`.
fn argument(errmsg: &str) -> Option<&str> {
    let field = errmsg.split_whitespace().find(|word| word.starts_with("data."))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    field.chars().all(plain).then_some(field)
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
const VERDICTS: &[Verdict] = &[
    (-1, Problem::WechatBusy, "WeChat is busy; try again shortly."),
    (-1000, Problem::WechatBusy, "WeChat is busy; try again shortly."),
    (61450, Problem::WechatBusy, "WeChat is busy; try again shortly."),
    (9001002, Problem::WechatBusy, "WeChat is busy; try again shortly."),
    (40001, Problem::CredentialUnavailable, TOKEN),
    (40014, Problem::CredentialUnavailable, TOKEN),
    (42001, Problem::CredentialUnavailable, TOKEN),
    (41001, Problem::Internal, "Something broke on our side; the log has the request id."),
    (40002, Problem::Internal, "Something broke on our side; the log has the request id."),
    (40003, Problem::InvalidInput, OPENID),
    (40007, Problem::InvalidInput, "WeChat does not know this media_id, or it is older than 3 days."),
    (40013, Problem::Misconfigured, "WeChat does not know this app id; check WECHAT_APPS."),
    (40029, Problem::InvalidCode, "The code is wrong, expired or of another app; get a new one."),
    (40030, Problem::Unauthenticated, "The authorization is over; let the user authorize again."),
    (40037, Problem::InvalidInput, "WeChat does not know this template_id for this app."),
    (40066, Problem::InvalidInput, "WeChat does not accept this URL or page."),
    (40097, Problem::InvalidInput, "WeChat does not accept one of the arguments."),
    (40125, Problem::Misconfigured, SECRET),
    (40163, Problem::CodeUsed, "The code was used before; get a new one."),
    (40164, Problem::Misconfigured, "Our address is not on the account's IP allow-list; the log names it."),
    (40226, Problem::LoginBlocked, "WeChat refuses this user's login because of risk; do not retry."),
    (40243, Problem::Misconfigured, "The app secret is frozen; unfreeze it in the WeChat console."),
    (41002, Problem::Internal, "Something broke on our side; the log has the request id."),
    (41004, Problem::Misconfigured, SECRET),
    (41008, Problem::InvalidCode, "The code is missing; get a new one."),
    (42002, Problem::Unauthenticated, "The authorization is over; let the user authorize again."),
    (42003, Problem::InvalidCode, "The code is expired; get a new one."),
    (42007, Problem::Unauthenticated, "The user changed the password; let the user authorize again."),
    (43004, Problem::ReceiverState, "The receiver does not follow the account."),
    (43019, Problem::ReceiverState, "The receiver is on the account's blacklist."),
    (43101, Problem::ReceiverState, "The receiver has not subscribed, or used the subscription up."),
    (43108, Problem::ReceiverState, "Another message to this receiver is under way; try again later."),
    (44990, Problem::QuotaExceeded, "WeChat's limit for this second is reached; wait for Retry-After."),
    (44991, Problem::QuotaExceeded, MINUTE),
    (44993, Problem::QuotaExceeded, DAY),
    (45009, Problem::QuotaExceeded, DAY),
    (45011, Problem::QuotaExceeded, MINUTE),
    (45029, Problem::QuotaExceeded, "The account's number of codes is used up."),
    (47001, Problem::Internal, "Something broke on our side; the log has the request id."),
    (47003, Problem::InvalidInput, "The value of this template key breaks the key's rule."),
    (48001, Problem::AccountNotPermitted, CAPABILITY),
    (48004, Problem::AccountNotPermitted, "WeChat banned this interface for the account."),
    (48006, Problem::QuotaExceeded, "This month's quota resets are used up."),
    (50002, Problem::AccountNotPermitted, "The account or the user is restricted by WeChat."),
    (50004, Problem::AccountNotPermitted, "WeChat forbids the account this interface."),
    (50005, Problem::ReceiverState, "The receiver does not follow the account."),
    (50007, Problem::AccountNotPermitted, "The account is frozen by WeChat."),
    (61010, Problem::ReceiverState, "The user has not been in the app recently enough."),
    (87009, Problem::StaleSessionKey, "The stored session key is stale; log in again."),
    (89501, Problem::Misconfigured, "An administrator must confirm our address at WeChat."),
    (89503, Problem::Misconfigured, "An administrator must confirm our address at WeChat."),
    (89506, Problem::Misconfigured, "An administrator refused our address for 24 hours."),
    (89507, Problem::Misconfigured, "An administrator refused our address for one hour."),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(errcode: i64, errmsg: &str) -> Refusal {
        Refusal { errcode, errmsg: errmsg.to_owned(), rid: None }
    }

    #[test]
    fn no_code_is_listed_twice() {
        for (index, (code, ..)) in VERDICTS.iter().enumerate() {
            assert!(VERDICTS[..index].iter().all(|(earlier, ..)| earlier != code), "{code}");
        }
    }

    #[test]
    fn the_endpoint_has_the_first_word() {
        const HERE: &[Verdict] = &[(40013, Problem::AccountNotPermitted, "banned")];
        let problem = |verdicts| error(refusal(40013, ""), verdicts, 0).problem();
        assert_eq!(problem(&[]), Problem::Misconfigured);
        assert_eq!(problem(HERE), Problem::AccountNotPermitted);
    }

    #[test]
    fn quotas_say_when_they_end() {
        let wait = |code, now| error(refusal(code, ""), &[], now).retry_after_seconds();
        // 1970-01-01 00:00:30 UTC is 08:00:30 in China.
        assert_eq!(wait(45011, 30), Some(30));
        assert_eq!(wait(44990, 30), Some(1));
        assert_eq!(wait(45009, 30), Some(16 * 3600 - 30));
        assert_eq!(wait(45009, 16 * 3600 - 1), Some(1));
        assert_eq!(wait(45009, 16 * 3600), Some(86_400));
    }

    #[test]
    fn the_wrong_argument_is_named_and_nothing_else_of_the_text() {
        let named =
            error(refusal(47003, "argument invalid! data.thing3.value invalid rid: 1-2-3"), &[], 0);
        assert_eq!(named.document("")["field"], "data.thing3.value");
        let odd = error(refusal(47003, "data.<script> invalid"), &[], 0);
        assert!(!odd.document("").contains_key("field"));
    }
}
