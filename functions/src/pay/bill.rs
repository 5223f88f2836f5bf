//! Bills: downloaded, checked by their digest, and compared with what is kept.
//!
//! WeChat: [trade bill][trade], [fund flow bill][fund], [download][download]
//!
//! [trade]: https://pay.weixin.qq.com/doc/v3/merchant/4013071195
//! [fund]: https://pay.weixin.qq.com/doc/v3/merchant/4013071210
//! [download]: https://pay.weixin.qq.com/doc/v3/merchant/4013071238

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Error, Problem, Result, crypto::sha1_hex, table::DocumentWrite};

use super::{
    apiv3::{Carrier, Merchant, Request},
    ledger::{Ledger, read},
    order::{Order, Transaction, paid_on},
    payments::{AT_ONCE, Payments},
    problem,
};

/// How many paid orders of a day are compared in one run.
const COMPARED: usize = 100_000;

/// Which bill.
///
/// 账单类型。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BillType {
    /// Payments and refunds.
    ///
    /// 交易账单：收款与退款。
    Trade,
    /// Every movement of the merchant's money.
    ///
    /// 资金账单：商户资金的每一笔变动。
    FundFlow,
}

/// What the comparison of a day's bill with the table found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BillReport {
    /// The day in China.
    pub date: String,
    /// The merchant.
    pub mchid: String,
    /// Payments that are in both, with the same amount.
    pub equal: usize,
    /// Orders with a payment that was only in the bill, and that is kept here now.
    pub recovered: Vec<String>,
    /// Orders in the bill that are unknown here.
    pub unknown: Vec<String>,
    /// Orders that are paid here and not in the bill.
    pub missing: Vec<String>,
    /// Orders whose amount differs.
    pub different: Vec<String>,
}

impl BillReport {
    /// Whether a person must look at it.
    pub fn is_mismatch(&self) -> bool {
        !(self.unknown.is_empty() && self.missing.is_empty() && self.different.is_empty())
    }
}

#[derive(Deserialize)]
struct Link {
    hash_type: String,
    hash_value: String,
    download_url: String,
}

/// What is here of a payment in a bill.
enum Found {
    Equal,
    Recovered,
    Unknown,
    Different,
}

/// A payment in a bill.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    out_trade_no: String,
    transaction_id: String,
    /// Fen.
    amount: i64,
}

impl<L: Ledger, C: Carrier> Payments<'_, L, C> {
    /// The bill of a day as it is, BOM and line ends included.
    ///
    /// # Errors
    /// There was no trade, it is being made, or its digest does not fit.
    pub async fn bill(&self, merchant: &Merchant, date: &str, kind: BillType) -> Result<Bytes> {
        let date = Request::encode(date);
        let path = match kind {
            BillType::Trade => format!("/v3/bill/tradebill?bill_date={date}&bill_type=ALL"),
            BillType::FundFlow => {
                format!("/v3/bill/fundflowbill?bill_date={date}&account_type=BASIC")
            }
        };
        let answer = self.api.call(merchant, &Request::get(path)).await;
        let answer = answer.map_err(|failure| problem::of(&failure))?;
        let broken = |why: &'static str| {
            let detail = [
                "The bill does not arrive as WeChat Pay announced it; try again.",
                "收到的账单与微信支付声明的不符，请重试。",
            ];
            Error::new(Problem::WechatUnreachable, detail).because(why)
        };
        let link: Link = serde_json::from_slice(&answer).map_err(|_| broken("no link"))?;
        let file = self.api.download(merchant, &link.download_url).await;
        let file = file.map_err(|failure| problem::of(&failure))?;
        if link.hash_type != "SHA1" || !sha1_hex(&file).eq_ignore_ascii_case(&link.hash_value) {
            return Err(broken("the digest does not fit"));
        }
        Ok(file)
    }

    /// Compares a day's bill with the table, once: a payment that was only in the bill is asked
    /// after, and paid. `None` if it was compared before.
    ///
    /// # Errors
    /// The bill is not there, or the table cannot be reached.
    pub async fn compare_bill(
        &self,
        merchant: &Merchant,
        date: &str,
    ) -> Result<Option<BillReport>> {
        let key = format!("bill#{}#{date}", merchant.mchid);
        if self.ledger.read(&key).await?.is_some() {
            return Ok(None);
        }
        let rows = match self.bill(merchant, date, BillType::Trade).await {
            Ok(file) => payments(&file).ok_or_else(|| {
                let detail =
                    ["The bill has another form than the documented one.", "账单格式与文档不符。"];
                Error::new(Problem::WechatUnreachable, detail)
            })?,
            // A day without trade: whatever is paid here is missing there.
            Err(error) if error.problem() == Problem::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let mchid = merchant.mchid.clone();
        let mut report =
            BillReport { date: date.to_owned(), mchid: mchid.clone(), ..BillReport::default() };
        let listed: BTreeSet<String> = rows.iter().map(|row| row.out_trade_no.clone()).collect();
        let mut compared = stream::iter(rows).map(|row| self.find(row)).buffered(AT_ONCE);
        while let Some((number, found)) = compared.try_next().await? {
            match found {
                Found::Equal => report.equal += 1,
                Found::Recovered => report.recovered.push(number),
                Found::Unknown => report.unknown.push(number),
                Found::Different => report.different.push(number),
            }
        }
        let paid = self.ledger.due(&paid_on(&mchid, date), u64::MAX, COMPARED).await?;
        for key in paid {
            let number = key.strip_prefix("order#").unwrap_or(&key);
            if !listed.contains(number) {
                report.missing.push(number.to_owned());
            }
        }
        self.ledger.write(vec![DocumentWrite::new(key, 0, &report)?]).await?;
        Ok(Some(report))
    }

    /// What is here of a payment in a bill; one that is not here is asked after.
    async fn find(&self, row: Row) -> Result<(String, Found)> {
        let Row { out_trade_no, transaction_id, amount } = row;
        let order: Option<(Order, u64)> = read(self.ledger, &Order::key(&out_trade_no)).await?;
        let Some((order, _)) = order else { return Ok((out_trade_no, Found::Unknown)) };
        if order.amount != amount {
            return Ok((out_trade_no, Found::Different));
        }
        if order.paid.is_some_and(|paid| paid.transaction_id == transaction_id)
            || self.ledger.read(&Transaction::key(&transaction_id)).await?.is_some()
        {
            return Ok((out_trade_no, Found::Equal));
        }
        let found = match self.recover(&out_trade_no, &transaction_id).await {
            Ok(_) => Found::Recovered,
            Err(error) if error.problem() == Problem::TableUnavailable => return Err(error),
            Err(_) => Found::Unknown,
        };
        Ok((out_trade_no, found))
    }
}

/// The payments of a trade bill; its columns are found by their names.
fn payments(file: &[u8]) -> Option<Vec<Row>> {
    let text = str::from_utf8(file).ok()?.trim_start_matches('\u{feff}');
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next()?.split(',').map(str::trim).collect();
    let column = |name: &str| head.iter().position(|column| *column == name);
    let (number, transaction) = (column("商户订单号")?, column("微信订单号")?);
    let (state, amount) = (column("交易状态")?, column("订单金额")?);
    let mut rows = Vec::new();
    // The values begin with a backtick; the heading of the sums does not.
    for line in lines.take_while(|line| line.starts_with('`')) {
        let values: Vec<&str> =
            line.split(",`").map(|value| value.trim_start_matches('`')).collect();
        if values.get(state).copied() == Some("SUCCESS") {
            let out_trade_no = (*values.get(number)?).to_owned();
            let transaction_id = (*values.get(transaction)?).to_owned();
            rows.push(Row { out_trade_no, transaction_id, amount: fen(values.get(amount)?)? });
        }
    }
    Some(rows)
}

/// Bills are the one place where money is in yuan, with two decimals.
fn fen(yuan: &str) -> Option<i64> {
    let (whole, cents) = yuan.trim().split_once('.')?;
    if cents.len() != 2 || !cents.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use serde_json::Value;

    use super::*;

    #[test]
    fn yuan_become_fen() {
        assert_eq!(fen("49.99"), Some(4999));
        assert_eq!(fen("0.01"), Some(1));
        for text in ["", "49", "49.9", "49.999", "4.+9", "x.00", "99999999999999999999.00"] {
            assert_eq!(fen(text), None, "{text}");
        }
    }

    #[test]
    fn the_vector_s_bill_is_read() {
        let vectors = include_str!("../../../tests/vectors/pay/primitives.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let zipped = vectors["bill"]["gzip_base64"].as_str().unwrap();
        let zipped = BASE64_STANDARD.decode(zipped).unwrap();
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&zipped[..]).read_to_end(&mut plain).unwrap();
        let rows = payments(&plain).unwrap();
        assert!(!rows.is_empty(), "{}", String::from_utf8_lossy(&plain));
        assert!(rows.iter().all(|row| row.amount > 0 && !row.out_trade_no.is_empty()));
    }

    #[test]
    fn a_file_of_another_form_is_not_a_bill() {
        for text in
            ["", "a,b\n`1,`2\n", "商户订单号,微信订单号,交易状态,订单金额\n`A,`1,`SUCCESS\n"]
        {
            assert_eq!(payments(text.as_bytes()), None, "{text}");
        }
    }
}
