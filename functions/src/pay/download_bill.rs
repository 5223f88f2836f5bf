//! `pay.downloadBill`, by direct invocation
//!
//! WeChat: `GET /v3/bill/tradebill` and `GET /v3/bill/fundflowbill`

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    Access, AccountKind, Body, Caller, Error, File, Http, Operation, Problem, Reply, Result, Uses,
    value::Text,
};

use super::{bill::BillType, input::Day, uses::Orders};

/// Downloads a day's bill as WeChat Pay made it: CSV in UTF-8, its digest verified.
///
/// Bills are made at about ten in the morning of the next day and kept for three months.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DownloadBill {
    /// The day in China, such as `2026-11-03`.
    date: Text<Day>,
    /// Which bill.
    #[serde(rename = "type")]
    kind: BillType,
}

/// A bill.
pub struct Bill(File);

impl Reply for Bill {
    fn into_body(self) -> Result<Body> {
        self.0.into_body()
    }

    fn content(_generator: &mut SchemaGenerator) -> Value {
        json!({ "text/csv": { "schema": { "type": "string" } } })
    }
}

impl Operation for DownloadBill {
    const ID: &'static str = "pay.downloadBill";
    const HTTP: Http = Http { streamed: true, ..Http::POST };
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &[
        "https://pay.weixin.qq.com/doc/v3/merchant/4013071195",
        "https://pay.weixin.qq.com/doc/v3/merchant/4013071210",
    ];
    const PROBLEMS: &'static [Problem] = &[Problem::UnknownApp, Problem::NotFound];
    const EXAMPLE: &'static str = r#"{"date":"2026-11-03","type":"trade"}"#;
    type Uses = Orders;
    type Output = Bill;

    async fn run(self, orders: Uses<'_, Self>, caller: &Caller) -> Result<Bill> {
        let mchid = orders.mchid(caller.appid())?;
        let desk = orders.desk().await?;
        let merchant = desk.merchants().iter().find(|merchant| merchant.mchid == mchid);
        let merchant = merchant.ok_or_else(|| Error::internal("a merchant without keys"))?;
        let bytes = desk.payments().bill(merchant, &self.date, self.kind).await?;
        Ok(Bill(File {
            content_type: "text/csv; charset=utf-8".to_owned(),
            name: Some(format!("{}.csv", self.date.as_str())),
            num_used: None,
            bytes,
        }))
    }
}
