//! What a failure of WeChat Pay's means to a caller.

use shared::{Error, Problem};

use super::apiv3::{Failure, Refusal, Uncertainty};

/// The problem a failure is told as.
pub(super) fn of(failure: &Failure) -> Error {
    match failure {
        Failure::NotSent(why) => {
            let detail = "WeChat Pay cannot be reached; nothing was sent. Try again.";
            Error::new(Problem::WechatUnreachable, detail).because(why.to_string())
        }
        Failure::Refused(refusal) => refused(refusal),
        Failure::Unknown(why) => unknown(why),
    }
}

/// Nothing is known: it is asked after, here and by the job.
pub(super) fn unknown(why: &Uncertainty) -> Error {
    let detail = "WeChat Pay's answer was lost or cannot be verified. The outcome is asked for; \
                  call again after Retry-After.";
    Error::new(Problem::WechatBusy, detail).because(why.to_string())
}

/// A refusal: nothing was done.
pub(super) fn refused(refusal: &Refusal) -> Error {
    const ROWS: &[(&str, Problem, &str)] = &[
        (
            "SIGNERROR",
            Problem::Misconfigured,
            "WeChat Pay does not accept this merchant's signature: check key, serial number and clock.",
        ),
        (
            "APPIDMCHIDNOTMATCH",
            Problem::AccountNotPermitted,
            "The app is not bound to the merchant; bind it in WeChat Pay's console.",
        ),
        ("MCHNOTEXISTS", Problem::Misconfigured, "WeChat Pay does not know the merchant."),
        (
            "NOAUTH",
            Problem::AccountNotPermitted,
            "The merchant lacks this product; apply for it in WeChat Pay's console.",
        ),
        ("RULELIMIT", Problem::AccountNotPermitted, "A limit of the merchant's forbids it."),
        ("ACCOUNTERROR", Problem::ReceiverState, "The user's account cannot be used."),
        (
            "USERACCOUNTABNORMAL",
            Problem::ReceiverState,
            "The user's account cannot take the refund.",
        ),
        (
            "OUTTRADENOUSED",
            Problem::WrongState,
            "This out_trade_no is another order's at WeChat Pay; choose a new one.",
        ),
        ("ORDERPAID", Problem::WrongState, "The order is paid."),
        ("ORDERCLOSED", Problem::WrongState, "The order is closed; make a new one."),
        ("TRADEOVERDUE", Problem::WrongState, "The payment is too old to be refunded."),
        ("NOSTATEMENTEXIST", Problem::NotFound, "There was no trade that day."),
        (
            "STATEMENTCREATING",
            Problem::InProgress,
            "The bill is being made; try again in half an hour.",
        ),
        ("PARAMERROR", Problem::InvalidInput, "WeChat Pay does not accept this input."),
    ];
    let row = ROWS.iter().find(|(code, ..)| refusal.is(code));
    let (_, problem, detail) = row.copied().unwrap_or((
        "",
        Problem::WechatRefused,
        "WeChat Pay refused; the log says why.",
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
