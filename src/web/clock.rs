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

    /// The scope's `scheduler`.
    type Scheduler;
    #[wasm_bindgen(method, js_name = postTask)]
    fn post_task(this: &Scheduler, task: &JsValue);
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
    way: Way,
    pending: Rc<Cell<bool>>,
    /// What is called. Taken away only when the turn is dropped.
    task: Option<Closure<dyn FnMut()>>,
}

/// How a turn comes, the first of these that a scope has.
enum Way {
    /// The task is posted, which takes less than a message to oneself.
    Scheduler(Scheduler),
    /// A message goes from one port to the other.
    Message {
        receiver: MessagePort,
        sender: MessagePort,
    },
    Timer(Alarm),
}

impl Turn {
    /// A turn that calls `go`.
    pub fn new(go: impl Fn() + 'static) -> Self {
        let pending = Rc::new(Cell::new(false));
        let flag = Rc::downgrade(&pending);
        let go = Rc::new(move || {
            // Gone with the turn.
            if let Some(pending) = flag.upgrade() {
                pending.set(false);
                go();
            }
        });
        let task: Closure<dyn FnMut()> = Closure::new({
            let go = Rc::clone(&go);
            move || go()
        });
        let scheduler = global("scheduler").filter(|it| has_method(it, "postTask"));
        let way = if let Some(scheduler) = scheduler {
            Way::Scheduler(scheduler.unchecked_into())
        } else if let Ok(channel) = MessageChannel::new() {
            let (receiver, sender) = (channel.port1(), channel.port2());
            receiver.set_onmessage(Some(task.as_ref().unchecked_ref()));
            Way::Message { receiver, sender }
        } else {
            Way::Timer(Alarm::new(move || go()))
        };
        Self { way, pending, task: Some(task) }
    }

    /// Asks for one call; asking again before it came changes nothing.
    pub fn schedule(&self) {
        let Some(task) = self.task.as_ref().filter(|_| !self.pending.replace(true)) else { return };
        match &self.way {
            Way::Scheduler(scheduler) => scheduler.post_task(task.as_ref()),
            Way::Message { sender, .. } => {
                // Only what cannot be cloned is refused, and that is not sent.
                let _ = sender.post_message(&JsValue::NULL);
            }
            Way::Timer(alarm) => alarm.set(0),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        match &self.way {
            // A task that was posted comes still, and does nothing; it must be there until then.
            Way::Scheduler(_) if self.pending.get() => {
                if let Some(task) = self.task.take() {
                    task.forget();
                }
            }
            Way::Message { receiver, sender } => {
                receiver.set_onmessage(None);
                receiver.close();
                sender.close();
            }
            Way::Scheduler(_) | Way::Timer(_) => {}
        }
    }
}

fn has_method(object: &JsValue, name: &str) -> bool {
    Reflect::get(object, &JsValue::from_str(name)).is_ok_and(|method| method.is_function())
}
