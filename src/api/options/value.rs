//! Plain data of unknown shape, and a reader of it that knows where it is.
//!
//! The tree is at most [`MAX_DEPTH`] deep, so that an object that holds itself ends; its size is that of what the page
//! handed over.

use crate::api::ApiError;
use crate::collections::{Gather, SortedMap};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The deepest nesting that any option has, with room to spare.
pub const MAX_DEPTH: usize = 8;
/// The longest list and the largest object that any option has, with room to spare.
pub const MAX_ITEMS: usize = 4_096;

/// What `JSON.stringify` would have written, and a mark for everything that it would not.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null` or `undefined`: as good as not given.
    Null,
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// A plain object.
    Map(SortedMap<String, Value>),
    /// Something that is no plain data, as bytes or a symbol, or is nested too deeply.
    Other,
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Flag(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Map(_) => "an object",
            Self::Other => "something else",
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Depth(0).deserialize(deserializer)
    }
}

/// Reads a value at a depth.
struct Depth(usize);

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.0 > MAX_DEPTH {
            serde::de::IgnoredAny::deserialize(deserializer)?;
            return Ok(Value::Other);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("plain data")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Depth(self.0 + 1))? {
            list.push(item);
            if list.len() > MAX_ITEMS {
                return Err(serde::de::Error::custom("an array has too many items"));
            }
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = SortedMap::new();
        while let Some(key) = entries.next_key::<String>()? {
            // A function or a symbol has no reading: it is marked, so that the option that holds it can be named.
            let value = entries.next_value_seed(Depth(self.0 + 1)).unwrap_or(Value::Other);
            map.insert(key, value);
            if map.len() > MAX_ITEMS {
                return Err(serde::de::Error::custom("an object has too many fields"));
            }
        }
        Ok(Value::Map(map))
    }
}

/// A value and the path that leads to it.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    path: String,
    value: &'a Value,
    is_root: bool,
}

impl<'a> Node<'a> {
    /// The whole: its name is used only where the whole itself is wrong.
    pub(super) fn root(name: &str, value: &'a Value) -> Self {
        Self { path: name.to_owned(), value, is_root: name == "options" }
    }

    /// `bad-input` for this value.
    pub(super) fn bad(&self, why: &str) -> ApiError {
        ApiError::bad_option(&self.path, why)
    }

    fn mismatch(&self, wanted: &str) -> ApiError {
        self.bad(&format!("must be {wanted}, not {}", self.value.kind()))
    }

    pub(super) fn text(&self) -> Result<&'a str, ApiError> {
        match self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.mismatch("a string")),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, ApiError> {
        match self.value {
            Value::Flag(flag) => Ok(*flag),
            _ => Err(self.mismatch("true or false")),
        }
    }

    pub(super) fn number(&self) -> Result<f64, ApiError> {
        match self.value {
            Value::Number(number) if number.is_finite() => Ok(*number),
            Value::Number(_) => Err(self.bad("must be a finite number")),
            _ => Err(self.mismatch("a number")),
        }
    }

    /// A whole number from 0 to 2^53 - 1.
    pub(super) fn whole(&self) -> Result<u64, ApiError> {
        const MAX: f64 = 9_007_199_254_740_991.0;
        let number = self.number()?;
        if number.fract() != 0.0 || !(0.0..=MAX).contains(&number) {
            return Err(self.bad("must be a whole number from 0"));
        }
        Ok(number as u64)
    }

    pub(super) fn integer(&self, min: u32, max: u32) -> Result<u32, ApiError> {
        let number = self.number()?;
        if number.fract() != 0.0 || !(f64::from(min)..=f64::from(max)).contains(&number) {
            return Err(self.bad(&format!("must be a whole number from {min} to {max}")));
        }
        Ok(number as u32)
    }

    pub(super) fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, ApiError> {
        let text = self.text()?;
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, choice)) => Ok(*choice),
            None => {
                let names: Vec<_> = choices.iter().map(|(name, _)| format!("'{name}'")).gather();
                Err(self.bad(&format!("must be one of {}", names.join(", "))))
            }
        }
    }

    pub(super) fn list(&self, min: usize, max: usize) -> Result<Vec<Node<'a>>, ApiError> {
        let Value::List(items) = self.value else { return Err(self.mismatch("an array")) };
        if !(min..=max).contains(&items.len()) {
            return Err(self.bad(&format!("must have {min} to {max} items")));
        }
        let node = |(index, value)| Node { path: format!("{}[{index}]", self.path), value, is_root: false };
        Ok(items.iter().enumerate().map(node).gather())
    }

    pub(super) fn fields(&self) -> Result<Fields<'a>, ApiError> {
        let Value::Map(map) = self.value else { return Err(self.mismatch("an object")) };
        let prefix = if self.is_root { String::new() } else { format!("{}.", self.path) };
        let left = map.iter().filter(|(_, value)| **value != Value::Null);
        Ok(Fields { prefix, left: left.map(|(name, value)| (name.as_str(), value)).collect() })
    }
}

/// The fields of an object that were not read yet. A field that holds nothing counts as absent.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    prefix: String,
    left: SortedMap<&'a str, &'a Value>,
}

impl<'a> Fields<'a> {
    fn node(&self, name: &str, value: &'a Value) -> Node<'a> {
        Node { path: format!("{}{name}", self.prefix), value, is_root: false }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Node<'a>> {
        let value = self.left.remove(name)?;
        Some(self.node(name, value))
    }

    pub(super) fn require(&mut self, name: &str) -> Result<Node<'a>, ApiError> {
        let path = format!("{}{name}", self.prefix);
        self.take(name).ok_or_else(|| ApiError::bad_option(&path, "is required"))
    }

    /// An object of further options; one without fields where it is not given.
    pub(super) fn group(&mut self, name: &str) -> Result<Fields<'a>, ApiError> {
        match self.take(name) {
            Some(node) => node.fields(),
            None => Ok(Fields { prefix: format!("{}{name}.", self.prefix), left: SortedMap::new() }),
        }
    }

    /// Every field that was not read, for objects whose keys are data.
    pub(super) fn drain(&mut self) -> Vec<(&'a str, Node<'a>)> {
        let left = std::mem::take(&mut self.left);
        left.into_iter().map(|(name, value)| (name, self.node(name, value))).gather()
    }

    /// Refuses a field that was not read.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        match self.left.keys().next() {
            Some(name) => Err(ApiError::bad_option(&format!("{}{name}", self.prefix), "is not known")),
            None => Ok(()),
        }
    }
}
