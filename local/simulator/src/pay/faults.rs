//! What goes wrong at WeChat Pay on request.

use serde::{Deserialize, Serialize};

/// Trouble with WeChat Pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayFault {
    /// The call is done, and the connection closes without an answer.
    LostResponse,
    /// 500 SYSTEM_ERROR, though the call is done.
    SysErrorDone,
    /// 500 SYSTEM_ERROR, and nothing is done.
    SysErrorNotDone,
    /// The answer carries a signature probe; the next one is true.
    SigntestResponse,
    /// The notification comes with a signature probe first, then again.
    SigntestNotify,
    /// The notification comes twice with one id.
    NotifyTwice,
    /// The notification comes twice with two ids.
    NotifyNewId,
    /// The notification never comes.
    NotifyNever,
    /// The notification comes 25 hours late.
    NotifyLate,
    /// The user has paid, and the notification is on its way, before the order is answered.
    NotifyBeforePrepayAnswer,
    /// The user pays while the order is being closed.
    PayDuringClose,
    /// WeChat Pay's clock is ahead by so many seconds.
    ClockSkew(i64),
    /// So many percent of the notifications are signed with the public key, the rest with the
    /// certificate.
    SerialSwitch(u8),
    /// What a certificate signs is signed with the new one, the answer that brings it included.
    RotationSelflock,
    /// The merchant has no platform certificate.
    NoPlatformCert,
    /// 429 for a refund that is accepted.
    RateLimitAccepted,
    /// 403 NOT_ENOUGH: the merchant must recharge first.
    NotEnough,
    /// The refund ends as ABNORMAL.
    RefundAbnormal,
    /// The refund ends as CLOSED after seven days.
    #[serde(rename = "refund_closed_after_7d")]
    RefundClosedAfter7d,
    /// The bill lacks its first payment.
    BillMissingRow,
    /// The bill has a payment that nobody knows.
    BillExtraRow,
    /// The bill has another amount for its first payment.
    BillAmountDiff,
    /// The bill is being made.
    BillCreating,
    /// Codes are spelled as they used to be, without underscores.
    OldCodeSpelling,
    /// An error has no body.
    ErrorWithoutBody,
    /// 502 with a page of HTML instead of an answer; nothing is done.
    #[serde(rename = "html_502")]
    Html502,
    /// The first host of two is down: connections to it close before anything is read.
    ApiDownApi2Up,
    /// The payment that is made next is made twice, as by two attempts at once.
    TwoAttemptsBothPaid,
}

/// A fault in force.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Standing {
    fault: PayFault,
    /// How many more times; `None`: until it is cleared.
    times: Option<u32>,
}

/// A fault that was met.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Met {
    fault: PayFault,
    times: u32,
}

/// The faults in force, and how often each was met.
#[derive(Debug, Default)]
pub(super) struct PayFaults {
    standing: Vec<Standing>,
    met: Vec<Met>,
}

impl PayFaults {
    pub(super) fn add(&mut self, fault: PayFault, times: Option<u32>) {
        if times != Some(0) {
            self.standing.push(Standing { fault, times });
        }
    }

    pub(super) fn clear(&mut self) {
        self.standing.clear();
    }

    pub(super) fn standing(&self) -> &[Standing] {
        &self.standing
    }

    pub(super) fn met(&self) -> &[Met] {
        &self.met
    }

    /// How often this trouble was met.
    pub(super) fn count(&self, fault: PayFault) -> u32 {
        self.met.iter().find(|met| met.fault == fault).map_or(0, |met| met.times)
    }

    /// Whether this trouble is in force; none of it is used up.
    pub(super) fn stands(&self, fault: PayFault) -> bool {
        self.standing.iter().any(|standing| standing.fault == fault)
    }

    /// Whether this trouble is in force, and uses one time of it up.
    pub(super) fn meet(&mut self, fault: PayFault) -> bool {
        self.meet_any(|standing| (standing == fault).then_some(())).is_some()
    }

    /// The first trouble that `wanted` takes, and uses one time of it up.
    pub(super) fn meet_any<T>(&mut self, wanted: impl Fn(PayFault) -> Option<T>) -> Option<T> {
        let wanted = |(at, standing): (usize, &Standing)| Some((at, wanted(standing.fault)?));
        let (at, found) = self.standing.iter().enumerate().find_map(wanted)?;
        let Standing { fault, times } = self.standing[at];
        match times {
            Some(1) => {
                self.standing.remove(at);
            }
            Some(times) => self.standing[at].times = Some(times - 1),
            None => {}
        }
        match self.met.iter_mut().find(|met| met.fault == fault) {
            Some(met) => met.times = met.times.saturating_add(1),
            None => self.met.push(Met { fault, times: 1 }),
        }
        Some(found)
    }

    /// What WeChat Pay's clock says at `now`.
    pub(super) fn skewed(&mut self, now: u64) -> u64 {
        let seconds = self.meet_any(|fault| match fault {
            PayFault::ClockSkew(seconds) => Some(seconds),
            _ => None,
        });
        now.saturating_add_signed(seconds.unwrap_or_default())
    }
}
