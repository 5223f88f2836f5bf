//! WeChat's XML as JSON: elements become members, repeated ones arrays, leaves text.
//!
//! What WeChat never sends is refused: a DOCTYPE, entities of one's own, processing instructions,
//! depth. Attributes and comments are skipped.

use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};
use serde_json::{Map, Value};

/// The deepest message of WeChat's has 6 levels.
pub(super) const DEPTH: usize = 16;

/// More elements than any message of WeChat's has.
const ELEMENTS: usize = 10_000;

/// An element that is still open.
#[derive(Default)]
struct Open {
    name: String,
    text: String,
    members: Map<String, Value>,
}

impl Open {
    fn add(&mut self, name: String, value: Value) {
        match self.members.entry(name) {
            serde_json::map::Entry::Vacant(entry) => {
                entry.insert(value);
            }
            // An element is an object or text: an array is always one of repeated elements.
            serde_json::map::Entry::Occupied(mut entry) => match entry.get_mut() {
                Value::Array(values) => values.push(value),
                first => *first = Value::Array(vec![first.take(), value]),
            },
        }
    }

    /// Text beside elements is the line breaks WeChat puts between them.
    fn close(self) -> Value {
        if self.members.is_empty() { Value::String(self.text) } else { Value::Object(self.members) }
    }
}

/// Reads a document; `None` if it is not well-formed or breaks a limit.
pub(super) fn read(text: &str) -> Option<Value> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut elements = 0;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                elements += 1;
                // One root, and a bound on what is kept.
                if root.is_some() || open.len() == DEPTH || elements > ELEMENTS {
                    return None;
                }
                let name = start.name().as_ref().to_owned();
                open.push(Open { name, ..Open::default() });
            }
            Event::End(_) => {
                let mut closed = open.pop()?;
                let name = std::mem::take(&mut closed.name);
                let value = closed.close();
                match open.last_mut() {
                    Some(parent) => parent.add(name, value),
                    None => root = Some(value),
                }
            }
            Event::Text(text) => match open.last_mut() {
                Some(element) => element.text.push_str(&text.into_inner()),
                None if text.trim_ascii().is_empty() => {}
                None => return None,
            },
            Event::CData(data) => open.last_mut()?.text.push_str(&data.into_inner()),
            Event::GeneralRef(reference) => {
                let text = &mut open.last_mut()?.text;
                match reference.resolve_char_ref().ok()? {
                    Some(character) => text.push(character),
                    None => text.push_str(resolve_predefined_entity(&reference)?),
                }
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Empty(_) | Event::DocType(_) | Event::PI(_) => return None,
            Event::Eof => return open.is_empty().then_some(root).flatten(),
        }
    }
}
