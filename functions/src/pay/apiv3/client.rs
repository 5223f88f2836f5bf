//! The client's half: what `wx.requestPayment`, `wx.chooseWXPay` and the app SDK are given.
//!
//! WeChat: [JSAPI][jsapi], [mini program][mini], [app][app]
//!
//! [jsapi]: https://pay.weixin.qq.com/doc/v3/merchant/4012365339
//! [mini]: https://pay.weixin.qq.com/doc/v3/merchant/4012365340
//! [app]: https://pay.weixin.qq.com/doc/v3/merchant/4012365341

use schemars::JsonSchema;
use serde::Serialize;

use super::{Merchant, Signed};

/// What `wx.requestPayment` and `wx.chooseWXPay` take, unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PagePayment {
    /// The app that pays; WeixinJSBridge asks for it.
    pub app_id: String,
    /// When it was signed, as mini programs and WeixinJSBridge spell it.
    pub time_stamp: String,
    /// The same, as `wx.chooseWXPay` spells it.
    pub timestamp: String,
    /// A nonce.
    pub nonce_str: String,
    /// `prepay_id=…`.
    pub package: String,
    /// Always `RSA`.
    pub sign_type: &'static str,
    /// The merchant's signature.
    pub pay_sign: String,
}

/// What the app SDK's `PayReq` takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AppPayment {
    /// The mobile app.
    pub appid: String,
    /// The merchant's number.
    pub partnerid: String,
    /// The prepay id, without a prefix.
    pub prepayid: String,
    /// Always `Sign=WXPay`.
    pub package: &'static str,
    /// A nonce.
    pub noncestr: String,
    /// When it was signed.
    pub timestamp: String,
    /// The merchant's signature.
    pub sign: String,
}

impl Merchant {
    /// Signs a payment for a page in WeChat or a mini program.
    pub fn page_payment(&self, appid: &str, prepay_id: &str, signed: Signed) -> PagePayment {
        let Signed { at, nonce } = signed;
        let package = format!("prepay_id={prepay_id}");
        let message = format!("{appid}\n{at}\n{nonce}\n{package}\n");
        PagePayment {
            app_id: appid.to_owned(),
            time_stamp: at.to_string(),
            timestamp: at.to_string(),
            nonce_str: nonce,
            package,
            sign_type: "RSA",
            pay_sign: self.private_key.sign(message.as_bytes()),
        }
    }

    /// Signs a payment for a mobile app. What is signed has no `prepay_id=` before the id.
    pub fn app_payment(&self, appid: &str, prepay_id: &str, signed: Signed) -> AppPayment {
        let Signed { at, nonce } = signed;
        let message = format!("{appid}\n{at}\n{nonce}\n{prepay_id}\n");
        AppPayment {
            appid: appid.to_owned(),
            partnerid: self.mchid.clone(),
            prepayid: prepay_id.to_owned(),
            package: "Sign=WXPay",
            noncestr: nonce,
            timestamp: at.to_string(),
            sign: self.private_key.sign(message.as_bytes()),
        }
    }
}
