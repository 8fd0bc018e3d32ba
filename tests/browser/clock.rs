//! Time and turns.

use super::support::sleep;
use dash_spv_wasm::web::clock::{Alarm, Clock, Turn};
use js_sys::Reflect;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

fn counter() -> (Rc<Cell<u32>>, impl Fn() + 'static) {
    let count = Rc::new(Cell::new(0));
    let inner = Rc::clone(&count);
    (count, move || inner.set(inner.get() + 1))
}

#[wasm_bindgen_test]
async fn the_clock_goes_forward() {
    let clock = Clock::new();
    let before = clock.now();
    sleep(30).await;
    let after = clock.now();
    assert!(after.mono_ms >= before.mono_ms + 25, "{before:?} {after:?}");
    assert!(after.unix_ms > 1_700_000_000_000);
}

#[wasm_bindgen_test]
async fn an_alarm_rings_once_at_the_last_time_it_was_set_to() {
    let (count, ring) = counter();
    let alarm = Alarm::new(ring);
    alarm.set(5);
    alarm.set(60);
    assert!(alarm.is_set());
    sleep(25).await;
    assert_eq!(count.get(), 0);
    sleep(80).await;
    assert_eq!(count.get(), 1);
    assert!(!alarm.is_set());
    alarm.set(0);
    sleep(20).await;
    assert_eq!(count.get(), 2);
}

#[wasm_bindgen_test]
async fn an_alarm_that_was_cleared_or_dropped_does_not_ring() {
    let (count, ring) = counter();
    let alarm = Alarm::new(ring);
    alarm.set(5);
    alarm.clear();
    sleep(30).await;
    alarm.set(5);
    drop(alarm);
    sleep(30).await;
    assert_eq!(count.get(), 0);
}

#[wasm_bindgen_test]
async fn an_alarm_may_set_itself_again_as_it_rings() {
    let slot: Rc<std::cell::RefCell<Option<Alarm>>> = Rc::default();
    let (count, ring) = counter();
    let again = Rc::clone(&slot);
    *slot.borrow_mut() = Some(Alarm::new(move || {
        ring();
        if let Some(alarm) = &*again.borrow() {
            alarm.set(1);
        }
    }));
    if let Some(alarm) = &*slot.borrow() {
        alarm.set(1);
    }
    sleep(100).await;
    assert!(count.get() > 2, "{}", count.get());
    slot.borrow_mut().take();
    let rung = count.get();
    sleep(30).await;
    assert_eq!(count.get(), rung);
}

/// Takes names off the global object, as where a browser does not have them, until it is dropped.
struct Without(Vec<(&'static str, JsValue)>);

impl Without {
    fn new(names: &[&'static str]) -> Self {
        let scope = js_sys::global();
        Self(
            names
                .iter()
                .map(|&name| {
                    let value = Reflect::get(&scope, &name.into()).unwrap();
                    assert!(!value.is_undefined(), "{name} is not there in the first place");
                    Reflect::set(&scope, &name.into(), &JsValue::UNDEFINED).unwrap();
                    (name, value)
                })
                .collect(),
        )
    }
}

impl Drop for Without {
    fn drop(&mut self) {
        for (name, value) in &self.0 {
            Reflect::set(&js_sys::global(), &(*name).into(), value).unwrap();
        }
    }
}

#[wasm_bindgen_test]
async fn a_turn_comes_once_and_not_within_the_call() {
    for missing in [&[] as &[_], &["scheduler"], &["scheduler", "MessageChannel"]] {
        let (count, go) = counter();
        let without = Without::new(missing);
        let turn = Turn::new(go);
        drop(without);
        turn.schedule();
        turn.schedule();
        assert_eq!(count.get(), 0, "without {missing:?}");
        sleep(20).await;
        assert_eq!(count.get(), 1, "without {missing:?}");
        turn.schedule();
        sleep(20).await;
        assert_eq!(count.get(), 2, "without {missing:?}");
        turn.schedule();
        drop(turn);
        sleep(20).await;
        assert_eq!(count.get(), 2, "without {missing:?}");
    }
}
