//! What of WeChat's API `api.call` may call here: for the console's form and the document.

use axum::Json;
use functions::api::{allow::Allow, instead};
use model::surface::{Area, ROWS, Row};
use serde_json::{Value, json};

/// Every row, as the form shows it.
pub(crate) fn rows(allow: &Allow) -> Json<Vec<Value>> {
    let show = |row: &Row| {
        let area = Area::ALL.iter().find(|(area, _)| *area == row.area).map(|(_, name)| name);
        let (input, output) = row.fields;
        json!({
            "path": row.path,
            "method": row.method.as_str(),
            "area": area,
            "query": row.query_names().collect::<Vec<_>>(),
            "fields": [input, output],
            "policy": row.policy.as_str(),
            "enabled": allow.enables(row),
            "operation": instead::operation(row.path),
        })
    };
    Json(ROWS.iter().map(show).collect())
}

/// The document with the paths that are enabled.
pub(crate) fn document(mut document: Value, allow: &Allow) -> Value {
    let mut enabled: Vec<&str> =
        ROWS.iter().filter(|row| allow.enables(row)).map(|row| row.path).collect();
    enabled.dedup();
    let path = document.pointer_mut(PATH);
    if let Some(path) = path
        && !enabled.is_empty()
    {
        path["enum"] = enabled.into();
    }
    document
}

/// Where the document has the path of `api.call`.
const PATH: &str = "/paths/~12015-03-31~1functions~1api-call~1invocations/post/requestBody/content/application~1json/schema/properties/path";

#[cfg(test)]
mod tests {
    use functions::REGISTRY;
    use shared::capability::Setting;

    use super::*;

    #[test]
    fn the_document_lists_the_enabled_paths() {
        let allow = <Allow as Setting>::parse(Some("/cgi-bin/menu/get,/cgi-bin/menu/create"));
        let whole = describe::openapi::document(&REGISTRY);
        let with = document(whole.clone(), &allow.unwrap());
        let listed = with.pointer(PATH).unwrap()["enum"].clone();
        assert_eq!(listed, json!(["/cgi-bin/menu/create", "/cgi-bin/menu/get"]));
        assert_eq!(document(whole.clone(), &Allow::default()), whole);
    }
}
