//! `POST /pay/createOrder`
//!
//! WeChat: `POST /v3/pay/transactions/jsapi`, `app`, `h5` and `native`

use futures_util::future::try_join;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    Access, AccountKind, Caller, Error, Operation, Problem, Result, Uses,
    capability::CurrentLogin,
    crypto::hex,
    table::Table,
    value::{Int, Text},
};

use super::{
    apiv3::{AppPayment, PagePayment, Signed, parse_time},
    input::{Attach, ClientIp, Description, Fen, GoodsTag, OutTradeNo, ProductId},
    ledger::read,
    order::{Channel, Order, OrderState},
    payments::NewOrder,
    product::Product,
    uses::{Catalogue, Orders},
};

/// An order expires after this time unless it says otherwise, in seconds.
const LIFE: u64 = 30 * 60;

/// The longest life of an order, in seconds.
const LONGEST: u64 = 2 * 3600;

/// Makes an order and returns what the client pays with.
///
/// A user orders a product of the catalogue; its price is never the client's. A service may order
/// anything. Hand `payment` unchanged to `wx.requestPayment`, `wx.chooseWXPay` or the app SDK,
/// open it as a link, or draw it as a QR code. Whatever the client answers then, ask
/// `pay.getOrder`.
///
/// 创建订单，返回客户端调起支付所需的参数。用户只能购买商品目录中的商品，价格不由客户端决定；
/// 服务端可自定内容。请将 `payment` 原样交给 `wx.requestPayment`、`wx.chooseWXPay` 或 App SDK，
/// 或作为链接打开，或绘制成二维码。无论客户端返回什么，都请调用 `pay.getOrder` 确认。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOrder {
    /// What is ordered; see `pay.putProduct`.
    ///
    /// 购买的商品，见 `pay.putProduct`。
    #[serde(default)]
    product: Option<Text<ProductId>>,
    /// How many of it; 1 by default.
    ///
    /// 数量，默认为 1。
    #[serde(default)]
    quantity: Option<Int<1, 1_000>>,
    /// How the user pays; by default as the kind of app has it.
    ///
    /// 支付渠道，默认取决于应用类型。
    #[serde(default)]
    channel: Option<Channel>,
    /// The address of the payer's device; H5 needs it.
    ///
    /// 付款设备的 IP 地址，H5 支付必填。
    #[serde(default)]
    client_ip: Option<Text<ClientIp>>,
    /// A service's own number of the order. The same number again is the same order.
    ///
    /// 服务端自定的商户订单号；同一单号即同一订单。
    #[serde(default)]
    out_trade_no: Option<Text<OutTradeNo>>,
    /// What the user sees on the bill, where there is no product. For services.
    ///
    /// 用户账单上的描述，无商品时使用；仅限服务端。
    #[serde(default)]
    description: Option<Text<Description>>,
    /// Fen, where there is no product. For services.
    ///
    /// 金额，单位为分，无商品时使用；仅限服务端。
    #[serde(default)]
    amount: Option<Fen>,
    /// Comes back with the payment. For services.
    ///
    /// 附加数据，随支付结果返回；仅限服务端。
    #[serde(default)]
    attach: Option<Text<Attach>>,
    /// When the order can no longer be paid, in RFC 3339: a minute to two hours from now, half an
    /// hour by default. For services.
    ///
    /// 支付截止时间，RFC 3339 格式：距现在 1 分钟至 2 小时，默认半小时；仅限服务端。
    #[serde(default)]
    time_expire: Option<String>,
    /// WeChat Pay's `detail`: goods, for coupons. For services.
    ///
    /// 微信支付的 `detail`：单品优惠信息；仅限服务端。
    #[serde(default)]
    detail: Option<Value>,
    /// WeChat Pay's `goods_tag`. For services.
    ///
    /// 微信支付的 `goods_tag`：订单优惠标记；仅限服务端。
    #[serde(default)]
    goods_tag: Option<Text<GoodsTag>>,
    /// Keeps the money for profit sharing. For services.
    ///
    /// 是否冻结资金以待分账；仅限服务端。
    #[serde(default)]
    profit_sharing: bool,
}

/// An order that waits for the user.
///
/// 等待用户付款的订单。
#[derive(Serialize, JsonSchema)]
pub struct CreatedOrder {
    /// The order's number.
    ///
    /// 商户订单号。
    out_trade_no: String,
    /// Seconds since 1970.
    ///
    /// Unix 时间戳，单位为秒。
    expires_at: u64,
    /// What became of it so far.
    ///
    /// 当前状态。
    state: OrderState,
    /// What the client pays with; absent once the order is paid.
    ///
    /// 客户端调起支付的参数；订单已付款后不再返回。
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<Payment>,
}

/// What the client pays with, by channel.
///
/// 客户端调起支付的参数，因支付渠道而异。
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Payment {
    /// For `wx.requestPayment` and `wx.chooseWXPay`.
    ///
    /// 用于 `wx.requestPayment` 和 `wx.chooseWXPay`。
    Page(PagePayment),
    /// For the app SDK.
    ///
    /// 用于 App SDK。
    App(AppPayment),
    /// A link to open outside WeChat.
    ///
    /// 在微信外打开的链接。
    Link {
        /// Add `&redirect_url=` to return to a page.
        ///
        /// 追加 `&redirect_url=` 可在支付后返回指定页面。
        h5_url: String,
    },
    /// A text to draw as a QR code.
    ///
    /// 用于绘制二维码的文本。
    Code {
        /// Not to be opened from an album.
        ///
        /// 不支持从相册识别。
        code_url: String,
    },
}

impl CreateOrder {
    /// The first input that only a service may send.
    fn service_only(&self) -> Option<&'static str> {
        [
            ("out_trade_no", self.out_trade_no.is_some()),
            ("description", self.description.is_some()),
            ("amount", self.amount.is_some()),
            ("attach", self.attach.is_some()),
            ("time_expire", self.time_expire.is_some()),
            ("detail", self.detail.is_some()),
            ("goods_tag", self.goods_tag.is_some()),
            ("profit_sharing", self.profit_sharing),
        ]
        .into_iter()
        .find_map(|(name, sent)| sent.then_some(name))
    }

    /// What is ordered, if it is one of the catalogue.
    async fn product(&self, catalogue: &Table) -> Result<Option<Product>> {
        let Some(id) = &self.product else { return Ok(None) };
        let kept: Option<(Product, u64)> = read(catalogue, &Product::key(id)).await?;
        let known = kept.map(|(product, _)| product).filter(|product| !product.closed);
        let missing = || {
            Error::new(Problem::NotFound, ["There is no such product.", "没有该商品。"])
                .field("product")
        };
        known.map(Some).ok_or_else(missing)
    }

    fn expires_at(&self, now: u64) -> Result<u64> {
        let Some(text) = &self.time_expire else { return Ok(now + LIFE) };
        let at = parse_time(text).filter(|at| (now + 60..=now + LONGEST).contains(at));
        at.ok_or_else(|| {
            let detail = [
                "Must be a time in RFC 3339, a minute to two hours from now.",
                "须为 RFC 3339 格式的时间，在一分钟到两小时之后。",
            ];
            Error::invalid("time_expire", detail)
        })
    }
}

impl Operation for CreateOrder {
    const ID: &'static str = "pay.createOrder";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &[
        "https://pay.weixin.qq.com/doc/v3/merchant/4012791856",
        "https://pay.weixin.qq.com/doc/v3/merchant/4012365341",
    ];
    const PROBLEMS: &'static [Problem] =
        &[Problem::UnknownApp, Problem::NotFound, Problem::WrongState, Problem::ReceiverState];
    const EXAMPLE: &'static str = r#"{"product":"box-a"}"#;
    type Uses = (Orders, Catalogue, CurrentLogin);
    type Output = CreatedOrder;

    async fn run(
        self,
        (orders, catalogue, login): Uses<'_, Self>,
        caller: &Caller,
    ) -> Result<CreatedOrder> {
        if !caller.is_service()
            && let Some(name) = self.service_only()
        {
            let detail = [
                "Only a service may send this; a user orders a product.",
                "只有后端服务可以发送此参数；用户下单请指定商品。",
            ];
            return Err(Error::invalid(name, detail));
        }
        let now = caller.now();
        let expires_at = self.expires_at(now)?;
        let quantity = self.quantity.map_or(1, Int::get);
        let ((), product) = try_join(login.check(), self.product(catalogue)).await?;
        let needed = |name: &'static str| {
            Error::invalid(
                name,
                [
                    "Name a product, or both description and amount.",
                    "请指定商品，或同时指定 description 与 amount。",
                ],
            )
        };
        let (description, amount) = match (&product, &self.description, self.amount) {
            (Some(product), None, None) => {
                (product.description.clone(), product.amount.saturating_mul(quantity))
            }
            (Some(_), Some(_), _) => return Err(needed("description")),
            (Some(_), None, Some(_)) => return Err(needed("amount")),
            (None, Some(text), Some(amount)) => (text.as_str().to_owned(), amount.get()),
            (None, Some(_), None) => return Err(needed("amount")),
            (None, None, Some(_)) => return Err(needed("description")),
            (None, None, None) => return Err(needed("product")),
        };
        Fen::new(amount).map_err(|_| {
            Error::invalid(
                "quantity",
                ["The sum is more than an order may have.", "总金额超过订单上限。"],
            )
        })?;
        let attach = self.attach.map(Text::into_string);
        let attach = attach.or_else(|| product.as_ref().and_then(|p| p.attach.clone()));
        let channel = self.channel.unwrap_or(match caller.account.kind {
            AccountKind::MiniProgram => Channel::MiniProgram,
            AccountKind::OfficialAccount => Channel::Jsapi,
            AccountKind::MobileApp => Channel::App,
            AccountKind::Website => Channel::Native,
        });
        let mchid = orders.mchid(caller.appid())?;
        let desk = orders.desk().await?;
        let payments = desk.payments();
        let order = payments
            .create(NewOrder {
                mchid: mchid.to_owned(),
                out_trade_no: self.out_trade_no.map_or_else(fresh_number, Text::into_string),
                appid: caller.appid().to_owned(),
                openid: caller.user().map(str::to_owned),
                channel,
                amount,
                description,
                attach,
                product: product.map(|product| (product.product, quantity)),
                expires_at,
                detail: self.detail,
                goods_tag: self.goods_tag.map(Text::into_string),
                profit_sharing: self.profit_sharing,
                client_ip: self.client_ip.map(Text::into_string),
            })
            .await?;
        let merchant = desk.merchants().iter().find(|merchant| merchant.mchid == mchid);
        let payment = merchant.and_then(|merchant| payment(merchant, &order, now));
        let Order { out_trade_no, expires_at, state, .. } = order;
        Ok(CreatedOrder { out_trade_no, expires_at, state, payment })
    }
}

/// Signs afresh what the client pays with.
fn payment(merchant: &super::apiv3::Merchant, order: &Order, now: u64) -> Option<Payment> {
    let prepay = order.prepay.as_ref().filter(|_| order.state == OrderState::Unpaid)?;
    let value = &prepay.value;
    Some(match order.channel {
        Channel::MiniProgram | Channel::Jsapi => {
            Payment::Page(merchant.page_payment(&order.appid, value, Signed::at(now)))
        }
        Channel::App => Payment::App(merchant.app_payment(&order.appid, value, Signed::at(now))),
        Channel::H5 => Payment::Link { h5_url: value.clone() },
        Channel::Native => Payment::Code { code_url: value.clone() },
    })
}

/// A number nobody has: 32 hexadecimal digits of chance.
fn fresh_number() -> String {
    hex(&shared::crypto::random_bytes::<16>())
}
