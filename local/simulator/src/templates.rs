//! The templates of subscribed messages: `wxaapi/newtmpl/…`.

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{Account, AccountKind, Simulator, Template, base64url, kept};

/// Templates that an app may have.
const MOST: usize = 50;

pub(super) fn routes() -> Vec<Route> {
    const BOTH: &[AccountKind] = &[AccountKind::MiniProgram, AccountKind::OfficialAccount];
    vec![
        Route::post("/wxaapi/newtmpl/addtemplate", addtemplate).only(BOTH),
        Route::post("/wxaapi/newtmpl/deltemplate", deltemplate).only(BOTH),
        Route::get("/wxaapi/newtmpl/getcategory", getcategory).only(BOTH),
        Route::get("/wxaapi/newtmpl/getpubtemplatekeywords", getpubtemplatekeywords).only(BOTH),
        Route::get("/wxaapi/newtmpl/getpubtemplatetitles", getpubtemplatetitles).only(BOTH),
        Route::get("/wxaapi/newtmpl/gettemplate", gettemplate).only(BOTH),
    ]
}

/// A title of the public library.
struct Title {
    tid: u64,
    title: &'static str,
    /// 2 for one message per consent, 3 for a long-term subscription.
    kind: u8,
    category: u64,
    /// Number, name, example and type of each keyword.
    keywords: &'static [(u64, &'static str, &'static str, &'static str)],
}

const CATEGORIES: &[(u64, &str)] = &[(307, "餐饮服务"), (616, "公交")];

const LIBRARY: &[Title] = &[
    Title {
        tid: 99,
        title: "购买成功通知",
        kind: 2,
        category: 307,
        keywords: &[
            (1, "商品名称", "龙井茶", "thing"),
            (2, "支付金额", "30.00元", "amount"),
            (3, "支付时间", "2026年11月20日 12:00", "time"),
            (4, "订单编号", "T20261120", "character_string"),
        ],
    },
    Title {
        tid: 401,
        title: "订单发货通知",
        kind: 2,
        category: 307,
        keywords: &[
            (1, "快递公司", "中通快递", "name"),
            (2, "快递单号", "630123456789", "character_string"),
            (3, "备注", "请注意查收", "thing"),
        ],
    },
    Title {
        tid: 2101,
        title: "乘车提醒",
        kind: 3,
        category: 616,
        keywords: &[(1, "线路", "1路", "thing"), (2, "到站时间", "12:00", "time")],
    },
];

/// What is known of the templates that an app added, by appid and template.
#[derive(Default, Serialize, Deserialize)]
struct Added(#[serde(with = "kept::pairs")] BTreeMap<(String, String), Shown>);

#[derive(Clone, Serialize, Deserialize)]
struct Shown {
    title: String,
    content: String,
    example: String,
}

fn title(tid: &str) -> Result<&'static Title, Refusal> {
    let found = LIBRARY.iter().find(|title| title.tid.to_string() == tid);
    found.ok_or(refuse(200014, "template tid error"))
}

/// `POST /wxaapi/newtmpl/addtemplate`: a form. Of JSON WeChat sees no field.
fn addtemplate(call: &Call) -> Answer {
    let account = call.account()?;
    let form = form(call);
    let value =
        |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let tid = value("tid").ok_or(refuse(200014, "missing parameter tid"))?;
    let title = title(tid)?;
    let kids = form.iter().filter(|(key, _)| key == "kidList").map(|(_, kid)| kid.parse::<u64>());
    let kids: Vec<u64> =
        kids.collect::<Result<_, _>>().map_err(|_| refuse(200020, "kidList is invalid"))?;
    let keyword = |kid: &u64| title.keywords.iter().find(|(known, ..)| known == kid);
    let keywords: Option<Vec<_>> = kids.iter().map(keyword).collect();
    let keywords = keywords.ok_or(refuse(200020, "kidList is invalid"))?;
    if !(2..=5).contains(&kids.len()) {
        return Err(refuse(200020, "kidList is invalid"));
    }
    let scene = value("sceneDesc").unwrap_or_default();
    if scene.is_empty() || scene.chars().count() > 15 {
        return Err(refuse(200021, "sceneDesc is invalid"));
    }
    let keys: Vec<String> =
        keywords.iter().map(|(kid, _, _, rule)| format!("{rule}{kid}")).collect();
    let lines = |value: &dyn Fn(usize) -> String| {
        let lines =
            keywords.iter().enumerate().map(|(i, (_, name, ..))| format!("{name}:{}\n", value(i)));
        lines.collect::<String>()
    };
    let shown = Shown {
        title: title.title.to_owned(),
        content: lines(&|i| format!("{{{{{}.DATA}}}}", keys[i])),
        example: lines(&|i| keywords[i].2.to_owned()),
    };
    let known = call.simulator.kept(|Added(added): &mut Added| {
        let same = |((appid, _), other): (&(String, String), &Shown)| {
            *appid == account.appid && other.content == shown.content && other.title == shown.title
        };
        added.iter().any(same)
    });
    if known {
        return Err(refuse(200022, "the template has been added"));
    }
    if account.templates.len() >= MOST {
        return Err(refuse(200012, "the number of templates is out of limit"));
    }
    let id = base64url(call.simulator.random::<32>());
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let template = Template { long_term: title.kind == 3, ..Template::new(&keys) };
    call.simulator.change_account(&account.appid, |account| {
        account.templates.insert(id.clone(), template);
    });
    call.simulator.kept(|Added(added): &mut Added| {
        added.insert((account.appid.clone(), id.clone()), shown);
    });
    Ok(Reply::ok(json!({ "priTmplId": id })))
}

fn form(call: &Call) -> Vec<(String, String)> {
    let content_type = call.request.headers().get(CONTENT_TYPE);
    let is_form = content_type
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    match is_form {
        true => form_urlencoded::parse(call.request.body()).into_owned().collect(),
        false => Vec::new(),
    }
}

/// `POST /wxaapi/newtmpl/deltemplate`: JSON or a form.
fn deltemplate(call: &Call) -> Answer {
    let account = call.account()?;
    let json: Option<Value> = serde_json::from_slice(call.request.body()).ok();
    let id = match json {
        Some(json) => json["priTmplId"].as_str().map(str::to_owned),
        None => form(call).into_iter().find(|(key, _)| key == "priTmplId").map(|(_, id)| id),
    };
    let id = id.filter(|id| account.templates.contains_key(id));
    let id = id.ok_or(refuse(200002, "invalid args"))?;
    call.simulator.change_account(&account.appid, |account| {
        account.templates.remove(&id);
    });
    call.simulator.kept(|Added(added): &mut Added| added.remove(&(account.appid.clone(), id)));
    Ok(Reply::ok(json!({})))
}

/// `GET /wxaapi/newtmpl/gettemplate`
fn gettemplate(call: &Call) -> Answer {
    let account = call.account()?;
    let list: Vec<_> =
        account.templates.iter().map(|(id, t)| show(call.simulator, &account, id, t)).collect();
    Ok(Reply::ok(json!({ "data": list })))
}

fn show(simulator: &Simulator, account: &Account, id: &str, template: &Template) -> Value {
    let key = (account.appid.clone(), id.to_owned());
    let added = simulator.kept(|Added(added): &mut Added| added.get(&key).cloned());
    let shown = added.unwrap_or_else(|| Shown {
        title: id.to_owned(),
        content: template.keys.iter().map(|key| format!("{key}:{{{{{key}.DATA}}}}\n")).collect(),
        example: template.keys.iter().map(|key| format!("{key}:1\n")).collect(),
    });
    json!({
        "priTmplId": id,
        "title": shown.title,
        "content": shown.content,
        "example": shown.example,
        "type": if template.long_term { 3 } else { 2 },
    })
}

/// `GET /wxaapi/newtmpl/getcategory`
fn getcategory(call: &Call) -> Answer {
    call.account()?;
    let list = CATEGORIES.iter().map(|(id, name)| json!({ "id": id, "name": name }));
    Ok(Reply::ok(json!({ "data": list.collect::<Vec<_>>() })))
}

/// `GET /wxaapi/newtmpl/getpubtemplatetitles`
fn getpubtemplatetitles(call: &Call) -> Answer {
    call.account()?;
    let ids = call.required("ids", 200018, "ids is missing")?;
    let ids: Vec<u64> = ids
        .split(',')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| refuse(200019, "ids is invalid"))?;
    let number = |name: &'static str, code| {
        let text = call.required(name, code, "missing args")?;
        text.parse::<usize>().map_err(|_| refuse(code, name))
    };
    let (start, limit) = (number("start", 200016)?, number("limit", 200017)?);
    if !(1..=30).contains(&limit) {
        return Err(refuse(200017, "limit is invalid"));
    }
    let found: Vec<_> = LIBRARY.iter().filter(|title| ids.contains(&title.category)).collect();
    let page = found.iter().skip(start).take(limit).map(|title| {
        json!({
            "tid": title.tid,
            "title": title.title,
            "type": title.kind,
            "categoryId": title.category.to_string(),
        })
    });
    Ok(Reply::ok(json!({ "count": found.len(), "data": page.collect::<Vec<_>>() })))
}

/// `GET /wxaapi/newtmpl/getpubtemplatekeywords`
fn getpubtemplatekeywords(call: &Call) -> Answer {
    call.account()?;
    let title = title(call.required("tid", 200014, "missing parameter tid")?)?;
    let list = title.keywords.iter().map(|(kid, name, example, rule)| {
        json!({ "kid": kid, "name": name, "example": example, "rule": rule })
    });
    Ok(Reply::ok(json!({ "count": title.keywords.len(), "data": list.collect::<Vec<_>>() })))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::fixture::{MINI, errcode, simulator};

    impl Simulator {
        fn add(&self, content_type: &str, body: &str) -> Value {
            let uri = format!("/wxaapi/newtmpl/addtemplate?access_token={}", self.token(MINI));
            let request = Request::post(uri)
                .header(CONTENT_TYPE, content_type)
                .header("content-length", body.len());
            let request = request.body(body.to_owned().into()).unwrap();
            let reply = Call::new(self, &request, [127, 0, 0, 1].into()).perform();
            serde_json::from_slice(&reply.body).unwrap()
        }
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn a_template_is_chosen_added_once_and_deleted() {
        let (_, simulator) = simulator();
        let token = simulator.token(MINI);
        let get =
            |path: &str| simulator.get(&format!("/wxaapi/newtmpl/{path}access_token={token}"));
        let mine = || get("gettemplate?")["data"].as_array().unwrap().len();

        let titles = get("getpubtemplatetitles?ids=307,616&start=0&limit=30&");
        assert_eq!((&titles["count"], &titles["data"][1]["tid"]), (&json!(3), &json!(401)));
        assert_eq!(get("getpubtemplatekeywords?tid=401&")["count"], 3);
        let form = "tid=401&kidList=1&kidList=3&sceneDesc=order";
        let added = simulator.add(FORM, form);
        let id = added["priTmplId"].as_str().unwrap();

        assert_eq!(mine(), 3);
        let keys = &simulator.account(MINI).unwrap().templates[id].keys;
        assert!(keys.contains("name1") && keys.contains("thing3"));
        assert_eq!(errcode(&simulator.add(FORM, form)), 200022);
        let delete = format!("/wxaapi/newtmpl/deltemplate?access_token={token}");
        let body = json!({ "priTmplId": id }).to_string();
        let codes = [(); 2].map(|()| errcode(&simulator.post(&delete, &body)));
        assert_eq!((codes, mine()), ([0, 200002], 2));
    }

    #[test]
    fn of_json_no_field_is_seen() {
        let (_, simulator) = simulator();
        let json = json!({ "tid": "401", "kidList": [1, 3], "sceneDesc": "order" }).to_string();

        assert_eq!(errcode(&simulator.add("application/json", &json)), 200014);
        for (form, code) in [
            ("tid=1&kidList=1&kidList=2&sceneDesc=a", 200014),
            ("tid=401&kidList=1&sceneDesc=a", 200020),
            ("tid=401&kidList=1&kidList=9&sceneDesc=a", 200020),
            ("tid=401&kidList=1&kidList=2", 200021),
        ] {
            assert_eq!(errcode(&simulator.add(FORM, form)), code, "{form}");
        }
    }
}
