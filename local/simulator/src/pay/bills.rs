//! Bills: yesterday's payments and refunds as CSV, by a link that is good for five minutes.
//!
//! WeChat: [trade bill][trade], [fund flow bill][fund], [download][download]
//!
//! [trade]: https://pay.weixin.qq.com/doc/v3/merchant/4013071195
//! [fund]: https://pay.weixin.qq.com/doc/v3/merchant/4013071210
//! [download]: https://pay.weixin.qq.com/doc/v3/merchant/4013071238

use std::{borrow::Cow, io::Write as _};

use flate2::{Compression, write::GzEncoder};
use model::crypto::sha1_hex;
use serde_json::json;

use super::{
    PayFault, State,
    call::{Answer, Call, Refusal, refuse},
    time,
};

/// How long a link is good, in seconds.
const LINK_LIFE: u64 = 300;
const DAY: u64 = 86_400;
/// Bills are made in the morning of the next day.
const MADE_AT: u64 = 9 * 3600;
/// How long bills are kept.
const KEPT: u64 = 90 * DAY;

const TRADE_HEAD: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const TRADE_TAIL: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
const FUND_HEAD: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
const FUND_TAIL: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

/// The links that were given and may still be good.
#[derive(Default)]
pub(super) struct Bills(Vec<Link>);

struct Link {
    token: String,
    until: u64,
    file: Vec<u8>,
}

/// A row of the trade bill, before it is text.
struct Row {
    at: u64,
    appid: String,
    transaction_id: String,
    out_trade_no: String,
    openid: String,
    trade_type: Cow<'static, str>,
    total: i64,
    coupon: i64,
    description: String,
    attach: String,
    /// Of a refund: its two numbers and the amount.
    refund: Option<(String, String, i64)>,
}

/// `GET /v3/bill/tradebill`
pub(super) fn trade(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let kind = call.optional("bill_type").unwrap_or("ALL");
    if !["ALL", "SUCCESS", "REFUND"].contains(&kind) {
        return Err(refuse(400, "PARAM_ERROR", "bill_type错误"));
    }
    let (from, until) = day(state, call)?;
    let mut rows = rows(state, call.mchid, from, until);
    rows.retain(|row| match kind {
        "SUCCESS" => row.refund.is_none(),
        "REFUND" => row.refund.is_some(),
        _ => true,
    });
    if !rows.is_empty() && state.faults.meet(PayFault::BillMissingRow) {
        rows.remove(0);
    }
    if let Some(row) = rows.first_mut()
        && state.faults.meet(PayFault::BillAmountDiff)
    {
        row.total += 1;
    }
    if state.faults.meet(PayFault::BillExtraRow) {
        rows.push(Row {
            at: from,
            appid: "wx0000000000000000".to_owned(),
            transaction_id: "4200000000202601010000000000".to_owned(),
            out_trade_no: "NOBODYKNOWSTHIS".to_owned(),
            openid: "oNobody".to_owned(),
            trade_type: "JSAPI".into(),
            total: 1,
            coupon: 0,
            description: "?".to_owned(),
            attach: String::new(),
            refund: None,
        });
    }
    if rows.is_empty() {
        return Err(refuse(400, "NO_STATEMENT_EXIST", "账单不存在"));
    }
    let lines = rows.iter().map(|row| {
        let zero = "0.00".to_owned();
        let paid = yuan(row.total);
        let (refund_id, out_refund_no, back) = row.refund.clone().unwrap_or_default();
        let is_refund = row.refund.is_some();
        [
            time::of_bill(row.at),
            row.appid.clone(),
            call.mchid.to_owned(),
            "0".to_owned(),
            String::new(),
            row.transaction_id.clone(),
            row.out_trade_no.clone(),
            row.openid.clone(),
            row.trade_type.to_string(),
            if is_refund { "REFUND" } else { "SUCCESS" }.to_owned(),
            "OTHERS".to_owned(),
            "CNY".to_owned(),
            if is_refund { zero.clone() } else { paid.clone() },
            if is_refund { zero.clone() } else { yuan(row.coupon) },
            if is_refund { refund_id } else { "0".to_owned() },
            if is_refund { out_refund_no } else { "0".to_owned() },
            yuan(back),
            zero.clone(),
            if is_refund { "ORIGINAL" } else { "" }.to_owned(),
            if is_refund { "SUCCESS" } else { "" }.to_owned(),
            row.description.replace(',', " "),
            row.attach.replace(',', " "),
            "0.00000".to_owned(),
            "0.60%".to_owned(),
            if is_refund { zero } else { paid },
            yuan(back),
            String::new(),
        ]
        .map(|value| format!("`{value}"))
        .join(",")
    });
    let sum = |refunds: bool| -> i64 {
        let amount = |row: &Row| row.refund.as_ref().map_or(row.total, |(_, _, back)| *back);
        rows.iter().filter(|row| row.refund.is_some() == refunds).map(amount).sum()
    };
    let (paid, back) = (yuan(sum(false)), yuan(sum(true)));
    let tail = format!("`{},`{paid},`{back},`0.00,`0.00000,`{paid},`{back}", rows.len());
    let lines: Vec<String> = lines.collect();
    Ok(link(state, call, file(TRADE_HEAD, &lines, TRADE_TAIL, &tail)))
}

/// `GET /v3/bill/fundflowbill`
pub(super) fn fund_flow(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let kind = call.optional("account_type").unwrap_or("BASIC");
    if !["BASIC", "OPERATION", "FEES"].contains(&kind) {
        return Err(refuse(400, "PARAM_ERROR", "account_type错误"));
    }
    let (from, until) = day(state, call)?;
    let rows = if kind == "BASIC" { rows(state, call.mchid, from, until) } else { Vec::new() };
    if rows.is_empty() {
        return Err(refuse(400, "NO_STATEMENT_EXIST", "账单不存在"));
    }
    let (mut left, mut income, mut expense) = (0, (0, 0), (0, 0));
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let (kind, direction, amount, voucher) = match &row.refund {
                None => ("交易", "收入", row.total, &row.out_trade_no),
                Some((_, out_refund_no, back)) => ("退款", "支出", *back, out_refund_no),
            };
            if row.refund.is_none() {
                (left, income) = (left + amount, (income.0 + 1, income.1 + amount));
            } else {
                (left, expense) = (left - amount, (expense.0 + 1, expense.1 + amount));
            }
            [
                &time::of_bill(row.at),
                &row.transaction_id,
                &row.transaction_id,
                kind,
                kind,
                direction,
                &yuan(amount),
                &yuan(left),
                "system",
                "",
                voucher,
            ]
            .map(|value| format!("`{value}"))
            .join(",")
        })
        .collect();
    let tail = format!(
        "`{},`{},`{},`{},`{}",
        rows.len(),
        income.0,
        yuan(income.1),
        expense.0,
        yuan(expense.1)
    );
    Ok(link(state, call, file(FUND_HEAD, &lines, FUND_TAIL, &tail)))
}

/// `GET /v3/billdownload/file`
pub(super) fn download(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let token = call.query("token")?;
    let known = state.bills.0.iter().find(|link| link.token == token && call.now < link.until);
    let link = known.ok_or_else(|| refuse(400, "INVALID_REQUEST", "下载链接已失效"))?;
    if call.optional("tartype") == Some("gzip") {
        let mut zip = GzEncoder::new(Vec::new(), Compression::default());
        let zipped = zip.write_all(&link.file).and_then(|()| zip.finish());
        return Ok(Answer::File(zipped.expect("memory does not fail")));
    }
    Ok(Answer::File(link.file.clone()))
}

/// The day that is asked for, if its bill can be there.
fn day(state: &mut State, call: &Call) -> Result<(u64, u64), Refusal> {
    let date = call.query("bill_date")?;
    let from = time::day_begin(date).ok_or_else(|| refuse(400, "PARAM_ERROR", "bill_date错误"))?;
    let today = time::day_begin(&time::date(call.now)).unwrap_or_default();
    if from >= today || from + KEPT < today {
        return Err(refuse(400, "PARAM_ERROR", "bill_date超出范围"));
    }
    let until = from + DAY;
    if call.now < until + MADE_AT || state.faults.meet(PayFault::BillCreating) {
        return Err(refuse(400, "STATEMENT_CREATING", "账单生成中"));
    }
    Ok((from, until))
}

/// What happened to a merchant's money on a day, in order.
fn rows(state: &State, mchid: &str, from: u64, until: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    for order in state.orders.iter().filter(|order| order.mchid == mchid) {
        for paid in &order.payments {
            let row = |at, refund| Row {
                at,
                appid: order.appid.clone(),
                transaction_id: paid.transaction_id.clone(),
                out_trade_no: order.out_trade_no.clone(),
                openid: paid.payer.clone(),
                trade_type: order.trade_type.clone(),
                total: order.total,
                coupon: paid.coupon,
                description: order.description.clone(),
                attach: order.attach.clone().unwrap_or_default(),
                refund,
            };
            rows.push(row(paid.at, None));
            for refund in state.refunds.of(&paid.transaction_id) {
                if let Some((at, refund_id, out_refund_no)) = refund.succeeded() {
                    let numbers = (refund_id.to_owned(), out_refund_no.to_owned(), refund.amount);
                    rows.push(row(at, Some(numbers)));
                }
            }
        }
    }
    rows.retain(|row| (from..until).contains(&row.at));
    rows.sort_by_key(|row| row.at);
    rows
}

/// With a byte order mark and Windows' line ends, as the real ones.
fn file(head: &str, lines: &[String], tail_head: &str, tail: &str) -> Vec<u8> {
    let mut text = format!("\u{feff}{head}\r\n");
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str(&format!("{tail_head}\r\n{tail}\r\n"));
    text.into_bytes()
}

fn link(state: &mut State, call: &Call, file: Vec<u8>) -> Answer {
    let token = format!("Sim-{:024}_x", state.next_id());
    let hash = sha1_hex(&file);
    let zipped = call.optional("tar_type") == Some("GZIP");
    let more = if zipped { "&tartype=gzip" } else { "" };
    state.bills.0.retain(|link| call.now < link.until);
    state.bills.0.push(Link { token: token.clone(), until: call.now + LINK_LIFE, file });
    Answer::Json(json!({
        "hash_type": "SHA1",
        "hash_value": hash,
        "download_url":
            format!("https://api.mch.weixin.qq.com/v3/billdownload/file?token={token}{more}"),
    }))
}

/// Bills are the one place where money is in yuan.
fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}
