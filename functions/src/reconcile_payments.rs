//! `reconcile-payments`: settles what notifications did not.
//!
//! A schedule runs it every minute; a service may invoke it. It asks WeChat Pay after orders and
//! refunds that are due, closes what has expired, fetches platform certificates twice a day where
//! there are some, and compares yesterday's bill with the table once a day.

use serde::Deserialize;
use serde_json::json;
use shared::{Capability, Job, Log, Problem, Result, invoke::Report};

use crate::pay::{self, Looked};

/// How many orders and refunds one run settles: as many as it has time for.
const BATCH: usize = 2_000;

/// The job that settles payments.
pub struct ReconcilePayments;

/// A tick asks for nothing.
#[derive(Debug, Default, Deserialize)]
pub struct Request {}

impl Job for ReconcilePayments {
    const NAME: &'static str = "reconcile-payments";
    const EXAMPLE: &'static str = "{}";
    type Uses = pay::Orders;
    type Input = Request;

    async fn run(uses: <Self::Uses as Capability>::Handle<'_>, _: Request) -> Result<Report> {
        if !uses.is_configured() {
            return Ok(Report { result: json!({ "due": 0 }), trouble: false });
        }
        let done = uses.reconcile(BATCH).await?;
        let mismatches = done.bills.iter().filter(|bill| bill.is_mismatch()).count() as u64;
        let Looked { due, failed, unknown } = done.looked;
        tracing::info!(
            target: Log::TARGET,
            parent: None,
            PaymentsUnknown = unknown as u64,
            BillMismatch = mismatches,
            CertificateDaysLeft = done.days_left,
            "metrics"
        );
        let trouble = mismatches > 0 || failed > 0 || !done.problems.is_empty();
        let problems: Vec<&str> = done.problems.iter().copied().map(Problem::slug).collect();
        let result = json!({
            "due": due,
            "failed": failed,
            "unknown": unknown,
            "certificates": done.certificates,
            "bills": done.bills,
            "problems": problems,
        });
        Ok(Report { result, trouble })
    }
}
