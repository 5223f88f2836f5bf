//! The registry and everything that must agree with it: binaries, sample events, the OpenAPI
//! document, the README.
//!
//! `UPDATE=1 cargo test -p tests --test it agreement` writes what can be derived.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::LazyLock};

use functions::{JOBS, OPERATIONS};
use schemars::generate::SchemaSettings;
use serde_json::Value;
use shared::{Access, AccountKind, Problem, openapi};
use simulator::{ONE_TIME_TEMPLATE, User};

use crate::{Answer, Bundle, MINI, MOBILE, OFFICIAL, WEBSITE};

pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::document(OPERATIONS));

/// Asserts that the document has what a test was answered; [`Bundle::send`] asks this every time.
#[track_caller]
pub(crate) fn assert_documented(method: &str, path: &str, answer: &Answer) {
    let operation = &DOCUMENT["paths"][path][method.to_ascii_lowercase()];
    if operation.is_null() {
        return;
    }
    let (id, status) = (&operation["operationId"], answer.status.to_string());
    let response = match &operation["responses"][&status]["$ref"] {
        Value::String(target) => &DOCUMENT["components"]["responses"][&target[23..]],
        _ => &operation["responses"][&status],
    };
    let advice = "name it in the operation's REFUSALS or PROBLEMS, or in a capability";
    assert!(!response.is_null(), "{id} answered {status}, which its document lacks: {advice}");
    let problems = &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]
        ["type"]["enum"];
    if let Some(problems) = problems.as_array() {
        let slug = &answer.json()["type"];
        assert!(
            problems.contains(slug),
            "{id} answered {slug}, which its document lacks: {advice}"
        );
    }
}

#[test]
fn every_namespace_is_described() {
    for endpoint in OPERATIONS {
        let (namespace, _) = endpoint.id().rsplit_once('.').unwrap();
        assert!(
            openapi::NAMESPACES.iter().any(|(name, _)| *name == namespace),
            "add {namespace} to NAMESPACES in shared/src/openapi.rs"
        );
    }
}

fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every function: the operations' binaries and the jobs.
pub(crate) fn functions() -> BTreeSet<String> {
    let operations = OPERATIONS.iter().map(|endpoint| endpoint.binary());
    operations.chain(JOBS.iter().map(|job| job.name.to_owned())).collect()
}

fn stems(directory: &str, extension: &str) -> BTreeSet<String> {
    let files = fs::read_dir(root().join(directory)).unwrap();
    files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn assert_same(what: &str, found: &BTreeSet<String>, advice: &str) {
    let expected = functions();
    let missing: Vec<_> = expected.difference(found).collect();
    let stray: Vec<_> = found.difference(&expected).collect();
    assert!(missing.is_empty(), "{what} missing for {missing:?}: {advice}");
    assert!(stray.is_empty(), "{what} without an operation: {stray:?}; remove or register them");
}

/// Replaces what stands between two markers of a file, or compares it.
pub(crate) fn assert_between(path: &str, marker: &str, expected: &str) {
    let text = read(path);
    let (begin, end) = (format!("<!-- {marker} -->\n"), format!("<!-- /{marker} -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{path}: no {begin}"));
    let (found, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{path}: no {end}"));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join(path), format!("{before}{begin}{expected}{end}{after}")).unwrap();
    } else {
        assert_eq!(
            found, expected,
            "{path} is not what the registry says between the {marker} markers; \
             run UPDATE=1 cargo test -p tests --test it agreement"
        );
    }
}

#[test]
fn names_are_unique_and_derived() {
    let ids: BTreeSet<_> = OPERATIONS.iter().map(|endpoint| endpoint.id()).collect();
    assert_eq!(ids.len(), OPERATIONS.len(), "two operations share an id");
    assert_eq!(functions().len(), OPERATIONS.len() + JOBS.len(), "two functions share a name");
    for endpoint in OPERATIONS {
        let id = endpoint.id();
        assert!(
            id.contains('.') && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'),
            "{id} is not <namespace>.<operation>"
        );
        let file = format!("functions/src/{}.rs", snake_case(id).replace('.', "/"));
        let first = read(&file);
        assert!(first.starts_with("//! `"), "{file} does not begin with its method and path");
    }
}

/// `wxacode.createQRCode` as `wxacode.create_qr_code`.
fn snake_case(id: &str) -> String {
    let letters: Vec<char> = id.chars().collect();
    let mut name = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| letters[index]);
        let after = letters.get(index + 1);
        let begins = before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            || (before.is_some_and(|c| c.is_ascii_uppercase())
                && after.is_some_and(char::is_ascii_lowercase));
        if letter.is_ascii_uppercase() && begins {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[test]
fn every_function_has_its_binary() {
    assert_same(
        "a binary",
        &stems("functions/src/bin", "rs"),
        "add functions/src/bin/<name>.rs, three lines like its neighbours",
    );
    let manifest = read("functions/Cargo.toml");
    for name in functions() {
        let entry = format!("[[bin]]\nname = \"{name}\"\ntest = false\n");
        assert!(manifest.contains(&entry), "add to functions/Cargo.toml:\n{entry}");
    }
}

#[test]
fn every_input_is_documented_and_closed() {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    for endpoint in OPERATIONS {
        let id = endpoint.id();
        let input = endpoint.describe(&mut settings.clone().into_generator()).input.to_value();
        assert!(input["description"].is_string(), "{id} needs a doc comment");
        assert_eq!(input["additionalProperties"], false, "{id} needs deny_unknown_fields");
        for (name, schema) in input["properties"].as_object().into_iter().flatten() {
            assert!(schema["description"].is_string(), "{id}: `{name}` needs a doc comment");
        }
        let example: Value = serde_json::from_str(endpoint.example).unwrap();
        for name in input["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            assert!(example.get(name).is_some(), "{id}: EXAMPLE lacks `{name}`");
        }
    }
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let path = root().join("functions/openapi.json");
    let document = serde_json::to_string_pretty(&openapi::document(OPERATIONS)).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, document).unwrap();
    } else {
        assert!(
            fs::read_to_string(path).unwrap_or_default() == document,
            "functions/openapi.json is out of date; run UPDATE=1 cargo test -p tests --test it agreement"
        );
    }
}

#[test]
fn the_readme_lists_the_operations_and_the_problems() {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut table = "| operation | HTTP | access | what it does |\n|---|---|---|---|\n".to_owned();
    for endpoint in OPERATIONS {
        let input = endpoint.describe(&mut generator).input.to_value();
        let description = input["description"].as_str().unwrap().replace('\n', " ");
        let summary = description.split_inclusive(". ").next().unwrap().trim();
        let http = match endpoint.handler.access {
            Access::Service => "–".to_owned(),
            _ => format!("{} `{}`", endpoint.handler.http.method.allow(), endpoint.path()),
        };
        let access = endpoint.handler.access.as_str();
        table.push_str(&format!("| `{}` | {http} | {access} | {summary} |\n", endpoint.id()));
    }
    assert_between("README.md", "operations", &table);

    let mut table = "| `type` | status | title |\n|---|---|---|\n".to_owned();
    for problem in Problem::ALL {
        let (slug, status, title) = (problem.slug(), problem.status(), problem.title());
        table.push_str(&format!("| `{slug}` | {status} | {title} |\n"));
    }
    assert_between("README.md", "problems", &table);
}

#[tokio::test]
async fn every_sample_event_is_answered() {
    assert_same("an event", &stems("events", "json"), "add events/<name>.json; it is replayed");
    let bundle = Bundle::start().await;
    prepare(&bundle);
    for name in functions() {
        let session = session_for(&bundle, &name).await.unwrap_or_default();
        let event = fill_in(&bundle, &name, &session);
        let answer = bundle.invoke(&name, event).await;
        let answer = answer.unwrap_or_else(|problem| panic!("events/{name}.json: {problem}"));
        let status = answer.get("statusCode").and_then(Value::as_u64).unwrap_or(200);
        assert!(status < 400, "events/{name}.json: {answer}");
    }
}

/// A session of an app the function works for.
pub(crate) async fn session_for(bundle: &Bundle, name: &str) -> Option<String> {
    let accounts = OPERATIONS.iter().find(|endpoint| endpoint.binary() == name)?.accounts;
    Some(match accounts.first()? {
        AccountKind::MiniProgram => bundle.session("alice").await,
        AccountKind::OfficialAccount => bundle.oauth_session(OFFICIAL, "alice").await,
        AccountKind::MobileApp => bundle.oauth_session(MOBILE, "alice").await,
        AccountKind::Website => bundle.oauth_session(WEBSITE, "alice").await,
    })
}

/// What the sample events find at WeChat.
pub(crate) fn prepare(bundle: &Bundle) {
    bundle.wechat().open_rooms(MINI, &["a", "b", "c"]);
    bundle.wechat().subscribe(MINI, &User::new("alice"), ONE_TIME_TEMPLATE, 1);
}

/// A sample event with its placeholders filled in for a stack.
pub(crate) fn fill_in(bundle: &Bundle, name: &str, session: &str) -> Value {
    let event = read(&format!("events/{name}.json"))
        .replace("{{session}}", session)
        .replace("{{code}}", &bundle.code("bob"))
        .replace("{{oauth_code}}", &bundle.oauth_code(OFFICIAL, "bob"))
        .replace("{{phone_code}}", &bundle.wechat().mint_phone_code(MINI, &User::new("alice")));
    assert!(!event.contains("{{"), "events/{name}.json has a placeholder nobody fills in");
    serde_json::from_str(&event).unwrap_or_else(|error| panic!("events/{name}.json: {error}"))
}

#[tokio::test]
async fn closed_operations_stay_closed_without_a_session() {
    let bundle = Bundle::start().await;
    bundle.wechat().clear_journal();
    for endpoint in OPERATIONS {
        let example: Value = serde_json::from_str(endpoint.example).unwrap();
        if endpoint.handler.access == Access::Public {
            continue;
        }
        for method in endpoint.handler.http.method.names() {
            let answer = match *method {
                "get" => bundle.get(&endpoint.path()).await,
                _ => bundle.post(&endpoint.path(), example.clone()).await,
            };
            answer.problem(401, "unauthenticated");
            let forged = Some("eyJhbGciOiJub25lIn0.e30.");
            if *method == "post" {
                let answer = bundle.post_as(forged, &endpoint.path(), example.clone()).await;
                answer.problem(401, "unauthenticated");
            }
        }
    }
    assert_eq!(bundle.wechat().journal().len(), 0, "WeChat was called without a session");
}
