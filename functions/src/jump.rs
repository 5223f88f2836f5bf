//! Links from outside that jump into a mini program: where to, and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Error, Problem, Refusal, Result, Wait, message,
    value::{Int, Text},
};

use crate::page::{EnvVersion, PagePath, PageQuery};

/// WeChat's longest life of a link, in seconds: 30 days.
pub(crate) const LONGEST: u64 = 30 * 86_400;

/// The same in days.
const LONGEST_DAYS: Days = Days::MAX_VALUE;

/// WeChat's shortest life of a link, in seconds.
const SHORTEST: u64 = 60;

/// A duration keeps this far from WeChat's bounds, in seconds: the request takes its time, and
/// WeChat's clock is not ours.
const MARGIN: u64 = 5;

/// Below this an `expire_time` is a duration: as a time it would be in 2001.
const FIRST_TIME: u64 = 1_000_000_000;

/// The page a link opens.
///
/// 链接打开的页面。
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-shared" = true))]
pub(crate) struct JumpWxa {
    /// A page of the released version, without query; by default the first one.
    ///
    /// 正式版的页面路径，不带参数；默认为首页。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<Text<PagePath>>,
    /// At most 1024 of letters, digits and `!#$&'()*+,/:;=?@-._~%`; encode anything else.
    ///
    /// 页面参数，最多 1024 个字符，限字母、数字和 `!#$&'()*+,/:;=?@-._~%`；其他字符请先编码。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<Text<PageQuery>>,
    /// The version that opens outside of WeChat; by default the released one.
    ///
    /// 在微信外打开的版本；默认正式版。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) env_version: Option<EnvVersion>,
}

/// Which of `expire_time` and `expire_interval` counts.
pub(crate) type ExpireType = Int<0, 1>;

/// Days a link works.
pub(crate) type Days = Int<1, 30>;

/// How long a caller wants a link to work, in any of the spellings of the years.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wish {
    pub(crate) is_expire: Option<bool>,
    pub(crate) expire_type: Option<ExpireType>,
    pub(crate) expire_time: Option<u64>,
    pub(crate) expire_interval: Option<Days>,
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
    /// Brings the wish under today's rules: a minute to 30 days, and nothing permanent.
    pub(crate) fn grant(self, now: u64) -> Result<Expiry> {
        let missing = |field| {
            Err(Error::invalid(
                field,
                message!("Say {field} too, or neither.", "请同时发送 {field}，或都不发送。"),
            ))
        };
        let by_interval = self.expire_type.map(|kind| kind.get() == 1);
        match (by_interval, self.expire_time, self.expire_interval) {
            (Some(false), None, _) => missing("expire_time"),
            (Some(true), _, None) => missing("expire_interval"),
            (None, Some(_), Some(_)) => Err(Error::invalid(
                "expire_type",
                [
                    "Send either expire_time or expire_interval, or say which one counts.",
                    "expire_time 与 expire_interval 请只发送一个，或说明以哪个为准。",
                ],
            )),
            (Some(false) | None, Some(time), _) => at(time, now),
            (_, _, Some(days)) => Ok(after(days, now)),
            (_, None, None) if self.is_expire == Some(true) => Err(Error::invalid(
                "expire_time",
                [
                    "Say when the link ends: is_expire is true.",
                    "is_expire 为 true，请说明链接何时失效。",
                ],
            )),
            // There have been no permanent links since 2023; the longest life comes nearest.
            (_, None, None) => Ok(after(LONGEST_DAYS, now)),
        }
    }
}

fn at(time: u64, now: u64) -> Result<Expiry> {
    let (shortest, longest) = (now + SHORTEST, now + LONGEST);
    let is_duration = time < FIRST_TIME;
    let ends_at = if is_duration { now + time } else { time };
    if !(shortest..=longest).contains(&ends_at) {
        let detail = [
            "A link works for 60 seconds to 30 days: send the time it ends in seconds \
             since 1970, or the seconds from now.",
            "链接有效期为 60 秒到 30 天：请发送失效时间的 Unix 秒数，或距现在的秒数。",
        ];
        return Err(Error::invalid("expire_time", detail));
    }
    let ends_at =
        if is_duration { ends_at.clamp(shortest + MARGIN, longest - MARGIN) } else { ends_at };
    Ok(Expiry { expire_type: 0, expire_time: Some(ends_at), expire_interval: None, ends_at })
}

fn after(days: Days, now: u64) -> Expiry {
    let days = days.get().unsigned_abs();
    let ends_at = now + days * 86_400;
    Expiry { expire_type: 1, expire_time: None, expire_interval: Some(days), ends_at }
}

const RIGHT: [&str; 2] = [
    "The account may not make such links; check it in the WeChat console.",
    "该账号无权生成此类链接，请在微信公众平台检查。",
];
const BANNED: [&str; 2] =
    ["WeChat banned the account from making such links.", "微信已禁止该账号生成此类链接。"];

/// What codes mean where links are made; 40002 and 40013 mean other things elsewhere. Fields of
/// the page stand in `jump_wxa`; an input without `jump_wxa` drops the prefix.
#[rustfmt::skip]
pub(crate) const REFUSALS: &[Refusal] = &[
    Refusal::new(40002, Problem::AccountNotPermitted, RIGHT),
    Refusal::new(40013, Problem::AccountNotPermitted, BANNED),
    Refusal::new(40165, Problem::InvalidInput, ["The released version has no such page.", "已发布的版本没有该页面。"]).field("jump_wxa.path").foreseen(),
    Refusal::new(40212, Problem::InvalidInput, ["WeChat does not accept the query.", "微信不接受该 query。"]).field("jump_wxa.query").foreseen(),
    Refusal::new(85079, Problem::AccountNotPermitted, ["The mini program has no released version yet.", "小程序尚未发布。"]),
    Refusal::new(85088, Problem::AccountNotPermitted, ["The mini program has no cloud development.", "小程序未开通云开发。"]),
    Refusal::new(85401, Problem::InvalidInput, ["A link works for 60 seconds to 30 days.", "链接有效期为 60 秒到 30 天。"]).field("expire_time").foreseen(),
    Refusal::new(85402, Problem::InvalidInput, ["WeChat does not accept the env_version.", "微信不接受该 env_version。"]).field("jump_wxa.env_version").foreseen(),
    Refusal::new(85406, Problem::QuotaExceeded, ["WeChat's limit of visits for today is reached.", "已达到微信的当日访问上限。"]).wait(Wait::Day),
    Refusal::new(85407, Problem::AccountNotPermitted, RIGHT),
    Refusal::new(85408, Problem::AccountNotPermitted, BANNED),
];

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_147_200;

    fn kind(number: i64) -> Option<ExpireType> {
        ExpireType::new(number).ok()
    }

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
        let days = |days| Wish { expire_interval: Some(Days::new(days).unwrap()), ..wish };
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
            (Wish { expire_type: kind(0), ..time(NOW + 60) }, (0, 60)),
            (Wish { expire_type: kind(1), expire_time: Some(5), ..days(2) }, (1, 2 * 86_400)),
        ] {
            assert_eq!(end(asked), Ok(granted));
        }
    }

    #[test]
    fn what_cannot_be_granted_is_named() {
        let wish = Wish::default();
        let time = |expire_time| Wish { expire_time: Some(expire_time), ..wish };
        let days = |days| Wish { expire_interval: Some(Days::new(days).unwrap()), ..wish };
        for (asked, field) in [
            (time(0), "expire_time"),
            (time(59), "expire_time"),
            (time(LONGEST + 1), "expire_time"),
            (time(FIRST_TIME), "expire_time"),
            (time(NOW + 59), "expire_time"),
            (time(NOW + LONGEST + 1), "expire_time"),
            (time(u64::MAX), "expire_time"),
            (Wish { expire_type: kind(0), ..days(1) }, "expire_time"),
            (Wish { expire_type: kind(1), ..time(60) }, "expire_interval"),
            (Wish { expire_time: Some(60), ..days(1) }, "expire_type"),
            (Wish { is_expire: Some(true), ..wish }, "expire_time"),
        ] {
            assert_eq!(end(asked), Err(field.to_owned()));
        }
    }
}
