//! The names `wx.config` takes.

use serde::{Deserialize, Deserializer};
use shared::{Error, Result};

/// `jsApiList`: the list of version 1.6.0, and what the document uses without listing it.
const APIS: &[&str] = &[
    "updateAppMessageShareData",
    "updateTimelineShareData",
    "onMenuShareTimeline",
    "onMenuShareAppMessage",
    "onMenuShareQQ",
    "onMenuShareWeibo",
    "onMenuShareQZone",
    "startRecord",
    "stopRecord",
    "onVoiceRecordEnd",
    "playVoice",
    "pauseVoice",
    "stopVoice",
    "onVoicePlayEnd",
    "uploadVoice",
    "downloadVoice",
    "chooseImage",
    "previewImage",
    "uploadImage",
    "downloadImage",
    "translateVoice",
    "getNetworkType",
    "openLocation",
    "getLocation",
    "hideOptionMenu",
    "showOptionMenu",
    "hideMenuItems",
    "showMenuItems",
    "hideAllNonBaseMenuItem",
    "showAllNonBaseMenuItem",
    "closeWindow",
    "scanQRCode",
    "addCard",
    "chooseCard",
    "openCard",
    "checkJsApi",
    "getLocalImgData",
    "chooseWXPay",
    "openAddress",
    "startSearchBeacons",
    "stopSearchBeacons",
    "onSearchBeacons",
    "openProductSpecificView",
    "chooseInvoice",
];

/// `openTagList`.
const OPEN_TAGS: &[&str] =
    &["wx-open-launch-app", "wx-open-launch-weapp", "wx-open-subscribe", "wx-open-audio"];

/// Reads `a,b`, `a` and `b`, or both.
pub(super) fn names<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(input)?;
    let names = texts.iter().flat_map(|text| text.split(','));
    Ok(names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// Checks `jsApiList`.
pub(super) fn check_apis(names: &[String]) -> Result<()> {
    check("jsApiList", APIS, names)
}

/// Checks `openTagList`.
pub(super) fn check_open_tags(names: &[String]) -> Result<()> {
    check("openTagList", OPEN_TAGS, names)
}

fn check(field: &str, known: &[&str], names: &[String]) -> Result<()> {
    let Some(stranger) = names.iter().find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let meant = known.iter().find(|name| name.eq_ignore_ascii_case(stranger));
    let shown: String = stranger.chars().take(64).collect();
    Err(Error::invalid(
        field,
        match meant {
            Some(meant) => format!("WeChat spells it {meant}, not {shown}."),
            None => format!("WeChat knows no {shown}; the names are {}.", known.join(", ")),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(field: fn(&[String]) -> Result<()>, name: &str) -> String {
        field(&[name.to_owned()]).unwrap_err().detail().to_owned()
    }

    #[test]
    fn names_are_checked_and_their_spelling_is_told() {
        assert!(check_apis(&["scanQRCode".to_owned(), "chooseInvoice".to_owned()]).is_ok());
        assert_eq!(
            detail(check_apis, "scanQrCode"),
            "WeChat spells it scanQRCode, not scanQrCode."
        );
        assert!(detail(check_apis, "teleport").contains("no teleport"));
        assert!(check_open_tags(&["wx-open-launch-weapp".to_owned()]).is_ok());
        assert!(detail(check_open_tags, "scanQRCode").contains("wx-open-launch-app"));
    }

    #[test]
    fn version_1_6_0_has_35_names_and_none_is_listed_twice() {
        assert_eq!(APIS.iter().position(|name| *name == "openCard"), Some(34));
        for (index, name) in APIS.iter().enumerate() {
            assert!(!APIS[..index].contains(name), "{name}");
        }
    }
}
