//! Links into a mini program: `generatescheme`, `generate_urllink`, `genwxashortlink`.

use model::china;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{Account, AccountKind, base64url};

const LONGEST_S: u64 = 30 * 86_400;

pub(super) fn routes() -> Vec<Route> {
    const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
    vec![
        Route::post("/wxa/generatescheme", generatescheme).only(MINI),
        Route::post("/wxa/generate_urllink", generate_urllink).only(MINI),
        Route::post("/wxa/genwxashortlink", genwxashortlink).only(MINI).daily(10_000_000),
    ]
}

/// Links and schemes made so far on a China day, and all short links, by appid.
#[derive(Default, Serialize, Deserialize)]
struct Made(std::collections::HashMap<String, (u64, u32, u32)>);

const LINKS_PER_DAY: u32 = 500_000;
const SHORT_LINKS_FOR_EVER: u32 = 100_000;

#[derive(Default, Deserialize)]
struct Page {
    path: Option<String>,
    query: Option<String>,
    env_version: Option<String>,
}

#[derive(Deserialize)]
struct Expiry {
    expire_type: Option<u8>,
    expire_time: Option<u64>,
    expire_interval: Option<u64>,
    /// Read for its type alone: links end in any case.
    #[serde(rename = "is_expire")]
    _is_expire: Option<bool>,
}

#[derive(Deserialize)]
struct Scheme {
    jump_wxa: Option<Page>,
    #[serde(flatten)]
    expiry: Expiry,
}

#[derive(Deserialize)]
struct UrlLink {
    #[serde(flatten)]
    page: Page,
    cloud_base: Option<CloudBase>,
    #[serde(flatten)]
    expiry: Expiry,
}

/// Every account here has cloud development; what else it holds is WeChat's to use.
#[derive(Deserialize)]
struct CloudBase {
    env: String,
}

#[derive(Deserialize)]
struct ShortLink {
    page_url: Option<String>,
    page_title: Option<String>,
    is_permanent: Option<bool>,
}

/// `POST /wxa/generatescheme`
fn generatescheme(call: &Call) -> Answer {
    let account = call.account()?;
    let Scheme { jump_wxa, expiry } = call.json()?;
    make(call, &account, &jump_wxa.unwrap_or_default(), &expiry)?;
    let name = name(call);
    Ok(Reply::ok(json!({ "openlink": format!("weixin://dl/business/?t={name}") })))
}

/// `POST /wxa/generate_urllink`
fn generate_urllink(call: &Call) -> Answer {
    let account = call.account()?;
    let UrlLink { page, cloud_base, expiry } = call.json()?;
    if cloud_base.is_some_and(|cloud_base| cloud_base.env.is_empty()) {
        return Err(refuse(85088, "no qbase privilege"));
    }
    make(call, &account, &page, &expiry)?;
    Ok(Reply::ok(json!({ "url_link": format!("https://wxaurl.cn/{}", name(call)) })))
}

/// `POST /wxa/genwxashortlink`
fn genwxashortlink(call: &Call) -> Answer {
    let account = call.account()?;
    let ShortLink { page_url, page_title, is_permanent } = call.json()?;
    let page_url = page_url.unwrap_or_default();
    let fits = (1..=1024).contains(&page_url.chars().count()) && !page_url.starts_with('/');
    if !fits || !account.has_page(&page_url) {
        return Err(refuse(40066, "invalid url"));
    }
    if page_title.as_ref().is_some_and(|title| title.contains(char::is_control)) {
        return Err(refuse(40225, "invalid page title"));
    }
    if is_permanent == Some(true) {
        call.simulator.kept(|Made(made): &mut Made| {
            let (_, _, permanent) = made.entry(account.appid.clone()).or_default();
            if *permanent >= SHORT_LINKS_FOR_EVER {
                return Err(refuse(85400, "permanent link count out of limit"));
            }
            *permanent += 1;
            Ok(())
        })?;
    }
    let title = page_title.unwrap_or_default();
    let shown: String = title.chars().take(20).collect();
    let dots = if title.chars().count() > 20 { "..." } else { "" };
    Ok(Reply::ok(json!({ "link": format!("#小程序://示例/{shown}{dots}/{}", name(call)) })))
}

/// Checks what schemes and links have in common, and counts one.
fn make(call: &Call, account: &Account, page: &Page, expiry: &Expiry) -> Result<(), Refusal> {
    if !account.released {
        return Err(refuse(85079, "miniprogram has no online release"));
    }
    let path = page.path.as_deref().unwrap_or_default();
    if path.contains('?') || !account.has_page(path) {
        return Err(refuse(40165, "invalid weapp pagepath"));
    }
    let visible = |c: char| c.is_ascii_alphanumeric() || "!#$&'()*+,/:;=?@-._~%".contains(c);
    let query = page.query.as_deref().unwrap_or_default();
    if query.len() > 1024 || !query.chars().all(visible) {
        return Err(refuse(40212, "invalid query"));
    }
    if !matches!(page.env_version.as_deref(), None | Some("release" | "trial" | "develop")) {
        return Err(refuse(85402, "invalid env_version"));
    }
    let now = call.now_ms() / 1_000;
    let in_time = match expiry.expire_type.unwrap_or(0) {
        0 => expiry.expire_time.is_some_and(|at| (now + 60..=now + LONGEST_S).contains(&at)),
        1 => expiry.expire_interval.is_some_and(|days| (1..=30).contains(&days)),
        _ => false,
    };
    if !in_time {
        return Err(refuse(85401, "time limit between 1min and 30days"));
    }
    let today = china::day(call.now_ms() / 1_000);
    call.simulator.kept(|Made(made): &mut Made| {
        let (day, links, _) = made.entry(account.appid.clone()).or_default();
        if *day != today {
            (*day, *links) = (today, 0);
        }
        if *links >= LINKS_PER_DAY {
            return Err(refuse(44993, "reach max api day frequence limit"));
        }
        *links += 1;
        Ok(())
    })
}

fn name(call: &Call) -> String {
    base64url(call.simulator.random::<8>())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::Simulator;
    use crate::fixture::{MINI, errcode, simulator};

    impl Simulator {
        fn link(&self, path: &str, body: &Value) -> Value {
            self.post(&format!("{path}?access_token={}", self.token(MINI)), &body.to_string())
        }
    }

    #[test]
    fn schemes_and_links_keep_one_set_of_rules() {
        let (clock, simulator) = simulator();
        let now = clock.now();
        let scheme = |body: Value| errcode(&simulator.link("/wxa/generatescheme", &body));
        let link = |body: Value| errcode(&simulator.link("/wxa/generate_urllink", &body));
        let day = json!({ "expire_type": 1, "expire_interval": 1 });
        let with = |name: &str, value: Value| {
            let mut body = day.clone();
            body[name] = value;
            body
        };

        for (body, code) in [
            (json!({}), 85401),
            (json!({ "is_expire": false }), 85401),
            (json!({ "expire_time": 2_592_000 }), 85401),
            (json!({ "expire_time": now + 59 }), 85401),
            (json!({ "expire_time": now + 60 }), 0),
            (json!({ "expire_time": now + LONGEST_S }), 0),
            (json!({ "expire_time": now + LONGEST_S + 1 }), 85401),
            (json!({ "expire_time": (now + 60).to_string() }), 47001),
            (json!({ "expire_type": 1, "expire_interval": 31 }), 85401),
            (json!({ "expire_type": 2, "expire_time": now + 60 }), 85401),
            (day.clone(), 0),
        ] {
            assert_eq!((scheme(body.clone()), link(body.clone())), (code, code), "{body}");
        }
        for (page, code) in [
            (json!({ "path": "/pages/index/index", "query": "a=%E4%B8%AD" }), 0),
            (json!({ "path": "pages/none" }), 40165),
            (json!({ "path": "pages/index/index?a=1" }), 40165),
            (json!({ "query": "a=中" }), 40212),
            (json!({ "query": "x".repeat(1025) }), 40212),
            (json!({ "env_version": "beta" }), 85402),
        ] {
            assert_eq!(scheme(with("jump_wxa", page.clone())), code, "{page}");
            let mut body = day.clone();
            body.as_object_mut().unwrap().extend(page.as_object().unwrap().clone());
            assert_eq!(link(body), code, "{page}");
        }
        simulator.change_account(MINI, |account| account.released = false);
        assert_eq!((scheme(day.clone()), link(day)), (85079, 85079));
    }

    #[test]
    fn short_links_show_twenty_characters_of_the_title() {
        let (_, simulator) = simulator();
        let short = |body: Value| simulator.link("/wxa/genwxashortlink", &body);
        let page = "pages/index/index?a=1";

        let answer = short(json!({ "page_url": page, "page_title": "中".repeat(21) }));

        let shown = format!("#小程序://示例/{}.../", "中".repeat(20));
        assert!(answer["link"].as_str().unwrap().starts_with(&shown), "{answer}");
        for page in ["pages/none", "/pages/index/index"] {
            assert_eq!(errcode(&short(json!({ "page_url": page }))), 40066, "{page}");
        }
        assert_eq!(errcode(&short(json!({ "page_url": page, "page_title": "a\n" }))), 40225);
        assert_eq!(errcode(&short(json!({ "page_url": page, "is_permanent": 1 }))), 47001);
    }
}
