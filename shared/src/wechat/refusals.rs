//! What WeChat's codes mean wherever they are met.
//!
//! WeChat: [return codes](https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html).

use model::{BROKEN, Error, FromText, Problem, Refusal, Wait};

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
        [
            "WeChat refused with a code that this operation does not list; look the errcode up.",
            "微信返回了该接口未列出的错误码，请查阅 errcode。",
        ],
    )
    .wait(UNKNOWN);
    listed.unwrap_or(&unknown).error(errmsg, now)
}

/// The problem that a code of WeChat's means wherever it is met.
pub(crate) fn refused(errcode: i64, now: u64) -> Error {
    error(errcode, "", &[], now).errcode(errcode, None)
}

const TOKEN: [&str; 2] = [
    "WeChat does not accept our access token just now; try again shortly.",
    "微信暂不接受我们的 access_token，请稍后重试。",
];
const SECRET: [&str; 2] = [
    "The app secret is wrong; put the right one into the secret store.",
    "AppSecret 错误，请在密钥存储中改为正确的值。",
];
const MINUTE: [&str; 2] = [
    "WeChat's limit for this minute is reached; wait for Retry-After.",
    "已达到微信的每分钟调用上限，请在 Retry-After 之后重试。",
];
const DAY: [&str; 2] = [
    "WeChat's limit for today is reached; wait for Retry-After.",
    "已达到微信的当日调用上限，请在 Retry-After 之后重试。",
];
const CAPABILITY: [&str; 2] = [
    "The account has no right to this interface; check it in the WeChat console.",
    "该账号无权调用此接口，请在微信公众平台检查。",
];
const OPENID: [&str; 2] =
    ["WeChat does not know this openid for this app.", "该应用下没有此 openid。"];

/// The codes whose meaning does not depend on the endpoint.
#[rustfmt::skip]
pub const REFUSALS: &[Refusal] = &[
    Refusal::new(-1, Problem::WechatBusy, ["WeChat is busy; try again shortly.", "微信繁忙，请稍后重试。"]),
    Refusal::new(-1000, Problem::WechatBusy, ["WeChat is busy; try again shortly.", "微信繁忙，请稍后重试。"]),
    Refusal::new(61450, Problem::WechatBusy, ["WeChat is busy; try again shortly.", "微信繁忙，请稍后重试。"]),
    Refusal::new(9001002, Problem::WechatBusy, ["WeChat is busy; try again shortly.", "微信繁忙，请稍后重试。"]),
    Refusal::new(40001, Problem::CredentialUnavailable, TOKEN),
    Refusal::new(40014, Problem::CredentialUnavailable, TOKEN),
    Refusal::new(42001, Problem::CredentialUnavailable, TOKEN),
    Refusal::new(41001, Problem::Internal, BROKEN),
    Refusal::new(40002, Problem::Internal, BROKEN),
    Refusal::new(40003, Problem::InvalidInput, OPENID),
    Refusal::new(40007, Problem::InvalidInput, ["WeChat does not know this media_id, or it is older than 3 days.", "微信查不到该 media_id，或它已超过 3 天。"]),
    Refusal::new(40013, Problem::Misconfigured, ["WeChat does not know this app id; check WECHAT_APPS.", "微信查不到该 appid，请检查 WECHAT_APPS。"]),
    Refusal::new(40029, Problem::InvalidCode, ["The code is wrong, expired or of another app; get a new one.", "code 错误、已过期或属于其他应用，请重新获取。"]),
    Refusal::new(40030, Problem::Unauthenticated, ["The authorization is over; let the user authorize again.", "授权已失效，请让用户重新授权。"]),
    Refusal::new(40037, Problem::InvalidInput, ["WeChat does not know this template_id for this app.", "该应用下没有此 template_id。"]),
    Refusal::new(40066, Problem::InvalidInput, ["WeChat does not accept this URL or page.", "微信不接受该 URL 或页面。"]),
    Refusal::new(40097, Problem::InvalidInput, ["WeChat does not accept one of the arguments.", "微信不接受其中一个参数。"]),
    Refusal::new(40125, Problem::Misconfigured, SECRET),
    Refusal::new(40163, Problem::CodeUsed, ["The code was used before; get a new one.", "code 已被使用，请重新获取。"]),
    Refusal::new(40164, Problem::Misconfigured, ["Our address is not on the account's IP allow-list; the log names it.", "本服务的 IP 不在该账号的白名单中，地址见日志。"]).text(FromText::Cause),
    Refusal::new(40226, Problem::LoginBlocked, ["WeChat refuses this user's login because of risk; do not retry.", "微信因风险拒绝该用户登录，请勿重试。"]),
    Refusal::new(40243, Problem::Misconfigured, ["The app secret is frozen; unfreeze it in the WeChat console.", "AppSecret 已被冻结，请在微信公众平台解冻。"]),
    Refusal::new(41002, Problem::Internal, BROKEN),
    Refusal::new(41004, Problem::Misconfigured, SECRET),
    Refusal::new(41008, Problem::InvalidCode, ["The code is missing; get a new one.", "缺少 code，请重新获取。"]),
    Refusal::new(42002, Problem::Unauthenticated, ["The authorization is over; let the user authorize again.", "授权已失效，请让用户重新授权。"]),
    Refusal::new(42003, Problem::InvalidCode, ["The code is expired; get a new one.", "code 已过期，请重新获取。"]),
    Refusal::new(42007, Problem::Unauthenticated, ["The user changed the password; let the user authorize again.", "用户修改了密码，请让用户重新授权。"]),
    Refusal::new(43004, Problem::ReceiverState, ["The receiver does not follow the account.", "接收者未关注该账号。"]),
    Refusal::new(43019, Problem::ReceiverState, ["The receiver is on the account's blacklist.", "接收者在该账号的黑名单中。"]),
    Refusal::new(43101, Problem::ReceiverState, ["The receiver has not subscribed, or used the subscription up.", "接收者未订阅，或订阅次数已用完。"]),
    Refusal::new(43108, Problem::ReceiverState, ["Another message to this receiver is under way; try again later.", "正在向该接收者发送另一条消息，请稍后重试。"]),
    Refusal::new(44002, Problem::Internal, BROKEN),
    Refusal::new(44990, Problem::QuotaExceeded, ["WeChat's limit for this second is reached; wait for Retry-After.", "已达到微信的每秒调用上限，请在 Retry-After 之后重试。"]).wait(Wait::Seconds(1)),
    Refusal::new(44991, Problem::QuotaExceeded, MINUTE).wait(Wait::Minute),
    Refusal::new(44993, Problem::QuotaExceeded, DAY).wait(Wait::Day),
    Refusal::new(45009, Problem::QuotaExceeded, DAY).wait(Wait::Day),
    Refusal::new(45011, Problem::QuotaExceeded, MINUTE).wait(Wait::Minute),
    Refusal::new(45029, Problem::AccountNotPermitted, ["The account's codes are used up for good; use wxacode.getUnlimited.", "该账号的小程序码已永久用完，请使用 wxacode.getUnlimited。"]),
    Refusal::new(47001, Problem::Internal, BROKEN),
    Refusal::new(47003, Problem::InvalidInput, ["The value of this template key breaks the key's rule.", "该模板字段的值不符合其规则。"]).text(FromText::Argument),
    Refusal::new(48001, Problem::AccountNotPermitted, CAPABILITY),
    Refusal::new(48004, Problem::AccountNotPermitted, ["WeChat banned this interface for the account.", "微信已禁止该账号使用此接口。"]),
    Refusal::new(48006, Problem::QuotaExceeded, ["This month's quota resets are used up.", "本月的额度重置次数已用完。"]),
    Refusal::new(50002, Problem::AccountNotPermitted, ["The account or the user is restricted by WeChat.", "账号或用户已被微信限制。"]),
    Refusal::new(50004, Problem::AccountNotPermitted, ["WeChat forbids the account this interface.", "微信不允许该账号使用此接口。"]),
    Refusal::new(50005, Problem::ReceiverState, ["The receiver does not follow the account.", "接收者未关注该账号。"]),
    Refusal::new(50007, Problem::AccountNotPermitted, ["The account is frozen by WeChat.", "账号已被微信冻结。"]),
    Refusal::new(61010, Problem::ReceiverState, ["The user has not been in the app recently enough.", "用户近期未访问小程序。"]),
    Refusal::new(87009, Problem::StaleSessionKey, ["The stored session key is stale; log in again.", "已保存的 session_key 已失效，请重新登录。"]),
    Refusal::new(89501, Problem::Misconfigured, ["An administrator must confirm our address at WeChat.", "管理员须在微信确认本服务的 IP。"]),
    Refusal::new(89503, Problem::Misconfigured, ["An administrator must confirm our address at WeChat.", "管理员须在微信确认本服务的 IP。"]),
    Refusal::new(89506, Problem::Misconfigured, ["An administrator refused our address for 24 hours.", "管理员已拒绝本服务的 IP，24 小时内不可调用。"]),
    Refusal::new(89507, Problem::Misconfigured, ["An administrator refused our address for one hour.", "管理员已拒绝本服务的 IP，一小时内不可调用。"]),
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
        const HERE: &[Refusal] =
            &[Refusal::new(40013, Problem::AccountNotPermitted, ["banned", "封禁"])];
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
