//! Secrets that must stay where they are, looked for in every answer and every log line.

use simulator::{Effect, Fault, User};

use crate::{
    Bench, MINI, MOBILE, OFFICIAL, WEBSITE,
    agreement::{fill_in, functions, session_for},
};

/// The functions whose answer is an access token or a ticket.
const HANDS_OUT: &[&str] = &["auth-getaccesstoken", "auth-getticket"];

#[tokio::test]
async fn no_function_tells_a_secret() {
    let bench = Bench::start().await;
    let mut answers = Vec::new();
    for trouble in 0..4 {
        for name in functions() {
            bench.wechat().clear_faults();
            let session = session_for(&bench, &name).await.unwrap_or_default();
            let event = fill_in(&bench, &name, &session);
            let everywhere = |effect| {
                bench.wechat().fault(Fault::on("/", effect).times(3));
            };
            match trouble {
                0 => {}
                1 => everywhere(Effect::Garbage),
                2 => everywhere(Effect::DropAfter),
                // What WeChat says may quote what it was asked.
                _ => {
                    let errmsg = format!("invalid {}", secrets(&bench).join(" "));
                    everywhere(Effect::Errcode { code: 50_000, errmsg });
                }
            }
            let answer = bench.invoke(&name, event).await.unwrap_or_else(|problem| problem);
            answers.push((name, answer.to_string()));
        }
    }

    let (log, secrets) = (bench.log(), secrets(&bench));
    assert!(bench.wechat().sns_tokens().len() > 10, "there is little to look for");
    for secret in &secrets {
        assert!(!log.contains(secret), "a log line has {secret}");
        for (name, answer) in &answers {
            let its_own = HANDS_OUT.contains(&name.as_str());
            assert!(its_own || !answer.contains(secret), "{name} answers {secret}");
        }
    }
}

/// All of WeChat's there are by now.
fn secrets(bench: &Bench) -> Vec<String> {
    let wechat = bench.wechat();
    let apps = [MINI, OFFICIAL, MOBILE, WEBSITE];
    let app_secrets = apps.iter().map(|appid| format!("secret-of-{appid}"));
    let tokens = apps.iter().filter_map(|appid| wechat.access_token(appid));
    let tickets = ["jsapi", "wx_card"].into_iter().filter_map(|kind| wechat.ticket(OFFICIAL, kind));
    let people = ["alice", "bob"].map(User::new);
    let session_keys = people.iter().filter_map(|user| wechat.session_key(MINI, user));
    let sns = wechat.sns_tokens();
    app_secrets.chain(tokens).chain(tickets).chain(session_keys).chain(sns).collect()
}
