//! The inventory of WeChat's endpoints, and how a path is found in it.
//!
//! A path that a caller sends is only ever compared. What goes out is the row's own text.

use shared::{AccountKind, Error, Result};

pub use super::rows::{Area, ROWS};

/// A path and method of WeChat's API.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The path, as it is sent.
    pub path: &'static str,
    /// The names of the query besides the token, comma separated.
    pub query: &'static str,
    /// How many fields go in and come out, nested ones included; zeros where nobody counted.
    pub fields: (u16, u16),
    /// The HTTP method.
    pub method: Method,
    /// The area of the API.
    pub area: Area,
    /// Which credential it takes.
    pub token: Token,
    /// What it takes as a body.
    pub body: Body,
    /// What it answers.
    pub answer: Answer,
    /// The kinds of account whose documentation has it.
    pub accounts: Accounts,
    /// Whether it may be sent again after WeChat may have seen it.
    pub repeat: Repeat,
    /// How it is enabled.
    pub policy: Policy,
}

/// The HTTP method of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
}

/// Which credential a row takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The account's access token.
    Access,
    /// A third-party platform's, which no deployment of this has.
    Component,
    /// The app secret itself.
    Secret,
    /// A user's OAuth token.
    User,
    /// None.
    None,
}

/// What a row takes as a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A JSON object.
    Json,
    /// A JSON object that may be empty.
    JsonEmpty,
    /// JSON of any kind: it is handed on.
    RawJson,
    /// Nothing: all of it is in the query.
    Query,
    /// A form with a file.
    Multipart,
    /// A form with a file, or the file's address in the query.
    MultipartOrQuery,
    /// A form with a file, or a JSON object.
    MultipartOrJson,
    /// The file itself.
    Bytes,
}

/// What a row answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// JSON.
    Json,
    /// A file; JSON as well, at least where WeChat refuses.
    Bytes,
}

/// Whether a row may be sent again after WeChat may have seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It only reads.
    Safe,
    /// It changes something, or spends a code.
    Once,
}

/// How a row is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// By its area, a prefix or its path.
    Prefix,
    /// By its path only, because it can hurt.
    Exact,
    /// By its path only, because an operation does it.
    Typed,
    /// By nothing.
    Never,
}

/// Kinds of account: of mini programs (M), official accounts (O), mini games (G), shops (C),
/// third-party platforms (T) and others (X).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accounts(u32);

impl Accounts {
    /// The kinds that these letters of the inventory stand for.
    pub const fn of(letters: &str) -> Accounts {
        let (mut set, mut index) = (0, 0);
        while index < letters.len() {
            set |= Accounts::bit(letters.as_bytes()[index]);
            index += 1;
        }
        Accounts(set)
    }

    const fn bit(letter: u8) -> u32 {
        1 << (letter - b'A')
    }

    /// Whether an account of this kind can make the call.
    ///
    /// Only mini programs and official accounts are told apart: the inventory does not say with
    /// whose token shops and platforms call, and configuration has no such kinds.
    pub fn include(self, kind: AccountKind) -> bool {
        const TOLD_APART: u32 = Accounts::bit(b'M') | Accounts::bit(b'G') | Accounts::bit(b'O');
        let letters = match kind {
            AccountKind::MiniProgram => Accounts::bit(b'M') | Accounts::bit(b'G'),
            AccountKind::OfficialAccount => Accounts::bit(b'O'),
            _ => 0,
        };
        self.0 & !TOLD_APART != 0 || self.0 == 0 || self.0 & letters != 0
    }
}

impl Method {
    /// As HTTP spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

impl Policy {
    /// As the inventory spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Policy::Prefix => "prefix",
            Policy::Exact => "exact",
            Policy::Typed => "typed",
            Policy::Never => "never",
        }
    }
}

impl Row {
    /// A row of the table, which is written from the inventory.
    #[expect(clippy::too_many_arguments, reason = "a line of a table")]
    pub(super) const fn of(
        path: &'static str,
        query: &'static str,
        fields: (u16, u16),
        method: Method,
        area: Area,
        token: Token,
        body: Body,
        answer: Answer,
        accounts: &str,
        repeat: Repeat,
        policy: Policy,
    ) -> Row {
        let accounts = Accounts::of(accounts);
        Row { path, query, fields, method, area, token, body, answer, accounts, repeat, policy }
    }

    /// The names that its query may have, besides the token.
    pub fn query_names(&self) -> impl Iterator<Item = &'static str> {
        self.query.split(',').filter(|name| !name.is_empty())
    }
}

/// The rows of a path: one, or two that differ in their methods. Empty for what is not a path.
pub fn rows(path: &str) -> &'static [Row] {
    let first = ROWS.partition_point(|row| row.path < path);
    let all = &ROWS[first..];
    &all[..all.iter().take_while(|row| row.path == path).count()]
}

/// Finds the row of a path and a method.
///
/// # Errors
/// Names the nearest paths, or the methods there are.
pub fn find(path: &str, method: Option<Method>) -> Result<&'static Row> {
    match (rows(path), method) {
        ([], _) => Err(unknown(path)),
        ([row], None) => Ok(row),
        (several, None) => Err(Error::invalid(
            "method",
            format!("This path has several methods; send one of {}.", methods(several)),
        )),
        (some, Some(method)) => some.iter().find(|row| row.method == method).ok_or_else(|| {
            Error::invalid("method", format!("The method of this path is {}.", methods(some)))
        }),
    }
}

fn methods(rows: &[Row]) -> String {
    let methods: Vec<_> = rows.iter().map(|row| row.method.as_str()).collect();
    methods.join(", ")
}

/// Longer texts are not compared with every path.
const LONGEST: usize = 128;

fn unknown(path: &str) -> Error {
    let nearest = if path.len() <= LONGEST { nearest(path) } else { Vec::new() };
    let detail = if nearest.is_empty() {
        "This is not a path of WeChat's API. Send it as the documentation has it, without host and query.".to_owned()
    } else {
        format!("This is not a path of WeChat's API. The nearest are {}.", nearest.join(", "))
    };
    Error::invalid("path", detail)
}

/// The three paths that the fewest edits lead to.
pub fn nearest(path: &str) -> Vec<&'static str> {
    let mut ranked: Vec<_> =
        ROWS.iter().map(|row| (strsim::osa_distance(path, row.path), row.path)).collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked.truncate(3);
    ranked.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::request::is_reserved;

    #[test]
    fn rows_are_sorted_and_none_is_there_twice() {
        let key = |row: &Row| (row.path, row.method);
        assert!(ROWS.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));
        assert_eq!(ROWS.len(), 1552);
    }

    #[test]
    fn every_path_is_made_of_plain_segments() {
        for row in ROWS {
            let mut segments = row.path.strip_prefix('/').unwrap().split('/');
            let first = segments.next().unwrap();
            let plain = |text: &str, more: &[u8]| {
                !text.is_empty()
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
            };
            assert!(plain(first, b"_-"), "{}", row.path);
            assert!(segments.all(|segment| plain(segment, b"_-.")), "{}", row.path);
            assert!(!row.path.contains(".."), "{}", row.path);
        }
    }

    #[test]
    fn whatever_sounds_like_a_secret_is_enabled_by_its_own_path_at_most() {
        for row in ROWS {
            let last = row.path.rsplit('/').next().unwrap();
            let sounds = ["token", "secret", "ticket", "key"].iter().any(|it| last.contains(it));
            if sounds && last != "getpubtemplatekeywords" {
                assert!(matches!(row.policy, Policy::Exact | Policy::Never), "{}", row.path);
            }
        }
    }

    #[test]
    fn what_needs_a_credential_of_another_kind_is_never_called() {
        for row in ROWS.iter().filter(|row| row.token != Token::Access) {
            assert_eq!(row.policy, Policy::Never, "{}", row.path);
        }
    }

    /// The list of what must never be callable, told a second time on purpose.
    #[test]
    fn the_never_list() {
        for path in [
            "/cgi-bin/clear_quota",
            "/cgi-bin/clear_quota/v2",
            "/cgi-bin/component/api_authorizer_token",
            "/cgi-bin/component/api_component_token",
            "/cgi-bin/component/api_create_preauthcode",
            "/cgi-bin/component/api_query_auth",
            "/cgi-bin/component/api_start_push_ticket",
            "/cgi-bin/component/clear_quota/v2",
            "/cgi-bin/message/wxopen/template/uniform_send",
            "/cgi-bin/midas/cancelpay",
            "/cgi-bin/midas/getbalance",
            "/cgi-bin/midas/pay",
            "/cgi-bin/midas/present",
            "/cgi-bin/midas/sandbox/cancelpay",
            "/cgi-bin/midas/sandbox/getbalance",
            "/cgi-bin/midas/sandbox/pay",
            "/cgi-bin/midas/sandbox/present",
            "/cgi-bin/openapi/quota/clear",
            "/cgi-bin/openapi/rid/get",
            "/cgi-bin/shorturl",
            "/cgi-bin/stable_token",
            "/cgi-bin/ticket/getticket",
            "/cgi-bin/token",
            "/sns/auth",
            "/sns/component/jscode2session",
            "/sns/jscode2session",
            "/sns/oauth2/access_token",
            "/sns/oauth2/component/access_token",
            "/sns/oauth2/component/refresh_token",
            "/sns/oauth2/refresh_token",
            "/sns/userinfo",
            "/tcb/createclouduser",
            "/tcb/getappconfig",
            "/tcb/getcodesecret",
            "/tcb/getqcloudtoken",
            "/tcb/getuploadsignature",
            "/tcb/uploadappconfig",
            "/tcb/usecloudaccesstoken",
            "/tcb/wxpayopenauth",
            "/wxa/business/getuserencryptkey",
            "/wxa/checksession",
            "/wxa/game/cancelpay",
            "/wxa/game/getbalance",
            "/wxa/game/pay",
            "/wxa/game/present",
            "/wxa/game/queryorderinfo",
            "/wxa/remove_user_storage",
            "/wxa/resetusersessionkey",
            "/wxa/set_user_storage",
            "/wxa/setuserinteractivedata",
        ] {
            assert!(!rows(path).is_empty(), "{path}");
            assert!(rows(path).iter().all(|row| row.policy == Policy::Never), "{path}");
        }
        for prefix in
            ["/sns/", "/componenttcb/", "/cgi-bin/component/", "/cgi-bin/midas/", "/xpay/"]
        {
            let mut below = ROWS.iter().filter(|row| row.path.starts_with(prefix)).peekable();
            assert!(below.peek().is_some(), "{prefix}");
            assert!(below.all(|row| row.policy == Policy::Never), "{prefix}");
        }
        let never = ROWS.iter().filter(|row| row.policy == Policy::Never).count();
        assert_eq!(never, 150, "Review what was added to, or removed from, the list.");
    }

    #[test]
    fn query_names_are_plain_and_no_credential_is_among_those_one_may_send() {
        for row in ROWS.iter().filter(|row| row.policy != Policy::Never) {
            let names: Vec<_> = row.query_names().collect();
            for (index, name) in names.iter().enumerate() {
                assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{name}");
                assert!(!is_reserved(name), "{}", row.path);
                assert!(!names[..index].contains(name), "{} has {name} twice", row.path);
            }
        }
    }

    #[test]
    fn only_the_bytes_of_a_path_are_the_path() {
        let path = "/cgi-bin/user/info";
        assert_eq!(find(path, None).unwrap().path, path);
        for attack in [
            "//cgi-bin/user/info",
            "//evil.example/cgi-bin/user/info",
            "@evil.example/cgi-bin/user/info",
            "https://api.weixin.qq.com/cgi-bin/user/info",
            "https://evil.example/",
            "\\cgi-bin\\user\\info",
            "/cgi-bin\\user\\info",
            "/cgi-bin/../cgi-bin/user/info",
            "/cgi-bin/menu/../user/info",
            "/cgi-bin/./user/info",
            "/cgi-bin/%2e%2e/cgi-bin/user/info",
            "/cgi-bin%2fuser%2finfo",
            "/cgi-bin/user%2Finfo",
            "/cgi-bin/user/inf%6f",
            "/cgi-bin/user/info;x",
            "/cgi-bin/user/info;jsessionid=1",
            "/cgi-bin/user/info?access_token=x",
            "/cgi-bin/user/info?",
            "/cgi-bin/user/info#",
            "/cgi-bin/user/info#/x",
            "/cgi-bin/user/info/",
            "/cgi-bin/user/info//",
            "/cgi-bin//user/info",
            "/CGI-BIN/USER/INFO",
            "/cgi-bin/user/Info",
            " /cgi-bin/user/info",
            "/cgi-bin/user/info ",
            "/cgi-bin/user/info\0",
            "/cgi-bin/user/info\n",
            "/cgi-bin/user/info\r\nHost: evil.example",
            "/cgi-bin/user/info HTTP/1.1",
            "/cgi-bin/us\u{0435}r/info",
            "/cgi-bin/user/\u{ff49}nfo",
            "/cgi\u{2010}bin/user/info",
            "/cgi-bin/user/in\u{200b}fo",
            "\u{feff}/cgi-bin/user/info",
            "\u{2215}cgi-bin/user/info",
            "cgi-bin/user/info",
            "/cgi-bin/user",
            "/cgi-bin/user/",
            "/cgi-bin/user/inf",
            "/cgi-bin/user/info2",
            "/",
            "",
        ] {
            let error = find(attack, None).expect_err(attack);
            assert_eq!(error.field_name(), Some("path"), "{attack}");
            assert!(!error.detail().contains("evil"), "{}", error.detail());
        }
    }

    #[test]
    fn a_typo_is_told_the_nearest_paths() {
        assert_eq!(nearest("/cgi-bin/user/inof")[0], "/cgi-bin/user/info");
        let error = find("/wxa/getuserriskrnak", None).unwrap_err();
        assert!(error.detail().contains("/wxa/getuserriskrank"), "{}", error.detail());
        let error = find(&"/cgi-bin/user/info".repeat(10_000), None).unwrap_err();
        assert!(error.detail().len() < 200);
    }

    #[test]
    fn a_method_is_needed_only_where_a_path_has_two() {
        let error = find("/customservice/kfaccount/del", None).unwrap_err();
        assert_eq!(error.field_name(), Some("method"));
        for method in [Method::Get, Method::Post] {
            assert_eq!(find("/customservice/kfaccount/del", Some(method)).unwrap().method, method);
        }
        assert!(find("/cgi-bin/user/info", Some(Method::Post)).is_err());
    }

    proptest! {
        // Each miss is compared with every row.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_is_found_is_a_row_byte_for_byte(path in "\\PC{0,40}") {
            prop_assert!(rows(&path).iter().all(|row| row.path == path));
            if let Ok(row) = find(&path, None) {
                prop_assert_eq!(row.path, path);
            }
        }

        #[test]
        fn a_row_with_one_byte_changed_is_no_longer_that_row(
            index in any::<prop::sample::Index>(),
            at in any::<prop::sample::Index>(),
            other in any::<char>(),
        ) {
            let row = &ROWS[index.index(ROWS.len())];
            let at = at.index(row.path.len());
            let path = format!("{}{other}{}", &row.path[..at], &row.path[at + 1..]);
            let found = rows(&path);
            prop_assert!(found.iter().all(|row| row.path == path));
            prop_assert_eq!(path == row.path, found.iter().any(|found| found == row));
        }
    }
}
