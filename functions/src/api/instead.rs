//! What to do instead: the operation that does a call right, or why the call is impossible.

use model::surface::{Row, Token};

/// The operation that makes this call, if one does.
pub fn operation(path: &str) -> Option<&'static str> {
    let index = OPERATIONS.binary_search_by_key(&path, |(path, _)| path).ok()?;
    Some(OPERATIONS[index].1)
}

/// Paths and the operations that call them, sorted.
const OPERATIONS: &[(&str, &str)] = &[
    ("/card/code/decrypt", "card.decryptCode"),
    ("/card/invoice/reimburse/getinvoicebatch", "invoice.getInvoiceBatch"),
    ("/card/invoice/reimburse/getinvoiceinfo", "invoice.getInvoiceInfo"),
    ("/card/invoice/reimburse/updateinvoicestatus", "invoice.updateInvoiceStatus"),
    ("/cgi-bin/clear_quota", "openapi.clearQuota"),
    ("/cgi-bin/media/get", "media.get"),
    ("/cgi-bin/media/get/jssdk", "media.get"),
    ("/cgi-bin/media/upload", "customerServiceMessage.uploadTempMedia"),
    ("/cgi-bin/message/custom/business/typing", "customerServiceMessage.setTyping"),
    ("/cgi-bin/message/custom/send", "customerServiceMessage.send"),
    ("/cgi-bin/message/custom/typing", "customerServiceMessage.setTyping"),
    ("/cgi-bin/message/subscribe/send", "subscribeMessage.send"),
    ("/cgi-bin/message/template/send", "h5.templateMessage.send"),
    ("/cgi-bin/message/template/subscribe", "templateMessage.subscribe"),
    ("/cgi-bin/message/wxopen/template/uniform_send", "uniformMessage.send"),
    ("/cgi-bin/openapi/quota/get", "openapi.getApiQuota"),
    ("/cgi-bin/openapi/rid/get", "openapi.getRidInfo"),
    ("/cgi-bin/qrcode/create", "qrcode.create"),
    ("/cgi-bin/shorturl", "shortlink.generate"),
    ("/cgi-bin/stable_token", "auth.getAccessToken"),
    ("/cgi-bin/ticket/getticket", "auth.getTicket"),
    ("/cgi-bin/token", "auth.getAccessToken"),
    ("/cgi-bin/user/info", "user.getInfo"),
    ("/cgi-bin/wxaapp/createwxaqrcode", "wxacode.createQRCode"),
    ("/sns/auth", "oauth.checkToken"),
    ("/sns/jscode2session", "auth.code2Session"),
    ("/sns/oauth2/access_token", "oauth.getToken"),
    ("/sns/oauth2/refresh_token", "oauth.refreshToken"),
    ("/sns/userinfo", "oauth.getUserInfo"),
    ("/wxa/business/getliveinfo", "livebroadcast.getLiveInfo"),
    ("/wxa/business/getuserencryptkey", "internet.getUserEncryptKey"),
    ("/wxa/business/getuserphonenumber", "phonenumber.getPhoneNumber"),
    ("/wxa/checksession", "auth.checkSession"),
    ("/wxa/generate_urllink", "urllink.generate"),
    ("/wxa/generatescheme", "urlscheme.generate"),
    ("/wxa/genwxashortlink", "shortlink.generate"),
    ("/wxa/getuserriskrank", "riskControl.getUserRiskRank"),
    ("/wxa/getwxacode", "wxacode.get"),
    ("/wxa/getwxacodeunlimit", "wxacode.getUnlimited"),
    ("/wxa/img_sec_check", "security.imgSecCheck"),
    ("/wxa/media_check_async", "security.mediaCheckAsync"),
    ("/wxa/msg_sec_check", "security.msgSecCheck"),
    ("/wxa/sec/order/get_order", "orderShipping.getOrder"),
    ("/wxa/sec/order/get_order_list", "orderShipping.getOrderList"),
    ("/wxa/sec/order/is_trade_managed", "orderShipping.isTradeManaged"),
    ("/wxa/sec/order/notify_confirm_receive", "orderShipping.notifyConfirmReceive"),
    ("/wxa/sec/order/upload_shipping_info", "orderShipping.uploadShippingInfo"),
    ("/wxaapi/newtmpl/addtemplate", "subscribeMessage.addTemplate"),
    ("/wxaapi/newtmpl/deltemplate", "subscribeMessage.deleteTemplate"),
    ("/wxaapi/newtmpl/getcategory", "subscribeMessage.getCategory"),
    ("/wxaapi/newtmpl/getpubtemplatekeywords", "subscribeMessage.getPubTemplateKeyWordsById"),
    ("/wxaapi/newtmpl/getpubtemplatetitles", "subscribeMessage.getPubTemplateTitleList"),
    ("/wxaapi/newtmpl/gettemplate", "subscribeMessage.getTemplateList"),
];

/// Why a row is never called.
pub fn reason(row: &Row) -> [&'static str; 2] {
    let known = REASONS.iter().find(|(prefix, _)| row.path.starts_with(prefix));
    match (known, row.token) {
        (Some((_, reason)), _) => *reason,
        (None, Token::Component) => PLATFORM,
        (None, _) => ["It is dangerous, or has ended.", "该接口有风险，或已下线。"],
    }
}

const PLATFORM: [&str; 2] = [
    "It takes a third-party platform's credential, which is not configured here.",
    "该接口需要第三方平台的凭证，此处未配置。",
];
const SIGNED: [&str; 2] = [
    "It must be signed with a user's session key or a pay key.",
    "该接口须用用户的 session_key 或支付密钥签名。",
];
const CLOUD_KEYS: [&str; 2] =
    ["It answers or changes keys of Tencent Cloud.", "该接口会返回或更改腾讯云密钥。"];

/// Reasons by the beginnings of paths.
const REASONS: &[(&str, [&str; 2])] = &[
    ("/cgi-bin/clear_quota/v2", ["It takes the app secret.", "该接口需要 AppSecret。"]),
    ("/cgi-bin/component/", PLATFORM),
    ("/cgi-bin/midas/", SIGNED),
    (
        "/cgi-bin/openapi/quota/clear",
        ["It spends resets that the whole account shares.", "该接口会消耗整个账号共用的重置次数。"],
    ),
    ("/componenttcb/", PLATFORM),
    ("/sns/", PLATFORM),
    ("/tcb/createclouduser", CLOUD_KEYS),
    ("/tcb/getappconfig", CLOUD_KEYS),
    ("/tcb/getcodesecret", CLOUD_KEYS),
    ("/tcb/getqcloudtoken", CLOUD_KEYS),
    ("/tcb/getuploadsignature", CLOUD_KEYS),
    ("/tcb/uploadappconfig", CLOUD_KEYS),
    (
        "/tcb/usecloudaccesstoken",
        ["It changes which paths cloud functions may call.", "该接口会更改云函数可调用的路径。"],
    ),
    ("/tcb/wxpayopenauth", CLOUD_KEYS),
    ("/wxa/game/", SIGNED),
    ("/wxa/remove_user_storage", SIGNED),
    (
        "/wxa/resetusersessionkey",
        [
            "It answers a session key; let the user log in again.",
            "该接口会返回 session_key，请让用户重新登录。",
        ],
    ),
    ("/wxa/set_user_storage", SIGNED),
    ("/wxa/setuserinteractivedata", SIGNED),
    ("/xpay/", SIGNED),
];

#[cfg(test)]
mod tests {
    use super::*;
    use model::surface::{Policy, ROWS, rows};

    #[test]
    fn every_operation_named_is_that_of_a_row() {
        assert!(OPERATIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (path, _) in OPERATIONS {
            assert!(!rows(path).is_empty(), "{path}");
        }
        for row in ROWS.iter().filter(|row| row.policy == Policy::Typed) {
            assert!(operation(row.path).is_some(), "{}", row.path);
        }
    }

    #[test]
    fn whatever_is_never_called_has_an_operation_or_a_reason() {
        for row in ROWS.iter().filter(|row| row.policy == Policy::Never) {
            let known = REASONS.iter().any(|(prefix, _)| row.path.starts_with(prefix))
                || row.token == Token::Component;
            assert!(operation(row.path).is_some() || known, "{}", row.path);
        }
        for (prefix, _) in REASONS {
            assert!(ROWS.iter().any(|row| row.path.starts_with(prefix)), "{prefix}");
        }
    }
}
