//! Time and turns: the clocks of an input, one alarm that can be set again, and a way to go on in a fresh task.
//!
//! All of it is found on the global object, so that it works in a worker and in a window. Background tabs are throttled
//! to a timer a second or less; that is why a wake-up carries no time of its own and the clock is read when it comes.

use crate::engine::Now;
use js_sys::{Date, Function, Reflect};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{MessageChannel, MessagePort, Performance};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &Function, ms: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(id: &JsValue);
}

/// The longest that one timer is set for, in milliseconds; an alarm further off rings early, and is set again.
const MAX_TIMER_MS: u64 = 3_600_000;

/// A property of the global object, `None` where it is missing.
pub(crate) fn global(name: &str) -> Option<JsValue> {
    let value = Reflect::get(&js_sys::global(), &JsValue::from_str(name)).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// Reads the two clocks of [`Now`].
#[derive(Debug)]
pub struct Clock {
    performance: Option<Performance>,
    latest: Cell<u64>,
}

impl Clock {
    /// The clocks of this scope.
    pub fn new() -> Self {
        Self { performance: global("performance").map(JsCast::unchecked_into), latest: Cell::new(0) }
    }

    /// The time. Where a scope has no `performance` the wall clock serves for both, held back from going back.
    pub fn now(&self) -> Now {
        let unix_ms = Date::now().max(0.0) as u64;
        let mono = self.performance.as_ref().map_or(unix_ms, |performance| performance.now().max(0.0) as u64);
        let mono_ms = mono.max(self.latest.get());
        self.latest.set(mono_ms);
        Now { mono_ms, unix_ms }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// One timer that rings at most once for each time it is set. Setting it again moves it; dropping it ends it.
pub struct Alarm {
    id: Rc<RefCell<Option<JsValue>>>,
    closure: Closure<dyn FnMut()>,
}

impl Alarm {
    /// An alarm that calls `ring`, not set yet.
    pub fn new(mut ring: impl FnMut() + 'static) -> Self {
        let id = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&id);
        let closure = Closure::new(move || {
            slot.borrow_mut().take();
            ring();
        });
        Self { id, closure }
    }

    /// Rings once in `ms` milliseconds, or after an hour if that is less.
    pub fn set(&self, ms: u64) {
        self.clear();
        let id = set_timeout(self.closure.as_ref().unchecked_ref(), ms.min(MAX_TIMER_MS) as i32);
        *self.id.borrow_mut() = Some(id);
    }

    /// Whether it is going to ring.
    pub fn is_set(&self) -> bool {
        self.id.borrow().is_some()
    }

    /// Not to ring.
    pub fn clear(&self) {
        if let Some(id) = self.id.borrow_mut().take() {
            clear_timeout(&id);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Calls a function in a task of its own, after whatever waits in the event loop, without a timer's least delay.
pub struct Turn {
    /// None in a scope without `MessageChannel`; a timer serves there.
    ports: Option<(MessagePort, MessagePort)>,
    timer: Alarm,
    pending: Rc<Cell<bool>>,
    _closure: Closure<dyn FnMut()>,
}

impl Turn {
    /// A turn that calls `go`.
    pub fn new(go: impl Fn() + 'static) -> Self {
        let pending = Rc::new(Cell::new(false));
        let flag = Rc::clone(&pending);
        let go = Rc::new(move || {
            flag.set(false);
            go();
        });
        let timer = Alarm::new({
            let go = Rc::clone(&go);
            move || go()
        });
        let closure: Closure<dyn FnMut()> = Closure::new(move || go());
        let ports = MessageChannel::new().ok().map(|channel| (channel.port1(), channel.port2()));
        if let Some((port, _)) = &ports {
            port.set_onmessage(Some(closure.as_ref().unchecked_ref()));
        }
        Self { ports, timer, pending, _closure: closure }
    }

    /// Asks for one call; asking again before it came changes nothing.
    pub fn schedule(&self) {
        if self.pending.replace(true) {
            return;
        }
        let posted = self.ports.as_ref().is_some_and(|(_, port)| port.post_message(&JsValue::NULL).is_ok());
        if !posted {
            self.timer.set(0);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some((receiver, sender)) = &self.ports {
            receiver.set_onmessage(None);
            receiver.close();
            sender.close();
        }
    }
}
