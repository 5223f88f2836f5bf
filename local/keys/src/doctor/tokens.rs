//! Access tokens and tickets, as the refresher left them in the table.

use std::{collections::BTreeSet, net::IpAddr};

use shared::{
    Account, Clock, Config, CredentialKind,
    credentials::{Consistency, Record, RefreshFailure, Store as _},
    table::Table,
};

use super::{
    deployment::Deployment,
    finding::{Findings, Said, said},
};

/// The refresher replaces a credential at 300 s of life, and at 600 s a ticket.
const TOO_LITTLE_S: u64 = 240;

/// Checks every credential; returns the apps that have no live access token.
pub(super) async fn check(
    deployment: &Deployment<'_>,
    config: &Config,
    findings: &mut Findings,
) -> BTreeSet<String> {
    let table = Table::new(deployment.aws.transport().clone(), &config.table_name, &config.aws);
    let now = Clock::system().now();
    let mut troubled = BTreeSet::new();
    for account in config.accounts.iter() {
        for kind in account.kind.credentials() {
            let record = table.read(&account.credential(*kind), Consistency::Strong).await;
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let why = error.cause().unwrap_or_default();
                    findings.unchecked(&said("The table", "表"), &why);
                    return config.accounts.iter().map(|account| account.appid.clone()).collect();
                }
            };
            if record.is_none() && account.kind.is_on_demand(*kind) {
                continue;
            }
            let credential = Of { stack: &deployment.name, account, kind: *kind };
            let left = credential.check(&record.unwrap_or_default(), now, findings);
            if *kind == CredentialKind::AccessToken && left == 0 {
                troubled.insert(account.appid.clone());
            }
        }
    }
    troubled
}

/// Which credential.
struct Of<'a> {
    stack: &'a str,
    account: &'a Account,
    kind: CredentialKind,
}

impl Of<'_> {
    /// Tells what is wrong with a record; returns the seconds that the credential lives.
    fn check(&self, record: &Record, now: u64, findings: &mut Findings) -> u64 {
        let Of { stack, account, kind } = self;
        let appid = &account.appid;
        let left = record.credential.as_ref().map_or(0, |credential| credential.seconds_left(now));
        let run = || {
            said(
                format!(
                    "Run `aws lambda invoke --function-name {stack}-refresh-credentials --payload e30= /dev/stdout` and read its report."
                ),
                format!(
                    "请运行 `aws lambda invoke --function-name {stack}-refresh-credentials --payload e30= /dev/stdout` 并阅读报告。"
                ),
            )
        };
        if let Some(failure) = &record.failure {
            let (id, what, cure) = explain(failure, account);
            let lives = said(
                format!(
                    "{appid} {kind}: {what_en} The one in use lives for {left} s.",
                    what_en = what.0
                ),
                format!("{appid} {kind}：{what_zh}现用的还有 {left} 秒。", what_zh = what.1),
            );
            findings.add(id, lives, cure.unwrap_or_else(run));
        } else if record.credential.is_none() {
            findings.add(
                "token-missing",
                said(
                    format!("{appid} {kind}: none was ever fetched, so the refresher has not run."),
                    format!("{appid} {kind}：从未获取过，凭据刷新函数尚未运行。"),
                ),
                run(),
            );
        } else if left < TOO_LITTLE_S {
            findings.add(
                "token-old",
                said(
                    format!(
                        "{appid} {kind}: {left} s of life are left, so the refresher has stopped."
                    ),
                    format!("{appid} {kind}：只剩 {left} 秒，凭据刷新函数已停止。"),
                ),
                run(),
            );
        }
        left
    }
}

/// What a failure is called, what it says in both languages, and the cure where there is a better
/// one than the refresher's report.
fn explain(
    failure: &RefreshFailure,
    account: &Account,
) -> (&'static str, (String, String), Option<Said>) {
    let (appid, kind) = (&account.appid, account.kind.as_str());
    let message = &failure.message;
    match failure.errcode {
        Some(40164) => {
            let parts = message.split([' ', ',', ':']);
            let address = parts.filter_map(|part| part.parse::<IpAddr>().ok()).next();
            let (en, zh) = address.map_or_else(
                || ("the address of the refresher".to_owned(), "凭据刷新函数的地址".to_owned()),
                |address| (address.to_string(), format!(" {address} ")),
            );
            (
                "address-not-allowed",
                (
                    format!("WeChat refuses calls from {en} (40164)."),
                    format!("微信拒绝来自{zh}的调用（40164）。"),
                ),
                Some(said(
                    format!(
                        "Add it to the IP allow list of {appid}; EgressSubnetIds gives the refresher a fixed address."
                    ),
                    format!(
                        "请将其加入 {appid} 的 IP 白名单；EgressSubnetIds 可使凭据刷新函数有固定地址。"
                    ),
                )),
            )
        }
        Some(errcode @ (40001 | 40125 | 41004)) => (
            "secret-refused",
            (
                format!("WeChat refuses the app secret ({errcode})."),
                format!("微信拒绝 AppSecret（{errcode}）。"),
            ),
            Some(said(
                format!(
                    "Reset it in the console and store it with the command that `keys apps {appid}:{kind}` prints."
                ),
                format!("请在微信后台重置，并用 `keys apps {appid}:{kind}` 打印的命令存入。"),
            )),
        ),
        Some(40243) => (
            "secret-refused",
            (
                "The app secret is frozen (40243).".to_owned(),
                "AppSecret 已被冻结（40243）。".to_owned(),
            ),
            Some(said("Unfreeze it in the console.", "请在微信后台解冻。")),
        ),
        Some(40013) => (
            "app-unknown",
            (
                "WeChat does not know this appid (40013).".to_owned(),
                "微信不认识此 appid（40013）。".to_owned(),
            ),
            Some(said("Correct WechatApps and deploy.", "请更正 WechatApps 并部署。")),
        ),
        Some(errcode @ (48001 | 40097)) => (
            "capability-missing",
            (
                format!("The account has no right to it ({errcode})."),
                format!("该账号没有此权限（{errcode}）。"),
            ),
            Some(said(
                "Have the account verified, or check its kind in WechatApps; if you do not need it, mute TicketFailureAlarm.",
                "请完成认证，或检查 WechatApps 中的 kind；如不需要，请关闭 TicketFailureAlarm。",
            )),
        ),
        Some(errcode @ (45009 | 45011)) => (
            "quota-used-up",
            (
                format!("The quota of the token interface is used up ({errcode})."),
                format!("获取凭据接口的调用额度已用完（{errcode}）。"),
            ),
            Some(said(
                "Look for another system that uses the app secret; openapi.clearQuota clears it ten times a month.",
                "请查找还有哪些系统在使用该 AppSecret；openapi.clearQuota 每月可清零十次。",
            )),
        ),
        _ => ("refresh-failed", (message.clone(), format!("{message} ")), None),
    }
}
