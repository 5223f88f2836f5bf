//! What was paid by WeChat Pay is shipped, and WeChat is told: mandatory for many mini programs.
//!
//! 微信支付订单的发货信息管理：许多小程序必须接入。
//!
//! The numbers of an order and its state are WeChat's; an order appears some seconds after it was
//! paid.

mod get_order;
mod get_order_list;
mod is_trade_managed;
mod list;
mod notify_confirm_receive;
mod numbers;
mod order;
mod shipment;
mod upload_shipping_info;

use schemars::JsonSchema;
use serde::Serialize;
use shared::{Problem, Refusal};

pub use get_order::GetOrder;
pub use get_order_list::GetOrderList;
pub use is_trade_managed::IsTradeManaged;
pub use notify_confirm_receive::NotifyConfirmReceive;
pub use upload_shipping_info::UploadShippingInfo;

/// Nothing: WeChat has taken it.
///
/// 无内容：微信已接收。
#[derive(Serialize, JsonSchema)]
pub struct Done {}

const INPUT: [&str; 2] = [
    "WeChat does not accept the shipping information; look the errcode up.",
    "微信不接受该发货信息，请查阅 errcode。",
];

/// WeChat: [order shipping](https://developers.weixin.qq.com/miniprogram/dev/server/API/order_shipping/api_uploadshippinginfo.html).
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::new(10_060_001, Problem::WrongState, ["WeChat does not know the payment, or not yet: try again in a minute.", "微信查不到该支付单，或尚未同步：请一分钟后重试。"]),
    Refusal::new(10_060_002, Problem::WrongState, ["The order is finished.", "订单已完成。"]),
    Refusal::new(10_060_003, Problem::WrongState, ["A shipment can be reported again once, and was.", "重新发货只能进行一次，且已用过。"]),
    Refusal::new(10_060_004, Problem::WrongState, ["The order cannot be shipped in its state.", "订单的状态不允许发货。"]),
    Refusal::new(10_060_005, Problem::InvalidInput, INPUT).field("logistics_type"),
    Refusal::new(10_060_006, Problem::InvalidInput, ["Only express shipments can be split.", "只有物流快递可以分拆发货。"]).field("delivery_mode"),
    Refusal::new(10_060_007, Problem::InvalidInput, INPUT),
    Refusal::new(10_060_008, Problem::InvalidInput, INPUT),
    Refusal::new(10_060_009, Problem::InvalidInput, INPUT),
    Refusal::new(10_060_011, Problem::InvalidInput, ["Send `last_index` of the answer before.", "请发送上次应答中的 `last_index`。"]).field("last_index"),
    Refusal::new(10_060_012, Problem::WechatBusy, ["WeChat is busy; try again shortly.", "微信繁忙，请稍后重试。"]),
    Refusal::new(10_060_014, Problem::InvalidInput, INPUT).field("shipping_list"),
    Refusal::new(10_060_019, Problem::WechatBusy, ["WeChat is busy; try again shortly.", "微信繁忙，请稍后重试。"]),
    Refusal::new(10_060_020, Problem::InvalidInput, INPUT).field("shipping_list"),
    Refusal::new(10_060_024, Problem::InvalidInput, INPUT),
    Refusal::new(10_060_025, Problem::InvalidInput, INPUT),
    Refusal::new(10_060_026, Problem::InvalidInput, INPUT),
    Refusal::new(10_060_028, Problem::WrongState, ["The order is not shipped.", "订单未发货。"]),
    Refusal::new(10_060_029, Problem::WrongState, ["`received_time` is before the shipping.", "`received_time` 早于发货时间。"]),
    Refusal::new(10_060_030, Problem::WrongState, ["The user can be reminded once, and was.", "只能提醒用户一次，且已提醒过。"]),
    Refusal::new(10_060_031, Problem::InvalidInput, ["This openid did not pay the order.", "该 openid 不是此订单的支付者。"]).field("payer.openid"),
    Refusal::new(10_060_032, Problem::WrongState, ["Users are reminded of express orders only.", "只能提醒物流快递订单的用户。"]),
    Refusal::new(268_485_194, Problem::InvalidInput, INPUT).field("order_key"),
    Refusal::new(268_485_195, Problem::InvalidInput, INPUT).field("upload_time"),
    Refusal::new(268_485_196, Problem::InvalidInput, INPUT).field("upload_time"),
    Refusal::new(268_485_197, Problem::InvalidInput, INPUT).field("order_key"),
    Refusal::new(268_485_216, Problem::InvalidInput, INPUT).field("delivery_mode"),
    Refusal::new(268_485_224, Problem::InvalidInput, INPUT),
    Refusal::new(268_485_226, Problem::InvalidInput, INPUT).field("shipping_list"),
    Refusal::new(268_485_227, Problem::InvalidInput, INPUT).field("shipping_list"),
    Refusal::new(268_485_228, Problem::InvalidInput, INPUT).field("shipping_list"),
    Refusal::new(40_097, Problem::InvalidInput, ["WeChat does not accept one of the arguments.", "微信不接受其中一个参数。"]),
    Refusal::new(61_003, Problem::AccountNotPermitted, ["The account has not granted this.", "账号未授予此权限。"]),
    Refusal::new(61_004, Problem::AccountNotPermitted, ["The account has not granted this.", "账号未授予此权限。"]),
    Refusal::new(61_011, Problem::AccountNotPermitted, ["The account has not granted this.", "账号未授予此权限。"]),
];
