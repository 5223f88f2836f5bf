//! Log lines for a person: what the JSON of a line says, in one short line.

use serde_json::Value;

const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const GREEN: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";

/// A line of the log as a person reads it; `None` for those that tell a person nothing.
pub fn readable(line: &str, colors: bool) -> Option<String> {
    let fields: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| fields[name].as_str().unwrap_or_default();
    let operation = match (text("operation"), text("message")) {
        ("", "metrics") => return None,
        ("", _) => text("function_name"),
        (operation, _) => operation,
    };
    let paint = |color: &'static str| if colors { (color, PLAIN) } else { ("", "") };
    let color = match text("level") {
        "ERROR" => RED,
        "WARN" => YELLOW,
        _ => GREEN,
    };
    let ((on, off), (dim, bright)) = (paint(color), paint(DIM));
    // 2026-11-20T15:02:00.468Z
    let time = text("timestamp").get(11..19).unwrap_or_default();
    let what = match &fields["report"]["credentials"] {
        Value::Array(credentials) => refreshed(credentials)?,
        _ => request(&fields),
    };
    Some(format!("{dim}{time}{bright}  {operation:<28} {on}{what}{off}"))
}

/// `200  3 ms`, `400  3 ms  invalid-code  errcode 40029`.
fn request(fields: &Value) -> String {
    let mut words = Vec::new();
    match fields["status"].as_u64() {
        Some(status) => words.push(status.to_string()),
        None => words.push(fields["message"].as_str().unwrap_or_default().to_owned()),
    }
    if let Some(took) = fields["duration_ms"].as_u64() {
        words.push(format!("{took} ms"));
    }
    if let Some(problem) = fields["problem"].as_str() {
        words.push(problem.to_owned());
    }
    if let Some(errcode) = fields["errcode"].as_i64() {
        words.push(format!("errcode {errcode}"));
    }
    if let Some(cause) = fields["cause"].as_str() {
        words.push(cause.to_owned());
    }
    words.join("  ")
}

/// What a run changed or could not change; a run that found everything fresh tells nothing.
fn refreshed(credentials: &[Value]) -> Option<String> {
    let told = credentials.iter().filter(|credential| credential["state"] != "fresh");
    let (renewed, told): (Vec<_>, Vec<_>) =
        told.partition(|credential| credential["state"] == "renewed");
    // All of them at the start; one now and then later.
    if renewed.len() > 2 && told.is_empty() {
        return Some(format!("renewed {} credentials", renewed.len()));
    }
    let told: Vec<String> = renewed
        .into_iter()
        .chain(told)
        .map(|credential| {
            let text = |name: &str| credential[name].as_str().unwrap_or_default();
            let message = match text("message") {
                "" => String::new(),
                message => format!(": {message}"),
            };
            let (state, kind, appid) =
                (text("state").replace('_', " "), text("kind"), text("appid"));
            format!("{state} {kind} of {appid}{message}")
        })
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_short_and_says_what_went_wrong() {
        let line = json!({
            "timestamp": "2026-11-20T15:02:00.468Z", "level": "WARN", "message": "refused",
            "operation": "auth.code2Session", "status": 400, "duration_ms": 3,
            "problem": "invalid-code", "errcode": 40029, "function_request_id": "8f0c1a52",
        });
        let plain = readable(&line.to_string(), false).unwrap();
        assert_eq!(
            plain,
            "15:02:00  auth.code2Session            400  3 ms  invalid-code  errcode 40029"
        );
        let colored = readable(&line.to_string(), true).unwrap();
        assert!(colored.contains("\x1b[33m400") && colored.ends_with(PLAIN));
    }

    #[test]
    fn a_quiet_minute_is_quiet() {
        let tick = |state| {
            let entry = json!({ "appid": "wx1", "kind": "access_token", "state": state });
            json!({
                "timestamp": "2026-11-20T15:02:00Z", "operation": "refresh-credentials",
                "report": { "credentials": [entry] },
            })
            .to_string()
        };
        assert_eq!(readable(&tick("fresh"), false), None);
        let renewed = readable(&tick("renewed"), false).unwrap();
        assert!(renewed.ends_with("renewed access_token of wx1"), "{renewed}");
        assert_eq!(readable(r#"{"message":"metrics"}"#, false), None);
    }
}
