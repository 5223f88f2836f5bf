//! One member of an input as it arrived, and how it becomes a typed value.

use std::{collections::BTreeMap, mem, slice};

use bytes::Bytes;
use serde::{
    de::{
        Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value, value::RawValue};

use crate::piece::Piece;

/// A member: what JSON has types for, what a query and a form have as text, and a file's bytes.
#[derive(Clone, Debug)]
pub(super) enum Member {
    /// A JSON value as it was written, which is known to be valid.
    Json(Box<RawValue>),
    /// The values of one name in a query or a form.
    Texts(Vec<String>),
    /// A file.
    File(Bytes),
}

impl Member {
    /// What it says, for a type to read; a file is taken out.
    pub(super) fn given(&mut self) -> Given<'_> {
        match self {
            Member::Json(value) => Given::Json(value),
            Member::Texts(texts) => Given::Texts(texts),
            Member::File(bytes) => Given::File(mem::take(bytes)),
        }
    }
}

/// What a member, or a value inside of one, says. Its structs are objects: what serde derives would
/// also take an array for a struct, its members in the order of the source, and that order could
/// never be changed.
pub(super) enum Given<'a> {
    Json(&'a RawValue),
    Texts(&'a [String]),
    File(Bytes),
}

/// The one text of a query's name; the last, should it stand there several times.
fn text(texts: &[String]) -> &str {
    texts.last().map_or("", String::as_str)
}

/// serde_json's own reader.
fn reader(value: &RawValue) -> serde_json::Deserializer<serde_json::de::StrRead<'_>> {
    serde_json::Deserializer::from_str(value.get())
}

/// Whether Rust's numbers hold this one and write it again as it was.
fn is_held(number: &str) -> bool {
    number.parse::<u64>().is_ok()
        || number.parse::<i64>().is_ok()
        || number.parse::<f64>().is_ok_and(|float| float.abs() < 9e15)
}

/// Numbers and booleans are digits and words in a query.
macro_rules! deserialize_parsed {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self {
                Given::Texts(texts) => {
                    let text = text(texts);
                    match text.parse::<$type>() {
                        Ok(value) => visitor.$visit(value),
                        Err(_) => Err(Error::invalid_type(Unexpected::Str(text), &visitor)),
                    }
                }
                Given::Json(value) => reader(value).deserialize_any(visitor),
                given => given.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Given<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Given::Json(value) => match value.get().as_bytes() {
                [b'[', ..] => {
                    let items: Vec<&RawValue> = serde_json::from_str(value.get())?;
                    let mut items = SeqDeserializer::new(items.into_iter().map(Given::Json));
                    let value = visitor.visit_seq(&mut items)?;
                    items.end()?;
                    Ok(value)
                }
                [b'{', ..] => {
                    let members: BTreeMap<Piece<'_>, &RawValue> =
                        serde_json::from_str(value.get())?;
                    let members =
                        members.into_iter().map(|(name, value)| (name.0, Given::Json(value)));
                    let mut members = MapDeserializer::new(members);
                    let value = visitor.visit_map(&mut members)?;
                    members.end()?;
                    Ok(value)
                }
                [b'-' | b'0'..=b'9', ..] if !is_held(value.get()) => {
                    visitor.visit_string(value.get().to_owned())
                }
                _ => reader(value).deserialize_any(visitor),
            },
            Given::Texts(texts) => visitor.visit_borrowed_str(text(texts)),
            Given::File(bytes) => visitor.visit_byte_buf(bytes.into()),
        }
    }

    /// A number that arrives as its digits is not a text where only a text will do.
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self {
            Given::Json(value) if !value.get().starts_with(['"', '[', '{']) => {
                reader(value).deserialize_any(visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    deserialize_parsed! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_f64 visit_f64 f64,
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Given::Json(value) if value.get().starts_with('[') => {
                Err(Error::invalid_type(Unexpected::Seq, &visitor))
            }
            given => given.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self {
            Given::Json(value) if value.get() == "null" => visitor.visit_none(),
            // `name=` in a query leaves the value out.
            Given::Texts(texts) if texts.iter().all(String::is_empty) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Given::Texts(texts) => {
                let texts = texts.iter().map(|text| Given::Texts(slice::from_ref(text)));
                visitor.visit_seq(SeqDeserializer::new(texts))
            }
            given => given.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            // What `RawValue` calls itself: it takes the text as it is.
            Given::Json(value) if name == "$serde_json::private::RawValue" => {
                reader(value).deserialize_newtype_struct(name, visitor)
            }
            given => visitor.visit_newtype_struct(given),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Given::Json(value) => serde_json::from_str::<Value>(value.get())?
                .deserialize_enum(name, variants, visitor),
            Given::Texts(texts) => {
                Value::from(text(texts)).deserialize_enum(name, variants, visitor)
            }
            Given::File(_) => Err(Error::custom("invalid type: a file, expected a name")),
        }
    }

    forward_to_deserialize_any! {
        f32 i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct map
        identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Given<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
