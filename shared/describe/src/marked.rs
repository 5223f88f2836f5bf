//! Derived parts of files that people write: they stand between two marks.

use std::io;

/// A part of a file.
pub(crate) struct Part {
    /// The line before it.
    pub(crate) begin: String,
    /// The line after it.
    pub(crate) end: String,
    /// What stands between them.
    pub(crate) text: String,
}

impl Part {
    /// A part of a Markdown file.
    pub(crate) fn of_markdown(name: &str, text: String) -> Part {
        Part { begin: format!("<!-- {name} -->"), end: format!("<!-- /{name} -->"), text }
    }

    /// A part of a YAML file.
    pub(crate) fn of_yaml(name: &str, text: String) -> Part {
        Part { begin: format!("# begin {name}"), end: format!("# end {name}"), text }
    }
}

/// Puts the parts into a file's text.
///
/// # Errors
/// The file lacks a mark.
pub(crate) fn replace(path: &str, mut text: String, parts: &[Part]) -> io::Result<String> {
    for part in parts {
        let find = |mark: &str, from: usize| {
            let at = text[from..].find(&format!("{mark}\n")).map(|at| from + at);
            at.ok_or_else(|| io::Error::other(format!("{path} has no line `{mark}`")))
        };
        let begin = find(&part.begin, 0)? + part.begin.len() + 1;
        let end = find(&part.end, begin)?;
        let end = text[..end].rfind('\n').map_or(0, |newline| newline + 1);
        text.replace_range(begin..end, &part.text);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_marks_is_replaced_and_nothing_else() {
        let text = "a\n  # begin x\n  old\n  # end x\nz\n".to_owned();
        let replaced = replace("f", text, &[Part::of_yaml("x", "  new\n".into())]).unwrap();
        assert_eq!(replaced, "a\n  # begin x\n  new\n  # end x\nz\n");
        let empty = replace("f", replaced, &[Part::of_yaml("x", String::new())]).unwrap();
        assert_eq!(empty, "a\n  # begin x\n  # end x\nz\n");
        let error = replace("f", empty, &[Part::of_markdown("x", String::new())]).unwrap_err();
        assert_eq!(error.to_string(), "f has no line `<!-- x -->`");
    }
}
