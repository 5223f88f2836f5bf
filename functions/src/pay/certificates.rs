//! Platform certificates as they are kept: the job fetches them, every function reads them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::{Result, table::DocumentWrite};

use super::{
    apiv3::{Api, Carrier, Certificates, Merchant},
    ledger::{Ledger, contended, read},
    problem,
};

/// Fetched again after this time, in seconds.
const LIFE: u64 = 12 * 3600;

/// However many unknown keys are met: not fetched again within this time, in seconds.
const PAUSE: u64 = 60;

/// A merchant's certificates by serial number.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    fetched_at: u64,
    certificates: BTreeMap<String, String>,
}

fn key(mchid: &str) -> String {
    format!("certificates#{mchid}")
}

/// Lets a merchant verify with the certificates that are kept.
///
/// # Errors
/// The table cannot be reached.
pub(super) async fn add_to(merchant: &mut Merchant, ledger: &impl Ledger) -> Result<()> {
    let kept: Option<(Kept, u64)> = read(ledger, &key(&merchant.mchid)).await?;
    for (serial, pem) in kept.iter().flat_map(|(kept, _)| &kept.certificates) {
        // One that cannot be read verifies nothing, and must not stop the others.
        let _ = merchant.verify.add(serial, pem);
    }
    Ok(())
}

/// Fetches a merchant's certificates if those kept are old, or if WeChat Pay has signed with a key
/// that is not known; whether they were fetched.
///
/// # Errors
/// WeChat Pay or the table cannot be reached.
pub(super) async fn fetch(
    merchant: &Merchant,
    api: &Api<impl Carrier>,
    ledger: &impl Ledger,
    now: u64,
) -> Result<bool> {
    let key = key(&merchant.mchid);
    let kept: Option<(Kept, u64)> = read(ledger, &key).await?;
    let (kept, version) = kept.unwrap_or_default();
    let is_new = now < kept.fetched_at + LIFE;
    if is_new && !(api.met_unknown_key() && now >= kept.fetched_at + PAUSE) {
        return Ok(false);
    }
    let found = Certificates::fetch(api, merchant, now).await;
    let found = found.map_err(|failure| problem::of(&failure))?;
    // That there are none is said without a signature: it takes none away that are kept.
    let certificates = if found.0.is_empty() {
        kept.certificates
    } else {
        // Every one that has not expired is kept, never the newest only.
        let valid = found.0.into_iter().filter(|one| one.key.is_valid_at(now));
        valid.map(|one| (one.serial, one.pem)).collect()
    };
    let write = DocumentWrite::new(key, version, &Kept { fetched_at: now, certificates })?;
    if ledger.write(vec![write]).await? { Ok(true) } else { Err(contended()) }
}
