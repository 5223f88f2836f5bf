//! `API_CALL_ALLOW`: which rows a deployment enables. None, unless it says so.

use model::surface::{Area, Policy, ROWS, Row, rows};
use shared::{Error, Problem, Result, capability::Setting, message};

use super::{instead, path::nearest};

/// What is enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow(Vec<Entry>);

/// One entry of the setting.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    /// `area:users-tags`: the rows of an area, as far as they may be enabled together.
    Area(Area),
    /// `/datacube/`: the rows below a prefix, as far as they may be enabled together.
    Prefix(String),
    /// `/cgi-bin/menu/create`: one path, whatever its policy.
    Path(&'static str),
    /// `/wxaapi/broadcast/room/getpushurl!pushAddr`: one path, and a member it may answer.
    Reviewed(&'static str, &'static str),
}

/// Members that would be withheld, but that a deployment may let out of the path that is for them.
const REVIEWED: &[(&str, &str)] = &[("/wxaapi/broadcast/room/getpushurl", "pushAddr")];

impl Setting for Allow {
    const NAME: &'static str = "API_CALL_ALLOW";
    const EXAMPLE: &'static str = "area:users-tags,/datacube/,/cgi-bin/menu/create";
    const ABOUT: &'static str =
        "What `api.call` may call: a comma list of areas, prefixes and paths; empty for nothing.";

    fn parse(text: Option<&str>) -> Result<Allow, String> {
        let entries = text.unwrap_or_default().split(',').map(str::trim);
        entries.filter(|entry| !entry.is_empty()).map(entry).collect::<Result<_, _>>().map(Allow)
    }
}

impl Allow {
    /// Whether a row is enabled.
    pub fn enables(&self, row: &Row) -> bool {
        let together = row.policy == Policy::Prefix;
        row.policy != Policy::Never
            && self.0.iter().any(|entry| match entry {
                Entry::Area(area) => together && *area == row.area,
                Entry::Prefix(prefix) => together && row.path.starts_with(prefix.as_str()),
                Entry::Path(path) | Entry::Reviewed(path, _) => *path == row.path,
            })
    }

    /// Whether a member may be in the answer of a row although its name is that of a secret.
    pub fn lets_out(&self, row: &Row, name: &str) -> bool {
        self.0.iter().any(|entry| matches!(entry, Entry::Reviewed(path, reviewed) if *path == row.path && *reviewed == name))
    }

    /// Refuses a row that is not enabled.
    ///
    /// # Errors
    /// Says what to add to the setting, or what to do instead.
    pub fn check(&self, row: &Row) -> Result<()> {
        if self.enables(row) {
            return Ok(());
        }
        let detail = match (instead::operation(row.path), row.policy) {
            (Some(operation), Policy::Never) => {
                message!(
                    "This path is never called directly. Use the operation `{operation}`.",
                    "该路径不可直接调用，请使用接口 `{operation}`。"
                )
            }
            (None, Policy::Never) => {
                let [english, chinese] = instead::reason(row);
                message!("This path is never called. {english}", "该路径不可调用。{chinese}")
            }
            (Some(operation), _) => message!(
                "This path is not enabled. Use the operation `{operation}`, or add `{}` to API_CALL_ALLOW.",
                "该路径未启用。请使用接口 `{operation}`，或将 `{}` 加入 API_CALL_ALLOW。",
                row.path
            ),
            (None, _) => message!(
                "This path is not enabled. Add `{}` to API_CALL_ALLOW.",
                "该路径未启用，请将 `{}` 加入 API_CALL_ALLOW。",
                row.path
            ),
        };
        Err(Error::new(Problem::Forbidden, detail).field("path"))
    }
}

fn entry(text: &str) -> Result<Entry, String> {
    if let Some(name) = text.strip_prefix("area:") {
        let area = Area::ALL.iter().find(|(_, known)| *known == name);
        return area.map(|(area, _)| Entry::Area(*area)).ok_or_else(|| {
            let names: Vec<_> = Area::ALL.iter().map(|(_, name)| *name).collect();
            format!("names an unknown area; the areas are {}", names.join(", "))
        });
    }
    if let Some((path, name)) = text.split_once('!') {
        return REVIEWED
            .iter()
            .find(|reviewed| **reviewed == (path, name))
            .map(|(path, name)| Entry::Reviewed(path, name))
            .ok_or_else(|| format!("holds {text}, which is not a reviewed exception"));
    }
    if text.ends_with('/') {
        let holds = ROWS
            .iter()
            .any(|row| row.policy == Policy::Prefix && row.path.starts_with(text) && text != "/");
        return match holds {
            true => Ok(Entry::Prefix(text.to_owned())),
            false => Err(format!("holds {text}, below which nothing can be enabled together")),
        };
    }
    match rows(text) {
        [] => Err(format!(
            "holds {text}, which is not a path of WeChat's API; the nearest are {}",
            nearest(text).join(", ")
        )),
        found if found.iter().any(|row| row.policy == Policy::Never) => {
            Err(format!("holds {text}, which is never called"))
        }
        [row, ..] => Ok(Entry::Path(row.path)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(setting: &str) -> Result<Allow, String> {
        <Allow as Setting>::parse(Some(setting))
    }

    fn row(path: &str) -> &'static Row {
        &rows(path)[0]
    }

    fn enabled(setting: &str, path: &str) -> bool {
        parse(setting).unwrap().enables(row(path))
    }

    #[test]
    fn nothing_is_enabled_by_nothing() {
        for setting in ["", " ", ",", " , "] {
            let allow = parse(setting).unwrap();
            assert!(ROWS.iter().all(|row| !allow.enables(row)), "{setting:?}");
        }
    }

    #[test]
    fn areas_and_prefixes_enable_what_may_be_enabled_together_and_nothing_else() {
        assert!(enabled("area:users-tags", "/cgi-bin/user/info"));
        assert!(!enabled("area:users-tags", "/cgi-bin/changeopenid"));
        assert!(!enabled("area:menu", "/cgi-bin/user/info"));
        assert!(enabled("/cgi-bin/user/", "/cgi-bin/user/info"));
        assert!(!enabled(
            "/cgi-bin/user/",
            "/cgi-bin/users/info".replace("users", "tags").replace("info", "get").as_str()
        ));
        assert!(!enabled("/cgi-bin/menu/", "/cgi-bin/menu/create"));
        assert!(enabled("/cgi-bin/menu/create", "/cgi-bin/menu/create"));
        assert!(!enabled("area:codes-links", "/wxa/getwxacodeunlimit"));
        assert!(enabled("/wxa/getwxacodeunlimit", "/wxa/getwxacodeunlimit"));
    }

    #[test]
    fn all_areas_and_all_prefixes_together_enable_no_row_that_wants_its_own_path() {
        let areas = Area::ALL.iter().map(|(_, name)| format!("area:{name}"));
        let mut entries: Vec<_> = areas.collect();
        entries.extend(["/cgi-bin/", "/wxa/", "/wxaapi/", "/datacube/"].map(String::from));
        let allow = parse(&entries.join(",")).unwrap();
        for row in ROWS {
            assert_eq!(allow.enables(row), row.policy == Policy::Prefix, "{}", row.path);
        }
    }

    #[test]
    fn what_is_never_called_cannot_be_enabled() {
        for row in ROWS.iter().filter(|row| row.policy == Policy::Never) {
            assert!(parse(row.path).unwrap_err().ends_with("never called"));
            let error = Allow(vec![Entry::Path(row.path)]).check(row).unwrap_err();
            assert!(error.detail().starts_with("This path is never called"), "{}", error.detail());
            assert!(!error.detail().contains("API_CALL_ALLOW"), "{}", error.detail());
        }
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_told_so() {
        for (setting, complaint) in [
            ("*", "not a path"),
            ("/cgi-bin/*", "not a path"),
            ("/", "nothing can be enabled"),
            ("//", "nothing can be enabled"),
            ("/cgi-bin/../", "nothing can be enabled"),
            ("/xpay/", "nothing can be enabled"),
            ("area:*", "unknown area"),
            ("area:", "unknown area"),
            ("area:Menu", "unknown area"),
            ("/cgi-bin/user/inof", "/cgi-bin/user/info"),
            ("/cgi-bin/user/info!session_key", "not a reviewed exception"),
            ("cgi-bin/user/info", "not a path"),
        ] {
            let why = parse(setting).unwrap_err();
            assert!(why.contains(complaint), "{setting}: {why}");
        }
        assert!(parse(Allow::EXAMPLE).is_ok());
    }

    #[test]
    fn a_refusal_says_what_to_add_or_what_to_use() {
        let detail = |path| Allow::default().check(row(path)).unwrap_err().detail().to_owned();
        assert!(
            detail("/cgi-bin/menu/create").contains("Add `/cgi-bin/menu/create` to API_CALL_ALLOW")
        );
        assert!(detail("/wxa/getwxacode").contains("`wxacode.get`"));
        assert!(detail("/cgi-bin/token").contains("`auth.getAccessToken`"));
        assert!(detail("/xpay/query_order").contains("signed"));
        assert_eq!(
            Allow::default().check(row("/cgi-bin/token")).unwrap_err().problem(),
            Problem::Forbidden
        );
    }

    #[test]
    fn an_exception_is_for_its_path_and_its_member() {
        let live = row("/wxaapi/broadcast/room/getpushurl");
        let plain = parse(live.path).unwrap();
        assert!(plain.enables(live) && !plain.lets_out(live, "pushAddr"));
        let reviewed = parse("/wxaapi/broadcast/room/getpushurl!pushAddr").unwrap();
        assert!(reviewed.enables(live) && reviewed.lets_out(live, "pushAddr"));
        assert!(!reviewed.lets_out(live, "session_key"));
        assert!(!reviewed.lets_out(row("/cgi-bin/user/info"), "pushAddr"));
    }

    proptest! {
        #[test]
        fn no_setting_enables_what_is_never_called(setting in "(area:|/)?[a-z_/*!-]{0,24}") {
            let allow = parse(&setting).unwrap_or_default();
            prop_assert!(!ROWS.iter().any(|row| row.policy == Policy::Never && allow.enables(row)));
        }
    }
}
