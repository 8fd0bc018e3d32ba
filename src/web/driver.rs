//! The loop between the engine and the browser.
//!
//! Inputs wait in a queue; whoever adds one runs the loop unless it runs already. In the loop the engine is borrowed to
//! handle one input and to be polled, and is free again before the effects are carried out.

use super::calls::Calls;
use super::clock::{Alarm, Clock, global};
use super::host::{self, Host, to_js};
use super::socket::{Sink, Sockets, Target};
use super::storage::Storage;
use super::workers::Pool;
use crate::api::options::Options;
use crate::api::{ApiError, ErrorCode, Metrics, Reply};
use crate::collections::Gather;
use crate::engine::{CallId, Command, Effect, Engine, Input};
use futures::channel::oneshot;
use futures::future::select;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Function, Promise, Reflect};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// How long closing waits for the last commits.
const CLOSE_MS: u32 = 10_000;

/// The driver's own call; JavaScript's ids are below 2^53.
const CLOSE: CallId = CallId(u64::MAX);

/// A page of wasm memory.
const WASM_PAGE: usize = 65_536;

/// One client at work.
pub(crate) struct Driver {
    engine: RefCell<Engine>,
    inputs: RefCell<VecDeque<Input>>,
    pumping: Cell<bool>,
    closed: Cell<bool>,
    options: Options,
    host: Host,
    clock: Clock,
    wake: Alarm,
    sockets: Sockets,
    storage: Rc<Storage>,
    pool: Rc<Pool>,
    /// Calls in flight.
    pub(crate) calls: Calls,
    closing: RefCell<Option<oneshot::Sender<()>>>,
}

impl Driver {
    /// Puts the parts together; nothing happens before [`Driver::start`].
    pub(crate) fn new(
        options: Options,
        host: Host,
        seed: u64,
        workers: u32,
        storage: impl FnOnce(Sink) -> Rc<Storage>,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let weak = this.clone();
            let sink: Sink = Rc::new(move |input| {
                if let Some(driver) = weak.upgrade() {
                    driver.push(input);
                }
            });
            let tick = Rc::clone(&sink);
            let storage = storage(Rc::clone(&sink));
            Self {
                engine: RefCell::new(Engine::new(options.config(storage.is_persistent(), seed))),
                inputs: RefCell::default(),
                pumping: Cell::new(false),
                closed: Cell::new(false),
                clock: Clock::new(),
                wake: Alarm::new(move || tick(Input::Tick)),
                sockets: Sockets::new(Rc::clone(&sink)),
                pool: Pool::new(workers, host.clone(), sink),
                storage,
                options,
                host,
                calls: Calls::default(),
                closing: RefCell::default(),
            }
        })
    }

    /// Carries out what the engine wants first.
    pub(crate) fn start(&self) {
        self.push(Input::Tick);
    }

    /// Tells the engine of something, now or as soon as it is free.
    pub(crate) fn push(&self, input: Input) {
        if self.closed.get() {
            return;
        }
        self.inputs.borrow_mut().push_back(input);
        if self.pumping.replace(true) {
            return;
        }
        loop {
            let next = self.inputs.borrow_mut().pop_front();
            let Some(input) = next else { break };
            for effect in self.step(input) {
                self.carry_out(effect);
            }
        }
        self.pumping.set(false);
    }

    fn step(&self, input: Input) -> Vec<Effect> {
        let mut engine = self.engine.borrow_mut();
        let now = self.clock.now();
        engine.handle(input, now);
        std::iter::from_fn(|| engine.poll(now)).gather()
    }

    fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::Connect { conn, bridge, address, services } => {
                let Some(bridge) = self.options.bridges.get(bridge) else { return };
                let target =
                    Target { network: &self.options.params.name, address: address.as_deref(), services };
                self.sockets.connect(conn, bridge, target);
            }
            Effect::Disconnect { conn } => self.sockets.disconnect(conn),
            Effect::Send { conn, bytes } => self.sockets.send(conn, &bytes),
            Effect::Commit { commit, batch } => self.storage.commit(commit, batch),
            Effect::Read { read, request } => self.storage.read(read, request),
            Effect::Compute { job, work } => self.pool.submit(job, work),
            Effect::Emit(event) => host::report(self.host.event(&to_js(&event))),
            Effect::Log(record) => host::report(self.host.log(&to_js(&record))),
            Effect::Reply { call, result } => self.reply(call, result),
            Effect::WakeAt(at) => self.wake.set(at.saturating_sub(self.clock.now().mono_ms)),
        }
    }

    fn reply(&self, call: CallId, result: Result<Reply, ApiError>) {
        if call == CLOSE {
            if let Some(closing) = self.closing.borrow_mut().take() {
                // Closing may have stopped to wait.
                let _ = closing.send(());
            }
            return;
        }
        match result {
            Ok(Reply::Metrics(metrics)) => self.reply_metrics(call, metrics),
            Ok(Reply::Done) => self.calls.finish(call, Ok(JsValue::UNDEFINED)),
            Ok(reply) => self.calls.finish(call, Ok(to_js(&reply))),
            Err(error) => self.calls.finish(call, Err(error)),
        }
    }

    /// Adds what only the browser knows.
    fn reply_metrics(&self, call: CallId, mut metrics: Metrics) {
        metrics.wasm_heap_bytes = (core::arch::wasm32::memory_size(0) * WASM_PAGE) as f64;
        metrics.compute_workers = self.pool.workers();
        let estimate = if self.storage.is_persistent() { storage_estimate() } else { None };
        let Some(estimate) = estimate else {
            metrics.storage_bytes = None;
            return self.calls.finish(call, Ok(to_js(&Reply::Metrics(metrics))));
        };
        let calls = self.calls.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let estimate = JsFuture::from(estimate).await.ok();
            metrics.storage_bytes =
                estimate.and_then(|estimate| Reflect::get(&estimate, &"usage".into()).ok()?.as_f64());
            calls.finish(call, Ok(to_js(&Reply::Metrics(metrics))));
        });
    }

    /// Stops: the engine finishes writing, then everything is let go of. Calls in flight are rejected.
    pub(crate) async fn close(&self) {
        let (sender, closed) = oneshot::channel();
        *self.closing.borrow_mut() = Some(sender);
        self.push(Input::Command { call: CLOSE, command: Command::Close });
        select(closed, TimeoutFuture::new(CLOSE_MS)).await;
        self.stop();
    }

    fn stop(&self) {
        self.closed.set(true);
        self.wake.clear();
        self.sockets.disconnect_all();
        self.pool.close();
        self.storage.close();
        self.calls.fail_all(&ApiError::new(ErrorCode::Closed, "the client is closed"));
        host::unwatch(&self.host);
    }

    /// Whether [`Driver::close`] is done.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The promise of what this origin stores, where the browser tells.
fn storage_estimate() -> Option<Promise> {
    let storage = Reflect::get(&global("navigator")?, &"storage".into()).ok()?;
    let estimate: Function = Reflect::get(&storage, &"estimate".into()).ok()?.dyn_into().ok()?;
    estimate.call0(&storage).ok()?.dyn_into().ok()
}
