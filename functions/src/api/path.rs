//! How a path is found in the inventory.
//!
//! A path that a caller sends is only ever compared. What goes out is the row's own text.

use model::surface::{Method, ROWS, Row, rows};
use shared::{Error, Result, message};

/// Finds the row of a path and a method.
///
/// # Errors
/// Names the nearest paths, or the methods there are.
pub(super) fn find(path: &str, method: Option<Method>) -> Result<&'static Row> {
    match (rows(path), method) {
        ([], _) => Err(unknown(path)),
        ([row], None) => Ok(row),
        (several, None) => Err(Error::invalid(
            "method",
            message!(
                "This path has several methods; send one of {}.",
                "该路径有多种请求方法，请指定其一：{}。",
                methods(several)
            ),
        )),
        (some, Some(method)) => some.iter().find(|row| row.method == method).ok_or_else(|| {
            Error::invalid(
                "method",
                message!(
                    "The method of this path is {}.",
                    "该路径的请求方法是 {}。",
                    methods(some)
                ),
            )
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
        [
            "This is not a path of WeChat's API. Send it as the documentation has it, without host and query.",
            "微信接口中没有该路径。请按文档填写，不含域名和查询参数。",
        ].into()
    } else {
        message!(
            "This is not a path of WeChat's API. The nearest are {}.",
            "微信接口中没有该路径，最接近的是 {}。",
            nearest.join(", ")
        )
    };
    Error::invalid("path", detail)
}

/// The three paths that the fewest edits lead to.
pub(super) fn nearest(path: &str) -> Vec<&'static str> {
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
