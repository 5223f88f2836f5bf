//! The names `wx.config` takes.

use std::{borrow::Cow, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::Error as _};
use shared::value::Fault;

/// `jsApiList`: the list of version 1.6.0, then those the document uses without listing them.
///
/// WeChat: [所有JS接口列表](https://developers.weixin.qq.com/doc/service/guide/h5/jssdk.html#63).
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
///
/// WeChat: [开放标签](https://developers.weixin.qq.com/doc/service/guide/h5/opentag.html).
const OPEN_TAGS: &[&str] =
    &["wx-open-launch-app", "wx-open-launch-weapp", "wx-open-subscribe", "wx-open-audio"];

/// A list of names that WeChat publishes.
pub(super) trait Published: 'static {
    const NAMES: &'static [&'static str];
}

/// The interfaces.
pub(super) enum Apis {}

impl Published for Apis {
    const NAMES: &'static [&'static str] = APIS;
}

/// The open tags.
pub(super) enum OpenTags {}

impl Published for OpenTags {
    const NAMES: &'static [&'static str] = OPEN_TAGS;
}

/// Names from one of these lists: `a,b`, `a` and `b`, or both.
pub(super) struct Names<L>(Vec<String>, PhantomData<fn() -> L>);

impl<L: Published> Names<L> {
    fn new(texts: &[String]) -> Result<Names<L>, Fault> {
        let names = texts.iter().flat_map(|text| text.split(','));
        let names: Vec<_> = names.map(str::trim).filter(|name| !name.is_empty()).collect();
        match names.iter().find(|name| !L::NAMES.contains(name)) {
            Some(stranger) => Err(unknown(stranger, L::NAMES)),
            None => Ok(Names(names.into_iter().map(str::to_owned).collect(), PhantomData)),
        }
    }
}

impl<L> Names<L> {
    /// The names.
    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

impl<L> Default for Names<L> {
    fn default() -> Names<L> {
        Names(Vec::new(), PhantomData)
    }
}

impl<'de, L: Published> Deserialize<'de> for Names<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names<L>, D::Error> {
        Names::new(&Vec::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<L> JsonSchema for Names<L> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<String>::json_schema(generator)
    }
}

/// Not generic, so that both lists share it.
fn unknown(name: &str, known: &[&str]) -> Fault {
    let shown: String = name.chars().take(64).collect();
    Fault::new(match known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        Some(meant) => format!("WeChat spells it {meant}, not {shown}."),
        None => format!("WeChat does not know {shown}; the names are {}.", known.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail<L: Published>(name: &str) -> Option<String> {
        Names::<L>::new(&[name.to_owned()]).err().map(|fault| fault.detail)
    }

    #[test]
    fn names_are_checked_and_their_spelling_is_told() {
        assert_eq!(detail::<Apis>("scanQRCode, chooseInvoice"), None);
        assert_eq!(
            detail::<Apis>("scanQrCode").unwrap(),
            "WeChat spells it scanQRCode, not scanQrCode."
        );
        assert!(detail::<Apis>("teleport").unwrap().contains("not know teleport"));
        assert_eq!(detail::<OpenTags>("wx-open-launch-weapp"), None);
        assert!(detail::<OpenTags>("scanQRCode").unwrap().contains("wx-open-launch-app"));
    }

    #[test]
    fn version_1_6_0_has_35_names_and_none_is_listed_twice() {
        assert_eq!(APIS.iter().position(|name| *name == "openCard"), Some(34));
        for (index, name) in APIS.iter().enumerate() {
            assert!(!APIS[..index].contains(name), "{name}");
        }
    }
}
