//! The inventory of WeChat's endpoints: facts, written as a table from `surface.tsv`.

mod rows;

use crate::AccountKind;

pub use rows::{Area, ROWS};

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
    const fn of(
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

/// Names of parameters that carry a credential.
const CREDENTIALS: &[&str] = &[
    "access_token",
    "appsecret",
    "authorizer_access_token",
    "cloudbase_access_token",
    "component_access_token",
    "refresh_token",
    "secret",
];

/// Whether a parameter of this name carries a credential, which no caller may send.
pub fn is_credential(name: &str) -> bool {
    CREDENTIALS.iter().any(|credential| name.eq_ignore_ascii_case(credential))
}

#[cfg(test)]
mod tests {
    use super::*;

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
                assert!(!is_credential(name), "{}", row.path);
                assert!(!names[..index].contains(name), "{} has {name} twice", row.path);
            }
        }
    }
}
