//! Links from outside that jump into a mini program: where to, and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Error, Problem, Result, wechat::Verdict};

use crate::page::{EnvVersion, check_path, check_visible};

/// WeChat's longest life of a link, in seconds: 30 days.
pub(crate) const LONGEST: u64 = 30 * 86_400;

/// WeChat's shortest life of a link, in seconds.
const SHORTEST: u64 = 60;

/// A duration keeps this far from WeChat's bounds, in seconds: the request takes its time, and
/// WeChat's clock is not ours.
const MARGIN: u64 = 5;

/// Below this an `expire_time` is a duration: as a time it would be in 2001.
const FIRST_TIME: u64 = 1_000_000_000;

/// The page a link opens.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-shared" = true))]
pub(crate) struct JumpWxa {
    /// A page of the released version, without query; by default the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub(crate) path: Option<String>,
    /// At most 1024 of letters, digits and `!#$&'()*+,/:;=?@-._~%`; encode anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub(crate) query: Option<String>,
    /// The version that opens outside of WeChat; by default the released one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) env_version: Option<EnvVersion>,
}

impl JumpWxa {
    /// Checks the page, naming fields below `prefix`.
    pub(crate) fn check(&self, prefix: &str) -> Result<()> {
        if let Some(path) = &self.path {
            check_path(&format!("{prefix}path"), path, 1024)?;
        }
        if let Some(query) = &self.query {
            check_visible(&format!("{prefix}query"), query, 1024, "%")?;
        }
        Ok(())
    }
}

/// How long a caller wants a link to work, in any of the spellings of the years.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wish {
    pub(crate) is_expire: Option<bool>,
    pub(crate) expire_type: Option<u8>,
    pub(crate) expire_time: Option<u64>,
    pub(crate) expire_interval: Option<u64>,
}

/// How long a link works, as WeChat wants it said.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Expiry {
    expire_type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_interval: Option<u64>,
    /// When the link ends, seconds since 1970.
    #[serde(skip)]
    pub(crate) ends_at: u64,
}

impl Wish {
    /// Brings the wish under today's rules: a minute to 30 days, and nothing for ever.
    pub(crate) fn grant(self, now: u64) -> Result<Expiry> {
        let missing = |field| Err(Error::invalid(field, format!("Say {field} too, or neither.")));
        match (self.expire_type, self.expire_time, self.expire_interval) {
            (Some(2..), ..) => {
                Err(Error::invalid("expire_type", "0 (expire_time) or 1 (expire_interval)."))
            }
            (Some(0), None, _) => missing("expire_time"),
            (Some(1), _, None) => missing("expire_interval"),
            (None, Some(_), Some(_)) => Err(Error::invalid(
                "expire_type",
                "Send either expire_time or expire_interval, or say which one counts.",
            )),
            (Some(0) | None, Some(time), _) => at(time, now),
            (Some(1) | None, _, Some(days)) => after(days, now),
            (_, None, None) if self.is_expire == Some(true) => {
                Err(Error::invalid("expire_time", "Say when the link ends: is_expire is true."))
            }
            // Links for ever are gone since 2023; the longest life is the nearest to it.
            (_, None, None) => after(LONGEST / 86_400, now),
        }
    }
}

fn at(time: u64, now: u64) -> Result<Expiry> {
    let (shortest, longest) = (now + SHORTEST, now + LONGEST);
    let is_duration = time < FIRST_TIME;
    let ends_at = if is_duration { now + time } else { time };
    if !(shortest..=longest).contains(&ends_at) {
        let detail = "A link works for 60 seconds to 30 days: send the time it ends in seconds \
                      since 1970, or the seconds from now.";
        return Err(Error::invalid("expire_time", detail));
    }
    let ends_at =
        if is_duration { ends_at.clamp(shortest + MARGIN, longest - MARGIN) } else { ends_at };
    Ok(Expiry { expire_type: 0, expire_time: Some(ends_at), expire_interval: None, ends_at })
}

fn after(days: u64, now: u64) -> Result<Expiry> {
    if !(1..=30).contains(&days) {
        return Err(Error::invalid("expire_interval", "A link works for 1 to 30 days."));
    }
    let ends_at = now + days * 86_400;
    Ok(Expiry { expire_type: 1, expire_time: None, expire_interval: Some(days), ends_at })
}

const RIGHT: &str = "The account may not make such links; check it in the WeChat console.";
const BANNED: &str = "WeChat banned the account from making such links.";

/// What codes mean where links are made; 40002 and 40013 mean other things elsewhere.
pub(crate) const VERDICTS: &[Verdict] = &[
    (40002, Problem::AccountNotPermitted, RIGHT),
    (40013, Problem::AccountNotPermitted, BANNED),
    (40165, Problem::InvalidInput, "The released version has no such page."),
    (40212, Problem::InvalidInput, "WeChat does not accept the query."),
    (85079, Problem::AccountNotPermitted, "The mini program has no released version yet."),
    (85088, Problem::AccountNotPermitted, "The mini program has no cloud development."),
    (85401, Problem::InvalidInput, "A link works for 60 seconds to 30 days."),
    (85402, Problem::InvalidInput, "WeChat does not accept the env_version."),
    (85406, Problem::QuotaExceeded, "WeChat's limit of visits for today is reached."),
    (85407, Problem::AccountNotPermitted, RIGHT),
    (85408, Problem::AccountNotPermitted, BANNED),
];

/// Names the input a refusal is about; the page's fields are below `prefix`.
pub(crate) fn at_fault(error: Error, prefix: &str) -> Error {
    match error.wechat_errcode() {
        Some(40165) => error.field(format!("{prefix}path")),
        Some(40212) => error.field(format!("{prefix}query")),
        Some(85401) => error.field("expire_time"),
        Some(85402) => error.field(format!("{prefix}env_version")),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_147_200;

    fn end(wish: Wish) -> Result<(u8, u64), String> {
        let expiry = wish
            .grant(NOW)
            .map_err(|error| error.document("")["field"].as_str().unwrap_or_default().to_owned())?;
        Ok((expiry.expire_type, expiry.ends_at - NOW))
    }

    #[test]
    fn todays_and_yesterdays_wishes_are_granted() {
        let wish = Wish::default();
        let time = |expire_time| Wish { expire_time: Some(expire_time), ..wish };
        let days = |expire_interval| Wish { expire_interval: Some(expire_interval), ..wish };
        for (asked, granted) in [
            (wish, (1, LONGEST)),
            (Wish { is_expire: Some(false), ..wish }, (1, LONGEST)),
            (Wish { is_expire: Some(true), ..time(NOW + 3600) }, (0, 3600)),
            // The seed's own example.
            (Wish { is_expire: Some(true), ..time(3600 * 24 * 30) }, (0, LONGEST - MARGIN)),
            (time(3600), (0, 3600)),
            (time(60), (0, 65)),
            (time(NOW + 60), (0, 60)),
            (time(NOW + LONGEST), (0, LONGEST)),
            (days(1), (1, 86_400)),
            (days(30), (1, LONGEST)),
            (Wish { expire_type: Some(0), ..time(NOW + 60) }, (0, 60)),
            (Wish { expire_type: Some(1), expire_time: Some(5), ..days(2) }, (1, 2 * 86_400)),
        ] {
            assert_eq!(end(asked), Ok(granted));
        }
    }

    #[test]
    fn what_cannot_be_granted_is_named() {
        let wish = Wish::default();
        let time = |expire_time| Wish { expire_time: Some(expire_time), ..wish };
        let days = |expire_interval| Wish { expire_interval: Some(expire_interval), ..wish };
        for (asked, field) in [
            (time(0), "expire_time"),
            (time(59), "expire_time"),
            (time(LONGEST + 1), "expire_time"),
            (time(FIRST_TIME), "expire_time"),
            (time(NOW + 59), "expire_time"),
            (time(NOW + LONGEST + 1), "expire_time"),
            (time(u64::MAX), "expire_time"),
            (days(0), "expire_interval"),
            (days(31), "expire_interval"),
            (days(u64::MAX), "expire_interval"),
            (Wish { expire_type: Some(2), ..days(1) }, "expire_type"),
            (Wish { expire_type: Some(0), ..days(1) }, "expire_time"),
            (Wish { expire_type: Some(1), ..time(60) }, "expire_interval"),
            (Wish { expire_time: Some(60), ..days(1) }, "expire_type"),
            (Wish { is_expire: Some(true), ..wish }, "expire_time"),
        ] {
            assert_eq!(end(asked), Err(field.to_owned()));
        }
    }
}
