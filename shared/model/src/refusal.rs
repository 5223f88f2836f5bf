//! What a code of WeChat's means at an endpoint: one row says all of it.

use crate::{Error, Problem, china};

/// A code, what it means for the caller, which input it is about, and how long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// WeChat's `errcode`.
    pub errcode: i64,
    /// What it means here.
    pub problem: Problem,
    /// What the caller does next, in English and in Chinese.
    pub detail: [&'static str; 2],
    /// The input at fault.
    pub field: Option<&'static str>,
    /// When trying again makes sense.
    pub wait: Wait,
    /// What of WeChat's own text is used.
    pub text: FromText,
    /// Whether the code also stands for the input's faults that are found before the call.
    pub foreseen: bool,
}

/// When trying again makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// As the problem has it by itself.
    Usual,
    /// After so many seconds.
    Seconds(u64),
    /// When this minute has passed.
    Minute,
    /// When the day has passed in China.
    Day,
}

/// What of WeChat's own text is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromText {
    /// Nothing.
    Nothing,
    /// The argument it names becomes the field: `data.thing3.value`.
    Argument,
    /// All of it goes to the log: it names our address, and no secret.
    Cause,
}

impl Refusal {
    /// A row.
    pub const fn new(errcode: i64, problem: Problem, detail: [&'static str; 2]) -> Refusal {
        Refusal {
            errcode,
            problem,
            detail,
            field: None,
            wait: Wait::Usual,
            text: FromText::Nothing,
            foreseen: false,
        }
    }

    /// Also the code of the input's faults that are found before the call, for clients that
    /// compare WeChat's codes.
    pub const fn foreseen(self) -> Refusal {
        Refusal { foreseen: true, ..self }
    }

    /// Whether it is the code of a fault of this input that is found before the call.
    pub fn foresees(&self, field: &str) -> bool {
        let within = |own: &str| {
            field.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.foreseen && self.field.is_some_and(within)
    }

    /// Names the input the code is about.
    pub const fn field(self, field: &'static str) -> Refusal {
        Refusal { field: Some(field), ..self }
    }

    /// Says when trying again makes sense.
    pub const fn wait(self, wait: Wait) -> Refusal {
        Refusal { wait, ..self }
    }

    /// Uses WeChat's own text.
    pub const fn text(self, text: FromText) -> Refusal {
        Refusal { text, ..self }
    }

    /// The error at `now`, seconds since 1970, of an answer with this code and text.
    pub fn error(&self, errmsg: &str, now: u64) -> Error {
        let mut error = Error::new(self.problem, self.detail);
        if let Some(field) = self.field {
            error = error.field(field);
        }
        match self.text {
            FromText::Argument => {
                if let Some(field) = argument(errmsg) {
                    error = error.field(field);
                }
            }
            FromText::Cause => error = error.because(errmsg.to_owned()),
            FromText::Nothing => {}
        }
        match self.wait {
            Wait::Usual => error,
            Wait::Seconds(seconds) => error.retry_after(seconds),
            Wait::Minute => error.retry_after(60 - now % 60),
            Wait::Day => error.retry_after(china::next_midnight(now) - now),
        }
    }
}

/// `data.thing3.value` in `argument invalid! data.thing3.value invalid rid: …`.
fn argument(errmsg: &str) -> Option<&str> {
    let field = errmsg.split_whitespace().find(|word| word.starts_with("data."))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    field.chars().all(plain).then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Refusal = Refusal::new(45009, Problem::QuotaExceeded, ["Wait.", "请稍候。"]);

    #[test]
    fn a_row_says_when_to_come_back() {
        let wait = |wait, now| ROW.wait(wait).error("", now).retry_after_seconds();
        // 1970-01-01 00:00:30 UTC is 08:00:30 in China.
        assert_eq!(wait(Wait::Minute, 30), Some(30));
        assert_eq!(wait(Wait::Seconds(1), 30), Some(1));
        assert_eq!(wait(Wait::Day, 30), Some(16 * 3600 - 30));
        assert_eq!(wait(Wait::Day, 16 * 3600 - 1), Some(1));
        assert_eq!(wait(Wait::Day, 16 * 3600), Some(86_400));
        assert_eq!(wait(Wait::Usual, 30), Some(60));
    }

    #[test]
    fn a_row_foresees_the_faults_of_its_own_field() {
        let row = Refusal::new(47003, Problem::InvalidInput, ["", ""]).field("data");
        assert!(!row.foresees("data"));
        let row = row.foreseen();
        assert!(row.foresees("data") && row.foresees("data.thing1.value"));
        assert!(!row.foresees("database") && !row.foresees("page"));
    }

    #[test]
    fn the_wrong_argument_is_named_and_nothing_else_of_the_text() {
        let row = Refusal::new(47003, Problem::InvalidInput, ["", ""]).text(FromText::Argument);
        let error = row.error("argument invalid! data.thing3.value invalid rid: 1-2-3", 0);
        assert_eq!(error.field_name(), Some("data.thing3.value"));
        assert_eq!(row.error("data.<script> invalid", 0).field_name(), None);
        assert_eq!(error.cause(), None);
    }
}
