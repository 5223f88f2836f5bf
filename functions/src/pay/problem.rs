//! What a failure of WeChat Pay's means to a caller.

use shared::{Error, Problem};

use super::apiv3::{Failure, Refusal, Uncertainty};

/// The problem a failure is told as.
pub(super) fn of(failure: &Failure) -> Error {
    match failure {
        Failure::NotSent(why) => {
            let detail = [
                "WeChat Pay cannot be reached; nothing was sent. Try again.",
                "无法连接微信支付，请求未发出，请重试。",
            ];
            Error::new(Problem::WechatUnreachable, detail).because(why.to_string())
        }
        Failure::Refused(refusal) => refused(refusal),
        Failure::Unknown(why) => unknown(why),
    }
}

/// Nothing is known: it is asked after, here and by the job.
pub(super) fn unknown(why: &Uncertainty) -> Error {
    let detail = [
        "WeChat Pay's answer was lost or cannot be verified. The outcome is asked for; \
         call again after Retry-After.",
        "微信支付的应答丢失或无法验签，正在查询结果，请在 Retry-After 之后重试。",
    ];
    Error::new(Problem::WechatBusy, detail).because(why.to_string())
}

/// A refusal: nothing was done.
pub(super) fn refused(refusal: &Refusal) -> Error {
    const ROWS: &[(&str, Problem, [&str; 2])] = &[
        (
            "SIGNERROR",
            Problem::Misconfigured,
            [
                "WeChat Pay does not accept this merchant's signature: check key, serial number and clock.",
                "微信支付不接受该商户的签名：请检查私钥、证书序列号和时钟。",
            ],
        ),
        (
            "APPIDMCHIDNOTMATCH",
            Problem::AccountNotPermitted,
            [
                "The app is not bound to the merchant; bind it in WeChat Pay's console.",
                "应用未与商户号绑定，请在微信支付商户平台绑定。",
            ],
        ),
        (
            "MCHNOTEXISTS",
            Problem::Misconfigured,
            ["WeChat Pay does not know the merchant.", "微信支付查不到该商户号。"],
        ),
        (
            "NOAUTH",
            Problem::AccountNotPermitted,
            [
                "The merchant lacks this product; apply for it in WeChat Pay's console.",
                "商户未开通该产品，请在微信支付商户平台申请。",
            ],
        ),
        (
            "RULELIMIT",
            Problem::AccountNotPermitted,
            ["A limit of the merchant's forbids it.", "超出商户的限额。"],
        ),
        (
            "ACCOUNTERROR",
            Problem::ReceiverState,
            ["The user's account cannot be used.", "用户账户不可用。"],
        ),
        (
            "USERACCOUNTABNORMAL",
            Problem::ReceiverState,
            ["The user's account cannot take the refund.", "用户账户无法接收退款。"],
        ),
        (
            "OUTTRADENOUSED",
            Problem::WrongState,
            [
                "This out_trade_no is another order's at WeChat Pay; choose a new one.",
                "该 out_trade_no 在微信支付已用于其他订单，请换一个。",
            ],
        ),
        ("ORDERPAID", Problem::WrongState, ["The order is paid.", "订单已支付。"]),
        (
            "ORDERCLOSED",
            Problem::WrongState,
            ["The order is closed; make a new one.", "订单已关闭，请重新下单。"],
        ),
        (
            "TRADEOVERDUE",
            Problem::WrongState,
            ["The payment is too old to be refunded.", "支付时间过久，无法退款。"],
        ),
        ("NOSTATEMENTEXIST", Problem::NotFound, ["There was no trade that day.", "当日没有交易。"]),
        (
            "STATEMENTCREATING",
            Problem::InProgress,
            [
                "The bill is being made; try again in half an hour.",
                "账单正在生成，请半小时后重试。",
            ],
        ),
        (
            "PARAMERROR",
            Problem::InvalidInput,
            ["WeChat Pay does not accept this input.", "微信支付不接受该参数。"],
        ),
    ];
    let row = ROWS.iter().find(|(code, ..)| refusal.is(code));
    let (_, problem, detail) = row.copied().unwrap_or((
        "",
        Problem::WechatRefused,
        ["WeChat Pay refused; the log says why.", "微信支付拒绝了请求，原因见日志。"],
    ));
    let mut error = Error::new(problem, detail).because(refusal.to_string());
    if refusal.is("STATEMENT_CREATING") {
        error = error.retry_after(1_800);
    }
    if problem == Problem::InvalidInput
        && let Some(field) = &refusal.field
    {
        error = error.field(field.trim_start_matches('/').replace('/', "."));
    }
    error
}
