//! The addresses that WeChat and front ends call, asked as they ask.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use bytes::Bytes;
use functions::{
    pay::setting::{NotifyUrl, WechatPay},
    push::Keys,
};
use http::{Method, Request, Response, StatusCode};
use shared::{Clock, Config, SecretSource, crypto::nonce, transport::Failure};

use super::{
    aws::Aws,
    deployment::Deployment,
    finding::{Findings, said},
    secrets::Secrets,
};

/// WeChat waits 5 s for a push.
const PATIENCE: Duration = Duration::from_secs(5);

const ANSWER_LIMIT: usize = 1 << 20;

/// What a problem document says it is: whoever answers it is this bundle.
const PROBLEM: &str = "application/problem+json";

/// Whether the domain leads to the stack.
pub(super) async fn check_domain(deployment: &Deployment<'_>, findings: &mut Findings) {
    let Some(domain) = deployment.parameter("ApiDomainName") else { return };
    let target = deployment.outputs.get("EdgeDomainTarget").map_or("", String::as_str);
    let addresses = match deployment.aws.is_emulated {
        true => Ok(BTreeSet::new()),
        false => addresses(domain).await,
    };
    let Ok(addresses) = addresses else {
        return findings.add(
            "domain-unknown",
            said(
                format!("The name {domain} leads nowhere."),
                format!("域名 {domain} 没有解析记录。"),
            ),
            said(
                format!("Make a CNAME record from {domain} to {target}."),
                format!("请添加从 {domain} 到 {target} 的 CNAME 记录。"),
            ),
        );
    };
    // An input that is refused: no call to WeChat, no write.
    let url = format!("https://{domain}/jssdk/config");
    let answer = ask(deployment.aws, Method::GET, &url).await;
    if answer.as_ref().is_ok_and(is_problem) {
        return;
    }
    let elsewhere = match self::addresses(target).await {
        Ok(right) if !deployment.aws.is_emulated => right.is_disjoint(&addresses),
        _ => false,
    };
    let got = outcome(&answer);
    if elsewhere {
        findings.add(
            "domain-elsewhere",
            said(
                format!("{domain} does not lead to this stack: {got}."),
                format!("{domain} 没有指向此堆栈：{got}。"),
            ),
            said(
                format!("Change its record to a CNAME to {target}; what stands between must pass paths and methods on."),
                format!("请将其记录改为指向 {target} 的 CNAME；中间的代理须原样转发路径和方法。"),
            ),
        );
    } else {
        findings.add(
            "domain-broken",
            said(
                format!("{url} does not answer as this stack does: {got}."),
                format!("{url} 的应答不是此堆栈的应答：{got}。"),
            ),
            said(
                "Check the certificate, the mapping of the domain in API Gateway, and in China the ICP filing.",
                "请检查证书、API Gateway 中的域名映射，以及备案情况。",
            ),
        );
    }
}

/// Whether the URLs of message push answer WeChat's check.
pub(super) async fn check_push(
    deployment: &Deployment<'_>,
    config: &Config,
    secrets: &Secrets,
    findings: &mut Findings,
) {
    let base = match deployment.parameter("ApiDomainName") {
        Some(domain) => format!("https://{domain}"),
        None => match deployment.outputs.get("PushReceiveUrl") {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => return,
        },
    };
    for account in config.accounts.iter() {
        let Some(push) = &account.push else { continue };
        let appid = &account.appid;
        let url = format!("{base}/push/receive/{appid}");
        let SecretSource::Ssm(name) = &push.keys else { continue };
        let keys = secrets.get(name).and_then(|secret| Keys::read(secret.expose()).ok());
        let (echo, timestamp, nonce) = (nonce(), Clock::system().now().to_string(), nonce());
        let signature = match &keys {
            Some(keys) => keys.sign(&timestamp, &nonce),
            // Nobody's: the stack must refuse it.
            None => "0".repeat(40),
        };
        let query =
            format!("signature={signature}&timestamp={timestamp}&nonce={nonce}&echostr={echo}");
        let answer = ask(deployment.aws, Method::GET, &format!("{url}?{query}")).await;
        let refused = answer
            .as_ref()
            .is_ok_and(|answer| answer.status() == StatusCode::FORBIDDEN && is_problem(answer));
        let echoed = answer.as_ref().is_ok_and(|answer| {
            answer.status() == StatusCode::OK && answer.body() == echo.as_bytes()
        });
        match keys {
            Some(_) if echoed => {}
            None if refused => {}
            Some(_) if refused => findings.add(
                "push-refused",
                said(
                    format!("{url} refuses a check that is signed with the token in {name}."),
                    format!("{url} 拒绝了用 {name} 中的 Token 签名的验证请求。"),
                ),
                said(
                    "A function reads a changed secret within 10 minutes; after that compare the token, and this machine's clock.",
                    "函数会在 10 分钟内读到更改后的内容；此后如仍被拒绝，请核对 Token 和本机时钟。",
                ),
            ),
            _ => {
                let got = outcome(&answer);
                findings.add(
                    "push-unreachable",
                    said(
                        format!("{url} does not answer WeChat's check: {got}."),
                        format!("{url} 未能应答微信的验证请求：{got}。"),
                    ),
                    said(
                        "Mend the domain first; without one, enter the URL in the output PushReceiveUrl at WeChat.",
                        "请先解决域名问题；没有域名时，请在微信后台填写输出 PushReceiveUrl 中的地址。",
                    ),
                );
            }
        }
    }
}

/// Whether WeChat Pay's notifications arrive.
pub(super) async fn check_payments(
    deployment: &Deployment<'_>,
    config: &Config,
    findings: &mut Findings,
) {
    let WechatPay(merchants) = config.settings.get();
    if merchants.is_empty() {
        return;
    }
    let NotifyUrl(url) = config.settings.get();
    let own = match deployment.parameter("ApiDomainName") {
        Some(domain) => Some(format!("https://{domain}/pay/notify")),
        None => deployment.outputs.get("PayNotifyUrl").cloned(),
    };
    let own = own.unwrap_or_default();
    let url = url.as_deref().unwrap_or_default();
    // Nobody signed it: the stack must refuse it.
    let answer = ask(deployment.aws, Method::POST, url).await;
    let refused = answer
        .as_ref()
        .is_ok_and(|answer| answer.status() == StatusCode::UNAUTHORIZED && is_problem(answer));
    if !refused {
        let got = outcome(&answer);
        findings.add(
            "notify-unreachable",
            said(
                format!("PayNotifyAddress, {url}, does not answer as pay.notify does: {got}."),
                format!("PayNotifyAddress（{url}）的应答不是 pay.notify 的应答：{got}。"),
            ),
            said(
                format!("Deploy with PayNotifyAddress={own}; until then the job settles payments, a minute late."),
                format!("请以 PayNotifyAddress={own} 部署；在此之前由定时任务处理支付结果，会晚一分钟。"),
            ),
        );
    }
}

type Answer = Result<Response<Bytes>, Failure>;

async fn ask(aws: &Aws, method: Method, url: &str) -> Answer {
    let request = Request::builder().method(method).uri(url).body(Bytes::new());
    let request = request.map_err(|error| Failure::Connect(error.into()))?;
    aws.to_stack.send(request, PATIENCE, ANSWER_LIMIT).await
}

fn is_problem(answer: &Response<Bytes>) -> bool {
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with(PROBLEM))
}

/// What came of a request; the answer's own text may be anybody's.
fn outcome(answer: &Answer) -> String {
    match answer {
        Ok(answer) => format!("HTTP {}", answer.status().as_u16()),
        Err(failure) => failure.to_string(),
    }
}

/// Where a name leads.
async fn addresses(name: &str) -> Result<BTreeSet<IpAddr>, std::io::Error> {
    Ok(tokio::net::lookup_host((name, 443)).await?.map(|address| address.ip()).collect())
}
