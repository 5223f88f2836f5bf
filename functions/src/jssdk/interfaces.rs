//! The names `wx.config` takes.

use std::{borrow::Cow, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use super::{Cause, Finding};

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

/// Names for one of these lists: `a,b`, `a` and `b`, or both. WeChat has more than it lists.
pub(super) struct Names<L>(Vec<String>, PhantomData<fn() -> L>);

impl<L: Published> Names<L> {
    fn new(texts: &[String]) -> Names<L> {
        let names = texts.iter().flat_map(|text| text.split(','));
        let names = names.map(str::trim).filter(|name| !name.is_empty());
        Names(names.map(str::to_owned).collect(), PhantomData)
    }

    /// What is said of the names that WeChat does not list.
    pub(super) fn warnings(&self) -> impl Iterator<Item = Finding> {
        let unlisted = self.0.iter().filter(|name| !L::NAMES.contains(&name.as_str()));
        unlisted.map(|name| Cause::UnknownName.suspected_of(unknown(name, L::NAMES)))
    }

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
        Ok(Names::new(&Vec::deserialize(deserializer)?))
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
fn unknown(name: &str, known: &[&str]) -> String {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    match known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        Some(meant) => format!("{shown} was signed as it is, but WeChat spells it {meant}."),
        None => format!("{shown} was signed as it is; WeChat's documents do not list it."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warned<L: Published>(name: &str) -> Vec<String> {
        let names = Names::<L>::new(&[name.to_owned()]);
        names.warnings().map(|finding| finding.detail.into_owned()).collect()
    }

    #[test]
    fn names_that_wechat_does_not_list_are_warned_of_and_kept() {
        assert_eq!(warned::<Apis>("scanQRCode, chooseInvoice"), [""; 0]);
        assert_eq!(
            warned::<Apis>("scanQrCode"),
            ["scanQrCode was signed as it is, but WeChat spells it scanQRCode."]
        );
        assert_eq!(
            warned::<Apis>("requestMerchantTransfer,scanQRCode"),
            ["requestMerchantTransfer was signed as it is; WeChat's documents do not list it."]
        );
        assert_eq!(Names::<Apis>::new(&["a, b".to_owned()]).into_vec(), ["a", "b"]);
        assert_eq!(warned::<OpenTags>("wx-open-launch-weapp"), [""; 0]);
        assert_eq!(warned::<OpenTags>("scanQRCode").len(), 1);
    }

    #[test]
    fn version_1_6_0_has_35_names_and_none_is_listed_twice() {
        assert_eq!(APIS.iter().position(|name| *name == "openCard"), Some(34));
        for (index, name) in APIS.iter().enumerate() {
            assert!(!APIS[..index].contains(name), "{name}");
        }
    }
}
