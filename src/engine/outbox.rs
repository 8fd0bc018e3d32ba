//! The effects that wait to be polled, and the log's front door.

use super::{Effect, Now};
use crate::api::{Event, LogLevel, LogRecord, LogValue};
use std::collections::VecDeque;

/// Collects effects in order. Not bounded by itself: each step of the engine adds a bounded number, and a driver polls
/// until none is left before it hands in the next input.
#[derive(Debug)]
pub struct Outbox {
    effects: VecDeque<Effect>,
    log_level: LogLevel,
}

impl Outbox {
    pub(crate) fn new(log_level: LogLevel) -> Self {
        Self { effects: VecDeque::new(), log_level }
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(crate) fn pop(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.effects.is_empty()
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.push(Effect::Emit(event));
    }

    /// Writes a log line if its level is wanted; `fields` are the values that the message leaves out.
    pub(crate) fn log<const N: usize>(
        &mut self,
        now: Now,
        level: LogLevel,
        target: &str,
        message: &str,
        fields: [(&str, LogValue); N],
    ) {
        if level > self.log_level {
            return;
        }
        self.push(Effect::Log(LogRecord {
            level,
            target: target.to_owned(),
            message: message.to_owned(),
            at: now.unix_ms as f64,
            fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }));
    }
}

impl From<&str> for LogValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for LogValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for LogValue {
    fn from(number: u32) -> Self {
        Self::Number(f64::from(number))
    }
}

impl From<u64> for LogValue {
    fn from(number: u64) -> Self {
        Self::Number(number as f64)
    }
}

impl From<usize> for LogValue {
    fn from(number: usize) -> Self {
        Self::Number(number as f64)
    }
}

impl From<bool> for LogValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}
