//! What was paid is shipped: `wxa/sec/order/…`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{AccountKind, Simulator, User, kept};

/// Orders of a page, unless the call says otherwise.
const PAGE: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
    vec![
        Route::post("/wxa/sec/order/get_order", get_order).only(MINI),
        Route::post("/wxa/sec/order/get_order_list", get_order_list).only(MINI),
        Route::post("/wxa/sec/order/is_trade_managed", is_trade_managed).only(MINI),
        Route::post("/wxa/sec/order/notify_confirm_receive", notify_confirm_receive).only(MINI),
        Route::post("/wxa/sec/order/upload_shipping_info", upload_shipping_info).only(MINI),
    ]
}

/// An order that a user paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaidOrder {
    /// WeChat Pay's number.
    pub transaction_id: String,
    /// The merchant.
    pub mchid: String,
    /// The merchant's number.
    pub out_trade_no: String,
    /// What it is for.
    pub description: String,
    /// In fen.
    pub paid_amount: u64,
}

/// An order that was paid at the cashier of WeChat Pay.
pub(super) struct PaidHere {
    pub(super) appid: String,
    pub(super) openid: String,
    pub(super) paid_at: u64,
    pub(super) order: PaidOrder,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderState {
    /// It waits to be shipped.
    ToShip = 1,
    /// It is on its way.
    Shipped = 2,
    /// The user has confirmed it.
    Received = 3,
}

impl Simulator {
    /// A user paid an order in a mini program, which must now be shipped.
    pub fn pay_order(&self, appid: &str, user: &User, order: PaidOrder) {
        let openid = user.openid(appid);
        let paid_at = self.clock().now();
        self.kept(|Orders(orders): &mut Orders| {
            let key = (appid.to_owned(), order.transaction_id.clone());
            orders.insert(
                key,
                Order {
                    order,
                    openid,
                    paid_at,
                    state: OrderState::ToShip,
                    reminded: false,
                    shipments: Vec::new(),
                },
            );
        });
    }

    /// An order is sent by express, as if that was reported; whether it waited for it.
    pub fn ship_order(&self, appid: &str, transaction_id: &str, tracking_no: &str) -> bool {
        self.orders(|orders| {
            let order = orders.get_mut(&(appid.to_owned(), transaction_id.to_owned()));
            let order = order.filter(|order| order.state == OrderState::ToShip);
            let parcel = Parcel {
                tracking_no: Some(tracking_no.to_owned()),
                express_company: Some("SF".to_owned()),
                item_desc: "goods".to_owned(),
                contact: None,
            };
            let shipment = Shipment {
                logistics_type: 1,
                delivery_mode: 1,
                is_all_delivered: false,
                shipping_list: vec![parcel],
            };
            order
                .map(|order| {
                    order.state = OrderState::Shipped;
                    order.shipments.push(shipment);
                })
                .is_some()
        })
    }

    /// A user confirms that an order arrived; whether it was on its way.
    pub fn confirm_receipt(&self, appid: &str, transaction_id: &str) -> bool {
        self.orders(|orders| {
            let order = orders.get_mut(&(appid.to_owned(), transaction_id.to_owned()));
            let order = order.filter(|order| order.state == OrderState::Shipped);
            order.map(|order| order.state = OrderState::Received).is_some()
        })
    }
}

impl Simulator {
    /// Works with all orders, those among them that the cashier of WeChat Pay took the money for.
    fn orders<R>(&self, act: impl FnOnce(&mut BTreeMap<(String, String), Order>) -> R) -> R {
        let paid = self.pay().paid();
        self.kept(|Orders(orders): &mut Orders| {
            for PaidHere { appid, openid, paid_at, order } in paid {
                let key = (appid, order.transaction_id.clone());
                orders.entry(key).or_insert(Order {
                    order,
                    openid,
                    paid_at,
                    state: OrderState::ToShip,
                    reminded: false,
                    shipments: Vec::new(),
                });
            }
            act(orders)
        })
    }
}

/// By appid and transaction id.
#[derive(Default, Serialize, Deserialize)]
struct Orders(#[serde(with = "kept::pairs")] BTreeMap<(String, String), Order>);

#[derive(Serialize, Deserialize)]
struct Order {
    order: PaidOrder,
    openid: String,
    paid_at: u64,
    state: OrderState,
    /// The user was reminded to confirm, which happens once.
    reminded: bool,
    /// The first report, and the one that replaced it.
    shipments: Vec<Shipment>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Shipment {
    logistics_type: u8,
    delivery_mode: u8,
    #[serde(default)]
    is_all_delivered: bool,
    shipping_list: Vec<Parcel>,
}

#[derive(Clone, PartialEq, Deserialize, Serialize)]
struct Parcel {
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    express_company: Option<String>,
    item_desc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<Value>,
}

#[derive(Deserialize)]
struct OrderKey {
    order_number_type: u8,
    transaction_id: Option<String>,
    mchid: Option<String>,
    out_trade_no: Option<String>,
}

#[derive(Deserialize)]
struct Payer {
    openid: String,
}

#[derive(Deserialize)]
struct Upload {
    order_key: OrderKey,
    #[serde(flatten)]
    shipment: Shipment,
    upload_time: String,
    payer: Payer,
}

#[derive(Deserialize)]
struct Which {
    transaction_id: Option<String>,
    merchant_id: Option<String>,
    merchant_trade_no: Option<String>,
}

impl Order {
    fn is(&self, transaction: Option<&str>, mchid: Option<&str>, trade: Option<&str>) -> bool {
        match transaction {
            Some(id) if !id.is_empty() => self.order.transaction_id == id,
            _ => mchid == Some(&self.order.mchid) && trade == Some(&self.order.out_trade_no),
        }
    }

    fn shown(&self) -> Value {
        let mut order = json!({
            "transaction_id": self.order.transaction_id,
            "merchant_id": self.order.mchid,
            "merchant_trade_no": self.order.out_trade_no,
            "description": self.order.description,
            "paid_amount": self.order.paid_amount,
            "openid": self.openid,
            "trade_create_time": self.paid_at,
            "pay_time": self.paid_at,
            "order_state": self.state as u8,
            "in_complaint": false,
            "shipping": {},
        });
        if let Some(shipment) = self.shipments.last() {
            order["shipping"] = json!({
                "delivery_mode": shipment.delivery_mode,
                "logistics_type": shipment.logistics_type,
                "finish_shipping": shipment.finished(),
                "finish_shipping_count": self.shipments.len(),
                "shipping_list": shipment.shipping_list,
            });
        }
        order
    }
}

impl Shipment {
    fn finished(&self) -> bool {
        self.delivery_mode == 1 || self.is_all_delivered
    }

    fn check(&self) -> Result<(), Refusal> {
        if !(1..=4).contains(&self.logistics_type) {
            return Err(refuse(10060005, "logistics_type is invalid"));
        }
        if !(1..=2).contains(&self.delivery_mode) {
            return Err(refuse(268485216, "delivery_mode is invalid"));
        }
        if self.delivery_mode == 2 && self.logistics_type != 1 {
            return Err(refuse(10060006, "only express can be split"));
        }
        let list = &self.shipping_list;
        if self.delivery_mode == 1 && list.len() != 1 {
            return Err(refuse(268485228, "shipping_list must hold one item in unified mode"));
        }
        if list.is_empty() || list.len() > 15 {
            return Err(refuse(10060020, "shipping_list is out of range"));
        }
        for parcel in list {
            let filled = |text: &Option<String>| {
                text.as_ref().is_some_and(|text| (1..=128).contains(&text.len()))
            };
            if self.logistics_type == 1 && !filled(&parcel.tracking_no) {
                return Err(refuse(268485226, "tracking_no is invalid"));
            }
            if self.logistics_type == 1 && !filled(&parcel.express_company) {
                return Err(refuse(268485227, "express_company is invalid"));
            }
            if parcel.item_desc.is_empty() || parcel.item_desc.chars().count() > 120 {
                return Err(refuse(10060014, "item_desc is invalid"));
            }
        }
        Ok(())
    }
}

fn unknown() -> Refusal {
    refuse(10060001, "payment order not found")
}

/// `POST /wxa/sec/order/upload_shipping_info`
fn upload_shipping_info(call: &Call) -> Answer {
    let account = call.account()?;
    let Upload { order_key, shipment, upload_time, payer } = call.json()?;
    shipment.check()?;
    let zoned = upload_time.len() >= 20 && upload_time.as_bytes()[10] == b'T';
    if !zoned {
        return Err(refuse(268485195, "upload_time is invalid"));
    }
    let transaction = match order_key.order_number_type {
        1 => None,
        2 => order_key.transaction_id.as_deref(),
        _ => return Err(refuse(268485194, "order_number_type is invalid")),
    };
    call.simulator.orders(|orders| {
        let mine = orders.iter_mut().filter(|((appid, _), _)| *appid == account.appid);
        let (mchid, trade) = (order_key.mchid.as_deref(), order_key.out_trade_no.as_deref());
        let order = mine.map(|(_, order)| order).find(|o| o.is(transaction, mchid, trade));
        let order = order.ok_or_else(unknown)?;
        if order.openid != payer.openid {
            return Err(refuse(10060031, "openid is not the payer"));
        }
        match (order.state, order.shipments.last()) {
            (OrderState::Received, _) => {
                return Err(refuse(10060002, "the order is finished"));
            }
            (_, Some(last)) if *last == shipment => {
                return Err(refuse(10060023, "shipping info is unchanged"));
            }
            _ => {}
        }
        let finished = order.shipments.iter().filter(|shipment| shipment.finished()).count();
        if finished > 1 {
            return Err(refuse(10060003, "the order was re-shipped already"));
        }
        if shipment.finished() {
            order.state = OrderState::Shipped;
        }
        order.shipments.push(shipment);
        Ok(Reply::ok(json!({})))
    })
}

/// `POST /wxa/sec/order/get_order`
fn get_order(call: &Call) -> Answer {
    let account = call.account()?;
    let which: Which = call.json()?;
    with_order(call, &account.appid, &which, |order| {
        Ok(Reply::ok(json!({ "order": order.shown() })))
    })
}

fn with_order(
    call: &Call,
    appid: &str,
    which: &Which,
    act: impl FnOnce(&mut Order) -> Answer,
) -> Answer {
    let (id, mchid) = (which.transaction_id.as_deref(), which.merchant_id.as_deref());
    let trade = which.merchant_trade_no.as_deref();
    call.simulator.orders(|orders| {
        let mine = orders.iter_mut().filter(|((owner, _), _)| owner == appid);
        let order = mine.map(|(_, order)| order).find(|order| order.is(id, mchid, trade));
        act(order.ok_or_else(unknown)?)
    })
}

#[derive(Deserialize)]
struct TimeRange {
    begin_time: Option<u64>,
    end_time: Option<u64>,
}

#[derive(Deserialize)]
struct List {
    pay_time_range: Option<TimeRange>,
    order_state: Option<u8>,
    openid: Option<String>,
    last_index: Option<String>,
    page_size: Option<usize>,
}

/// `POST /wxa/sec/order/get_order_list`
fn get_order_list(call: &Call) -> Answer {
    let account = call.account()?;
    let list: List = call.json()?;
    let from = match list.last_index.as_deref() {
        None | Some("") => 0,
        Some(index) => index.parse().map_err(|_| refuse(10060011, "last_index is invalid"))?,
    };
    let size = list.page_size.unwrap_or(PAGE).clamp(1, PAGE);
    let paid = |at: u64| {
        let range = list.pay_time_range.as_ref();
        range.and_then(|range| range.begin_time).is_none_or(|begin| begin <= at)
            && range.and_then(|range| range.end_time).is_none_or(|end| at <= end)
    };
    let found: Vec<Value> = call.simulator.orders(|orders| {
        let mine = orders.iter().filter(|((appid, _), order)| {
            *appid == account.appid
                && paid(order.paid_at)
                && list.order_state.is_none_or(|state| state == order.state as u8)
                && list.openid.as_ref().is_none_or(|openid| *openid == order.openid)
        });
        mine.map(|(_, order)| order.shown()).collect()
    });
    let page: Vec<_> = found.iter().skip(from).take(size).collect();
    let until = from + page.len();
    Ok(Reply::ok(json!({
        "order_list": page,
        "has_more": until < found.len(),
        "last_index": until.to_string(),
    })))
}

#[derive(Deserialize)]
struct Confirm {
    #[serde(flatten)]
    which: Which,
    received_time: u64,
}

/// `POST /wxa/sec/order/notify_confirm_receive`: reminds the user, once.
fn notify_confirm_receive(call: &Call) -> Answer {
    let account = call.account()?;
    let Confirm { which, received_time } = call.json()?;
    with_order(call, &account.appid, &which, |order| {
        let Some(shipment) = order.shipments.last().filter(|shipment| shipment.finished()) else {
            return Err(refuse(10060028, "the order is not shipped"));
        };
        if received_time < order.paid_at {
            return Err(refuse(10060029, "received_time is before the shipping"));
        }
        if shipment.logistics_type != 1 {
            return Err(refuse(10060032, "only express orders can be reminded of"));
        }
        if std::mem::replace(&mut order.reminded, true) {
            return Err(refuse(10060030, "the user was reminded already"));
        }
        Ok(Reply::ok(json!({})))
    })
}

#[derive(Deserialize)]
struct App {
    appid: String,
}

/// `POST /wxa/sec/order/is_trade_managed`
fn is_trade_managed(call: &Call) -> Answer {
    let account = call.account()?;
    let App { appid } = call.json()?;
    if appid != account.appid {
        return Err(refuse(40013, "invalid appid"));
    }
    let apps: BTreeSet<String> =
        call.simulator.orders(|orders| orders.keys().map(|(appid, _)| appid.clone()).collect());
    Ok(Reply::ok(json!({ "is_trade_managed": apps.contains(&account.appid) })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, errcode, simulator};

    #[test]
    fn an_order_is_shipped_reported_again_once_reminded_of_and_confirmed() {
        let (clock, simulator) = simulator();
        let alice = User::new("alice");
        let order = PaidOrder {
            transaction_id: "4200000000000000001".into(),
            mchid: "1900000001".into(),
            out_trade_no: "order-1".into(),
            description: "tea".into(),
            paid_amount: 100,
        };
        simulator.pay_order(MINI, &alice, order);
        let token = simulator.token(MINI);
        let post = |name: &str, body: Value| {
            let path = format!("/wxa/sec/order/{name}?access_token={token}");
            simulator.post(&path, &body.to_string())
        };
        let id = json!({ "transaction_id": "4200000000000000001" });
        let state = || post("get_order", id.clone())["order"]["order_state"].clone();
        let ship = |tracking_no: &str, payer: &User| {
            errcode(&post(
                "upload_shipping_info",
                json!({
                    "order_key": { "order_number_type": 1, "mchid": "1900000001", "out_trade_no": "order-1" },
                    "logistics_type": 1, "delivery_mode": 1,
                    "shipping_list": [{ "tracking_no": tracking_no, "express_company": "SF", "item_desc": "tea" }],
                    "upload_time": "2026-11-20T12:00:00+08:00",
                    "payer": { "openid": payer.openid(MINI) },
                }),
            ))
        };
        let remind = || {
            let received = clock.now();
            errcode(&post(
                "notify_confirm_receive",
                json!({ "transaction_id": "4200000000000000001", "received_time": received }),
            ))
        };

        assert_eq!((state(), remind()), (json!(1), 10060028));
        assert_eq!(ship("SF1", &User::new("bob")), 10060031);
        assert_eq!([ship("SF1", &alice), ship("SF1", &alice)], [0, 10060023]);
        assert_eq!([ship("SF2", &alice), ship("SF3", &alice)], [0, 10060003]);
        assert_eq!([remind(), remind()], [0, 10060030]);
        assert_eq!(state(), 2);
        assert!(simulator.confirm_receipt(MINI, "4200000000000000001"));
        assert_eq!((state(), ship("SF4", &alice)), (json!(3), 10060002));
        let list = post("get_order_list", json!({ "order_state": 3 }));
        assert_eq!(
            (&list["has_more"], list["order_list"].as_array().unwrap().len()),
            (&json!(false), 1)
        );
        assert_eq!(post("is_trade_managed", json!({ "appid": MINI }))["is_trade_managed"], true);
    }
}
