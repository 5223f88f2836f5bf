//! Secrets that must stay where they are, looked for in every answer and every log line.

use simulator::{Effect, Fault, User};

use crate::{
    Bundle, MINI, MOBILE, OFFICIAL, WEBSITE,
    agreement::{fill_in, functions, session_for},
};

/// The functions whose answer is an access token or a ticket.
const HANDS_OUT: &[&str] = &["auth-getaccesstoken", "auth-getticket"];

#[tokio::test]
async fn no_function_tells_a_secret() {
    let bundle = Bundle::start().await;
    let mut answers = Vec::new();
    for trouble in 0..4 {
        for name in functions() {
            bundle.wechat().clear_faults();
            // A user logs in only so often in a minute.
            bundle.advance(2);
            let session = session_for(&bundle, &name).await.unwrap_or_default();
            let event = fill_in(&bundle, &name, &session);
            let everywhere = |effect| {
                bundle.wechat().fault(Fault::on("/", effect).times(3));
            };
            match trouble {
                0 => {}
                1 => everywhere(Effect::Garbage),
                2 => everywhere(Effect::DropAfter),
                // What WeChat says may quote what it was asked.
                _ => {
                    let errmsg = format!("invalid {}", secrets(&bundle).join(" "));
                    everywhere(Effect::Errcode { code: 50_000, errmsg });
                }
            }
            let answer = bundle.invoke(&name, event).await.unwrap_or_else(|problem| problem);
            answers.push((name, answer.to_string()));
        }
    }

    let (log, secrets) = (bundle.log(), secrets(&bundle));
    assert!(bundle.wechat().sns_tokens().len() > 10, "there is little to look for");
    for secret in &secrets {
        assert!(!log.contains(secret), "a log line has {secret}");
        for (name, answer) in &answers {
            let its_own = HANDS_OUT.contains(&name.as_str());
            assert!(its_own || !answer.contains(secret), "{name} answers {secret}");
        }
    }
}

/// All of WeChat's there are by now.
fn secrets(bundle: &Bundle) -> Vec<String> {
    let wechat = bundle.wechat();
    let apps = [MINI, OFFICIAL, MOBILE, WEBSITE];
    let app_secrets = apps.iter().map(|appid| format!("secret-of-{appid}"));
    let tokens = apps.iter().filter_map(|appid| wechat.access_token(appid));
    let tickets = ["jsapi", "wx_card"].into_iter().filter_map(|kind| wechat.ticket(OFFICIAL, kind));
    let people = ["alice", "bob"].map(User::new);
    let session_keys = people.iter().filter_map(|user| wechat.session_key(MINI, user));
    let sns = wechat.sns_tokens();
    // The merchant's keys: the lines of the PEM that are the key's own.
    let merchant = wechat.pay().setting();
    let text = |pointer: &str| merchant.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let apiv3_key = [text("/0/apiv3_keys/0/value")];
    let private_key = text("/0/private_key/value");
    let lines = private_key.lines().filter(|line| !line.starts_with("-----"));
    let keys = lines.map(str::to_owned).chain(apiv3_key);
    app_secrets.chain(keys).chain(tokens).chain(tickets).chain(session_keys).chain(sns).collect()
}
