//! The compute pool: jobs for other cores, and for the engine's own thread when there are none or they are busy.
//!
//! Each worker has a few jobs at most ([`PER_WORKER`]), so that it never waits and little is lost with it. What the
//! workers have no room for the engine's thread takes, one job a turn of the event loop, and of headers to hash a part of
//! a job, so that sockets are served in between. Compressed messages, which take long, are left to workers where there
//! are any. A worker that breaks, or that keeps a job longer than [`JOB_MS`], is replaced once, and its jobs are given out
//! again. The job it broke over goes to another worker, never to the engine's thread, and is answered `Failed` when that
//! breaks too or there is none. How many jobs wait is bounded by the engine, which has only so many in flight.

use super::buffers::Buffers;
use super::clock::{Alarm, Clock, Turn};
use super::host::Host;
use super::socket::Sink;
use super::wire;
use crate::chain::pow;
use crate::compute;
use crate::engine::{ComputeReply, ComputeWork, Input, JobId};
use dash_protocol::{BlockHash, Header};
use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent, Worker};

/// Jobs given to a worker at a time: one to work on, one to go on with.
pub const PER_WORKER: usize = 2;
/// The longest that a worker may keep a job. The largest one takes a tenth of a second.
pub const JOB_MS: u64 = 20_000;
/// Headers that the engine's thread hashes in a turn, a quarter of a job's: a message that arrives waits for these at
/// most, some five milliseconds, before the next request can follow it.
const TURN_HEADERS: usize = 504;
/// How many workers may break over a job.
const MAX_BREAKS: u8 = 2;

/// A job and its way so far.
struct Job {
    id: JobId,
    work: ComputeWork,
    breaks: u8,
}

/// One worker and what it was given.
struct Slot {
    worker: Worker,
    /// It said that it is ready.
    ready: bool,
    /// It took the place of one that broke.
    second: bool,
    given: Vec<(Job, u64)>,
    since: u64,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

/// Headers that the engine's thread is hashing.
struct Hashing {
    job: JobId,
    raw: Vec<u8>,
    /// Those that it has.
    hashes: Vec<BlockHash>,
}

struct State {
    slots: Vec<Option<Slot>>,
    queue: VecDeque<Job>,
    /// What the engine's thread works on in turns.
    hashing: Option<Hashing>,
    closed: bool,
}

/// The compute pool of one client.
pub struct Pool {
    state: RefCell<State>,
    buffers: Buffers,
    this: Weak<Pool>,
    host: Host,
    clock: Clock,
    sink: Sink,
    turn: Turn,
    watch: Alarm,
}

impl Pool {
    /// A pool of so many workers, as far as the host has them.
    pub fn new(size: u32, host: Host, sink: Sink) -> Rc<Self> {
        let pool = Rc::new_cyclic(|this: &Weak<Self>| {
            let call = |act: fn(&Self)| {
                let this = this.clone();
                move || {
                    if let Some(pool) = this.upgrade() {
                        act(&pool);
                    }
                }
            };
            Self {
                state: RefCell::new(State {
                    slots: Vec::new(),
                    queue: VecDeque::new(),
                    hashing: None,
                    closed: false,
                }),
                buffers: Buffers::default(),
                this: this.clone(),
                host,
                clock: Clock::new(),
                sink,
                turn: Turn::new(call(Self::help)),
                watch: Alarm::new(call(Self::check)),
            }
        });
        for index in 0..size as usize {
            let slot = pool.spawn(index, false);
            pool.state.borrow_mut().slots.push(slot);
        }
        pool
    }

    /// Takes a job; answered by `Computed`.
    pub fn submit(&self, id: JobId, work: ComputeWork) {
        let mut state = self.state.borrow_mut();
        if state.closed {
            return;
        }
        state.queue.push_back(Job { id, work, breaks: 0 });
        drop(state);
        self.dispatch();
    }

    /// How many workers are at hand.
    pub fn workers(&self) -> u32 {
        self.state.borrow().slots.iter().flatten().count() as u32
    }

    /// Ends all workers and forgets all jobs.
    pub fn close(&self) {
        let mut state = self.state.borrow_mut();
        state.closed = true;
        state.queue.clear();
        state.hashing = None;
        let slots = std::mem::take(&mut state.slots);
        drop(state);
        self.watch.clear();
        slots.into_iter().flatten().for_each(end);
    }

    fn spawn(&self, index: usize, second: bool) -> Option<Slot> {
        let worker = self.host.compute_worker().ok().flatten()?;
        let pool = self.this.clone();
        let from = worker.clone();
        let on_message = Closure::new(move |event: MessageEvent| {
            if let Some(pool) = pool.upgrade() {
                pool.heard(index, &from, &event.data());
            }
        });
        let pool = self.this.clone();
        let from = worker.clone();
        let on_error = Closure::new(move |event: Event| {
            // What is dealt with here must not go on to the page as an error of the engine's own worker.
            event.prevent_default();
            if let Some(pool) = pool.upgrade() {
                pool.broken(index, &from, None);
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(on_error.as_ref().unchecked_ref()));
        let since = self.clock.now().mono_ms;
        self.watch_over();
        Some(Slot {
            worker,
            ready: false,
            second,
            given: Vec::new(),
            since,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// Gives waiting jobs to workers with room, the least busy first, and asks for a turn for what is left.
    fn dispatch(&self) {
        let mut broken = Vec::new();
        let mut state = self.state.borrow_mut();
        let State { slots, queue, .. } = &mut *state;
        let most = if slots.iter().any(Option::is_some) { MAX_BREAKS } else { 1 };
        let given_up: Vec<JobId> = queue.iter().filter(|job| job.breaks >= most).map(|job| job.id).collect();
        queue.retain(|job| job.breaks < most);
        while !queue.is_empty() {
            let free = slots
                .iter_mut()
                .enumerate()
                .filter_map(|(index, slot)| Some((index, slot.as_mut()?)))
                .filter(|(index, slot)| {
                    slot.ready && slot.given.len() < PER_WORKER && !broken.iter().any(|(at, _)| at == index)
                })
                .min_by_key(|(_, slot)| slot.given.len());
            let Some((index, slot)) = free else { break };
            let Some(job) = queue.pop_front() else { break };
            let posted = self.post(&slot.worker, &job);
            slot.given.push((job, self.clock.now().mono_ms));
            if posted.is_err() {
                broken.push((index, slot.worker.clone()));
            }
        }
        let waiting = queue.iter().any(|job| job.breaks == 0);
        let working = slots.iter().flatten().any(|slot| !slot.given.is_empty());
        drop(state);
        if working {
            self.watch_over();
        }
        if waiting {
            self.turn.schedule();
        }
        for job in given_up {
            let result = ComputeReply::Failed("a worker broke over it".to_owned());
            (self.sink)(Input::Computed { job, result });
        }
        for (index, worker) in broken {
            self.broken(index, &worker, None);
        }
    }

    /// Posts a job; the buffer with its bytes moves to the worker.
    fn post(&self, worker: &Worker, job: &Job) -> Result<(), JsValue> {
        let bytes = wire::encode_work(&job.work);
        let work = self.buffers.fill(&bytes);
        let message = Object::new();
        Reflect::set(&message, &"job".into(), &(job.id.0 as f64).into())?;
        Reflect::set(&message, &"length".into(), &(bytes.len() as f64).into())?;
        Reflect::set(&message, &"work".into(), &work)?;
        worker.post_message_with_transfer(&message, &Array::of1(&work))
    }

    /// The engine's thread takes one job, if one is left for it.
    fn help(&self) {
        self.dispatch();
        let mut state = self.state.borrow_mut();
        let alone = !state.slots.iter().flatten().any(|slot| slot.ready);
        let fit =
            |job: &Job| job.breaks == 0 && (alone || matches!(job.work, ComputeWork::HashHeaders { .. }));
        let hashing = state.hashing.take();
        let job = match hashing {
            None => state.queue.iter().position(fit).and_then(|at| state.queue.remove(at)),
            Some(_) => None,
        };
        drop(state);
        match (hashing, job) {
            (Some(hashing), _) => self.hash_on(hashing),
            (None, Some(Job { id, work: ComputeWork::HashHeaders { raw }, .. })) => {
                let hashes = Vec::with_capacity(raw.len() / Header::LEN);
                self.hash_on(Hashing { job: id, raw, hashes });
            }
            (None, Some(Job { id, work, .. })) => {
                let result = compute::run(work);
                (self.sink)(Input::Computed { job: id, result });
            }
            (None, None) => return,
        }
        let state = self.state.borrow();
        if state.hashing.is_some() || !state.queue.is_empty() {
            drop(state);
            self.turn.schedule();
        }
    }

    /// Hashes as many headers as fit into a turn.
    fn hash_on(&self, mut hashing: Hashing) {
        let from = hashing.hashes.len() * Header::LEN;
        let to = hashing.raw.len().min(from + TURN_HEADERS * Header::LEN);
        hashing.hashes.extend(pow::x11_batch(&hashing.raw[from..to]));
        if to < hashing.raw.len() {
            self.state.borrow_mut().hashing = Some(hashing);
        } else {
            let result = ComputeReply::Hashes(hashing.hashes);
            (self.sink)(Input::Computed { job: hashing.job, result });
        }
    }

    /// A worker spoke.
    fn heard(&self, index: usize, from: &Worker, message: &JsValue) {
        let mut state = self.state.borrow_mut();
        let Some(Some(slot)) = state.slots.get_mut(index) else { return };
        if slot.worker != *from {
            return;
        }
        let field =
            |name: &str| Reflect::get(message, &name.into()).ok().filter(|value| !value.is_undefined());
        if field("ready").is_some() {
            slot.ready = true;
            drop(state);
            return self.dispatch();
        }
        let named = field("job").and_then(|job| job.as_f64());
        let at = slot.given.iter().position(|(job, _)| Some(job.id.0 as f64) == named);
        let length = field("length").and_then(|length| length.as_f64());
        let buffer = field("reply").and_then(|reply| reply.dyn_into::<ArrayBuffer>().ok());
        let reply = length.zip(buffer).and_then(|(length, buffer)| {
            // Only what the reply fills is copied, and never more than the buffer has.
            let bytes = Uint8Array::new(&buffer).subarray(0, length as u32).to_vec();
            self.buffers.keep(buffer);
            wire::decode_reply(&bytes).ok()
        });
        match (at, reply) {
            (Some(at), Some(reply)) if wire::answers(&slot.given[at].0.work, &reply) => {
                let (job, _) = slot.given.remove(at);
                drop(state);
                (self.sink)(Input::Computed { job: job.id, result: reply });
                self.dispatch();
            }
            _ => {
                let culprit = at.map(|at| slot.given[at].0.id);
                drop(state);
                self.broken(index, from, culprit);
            }
        }
    }

    /// Ends a worker, replaces it if it is the first to break in its place, and gives its jobs out again. It broke over
    /// the job named, or else over the one it had first.
    fn broken(&self, index: usize, which: &Worker, culprit: Option<JobId>) {
        let mut state = self.state.borrow_mut();
        let slot = match state.slots.get_mut(index) {
            Some(place) if place.as_ref().is_some_and(|slot| slot.worker == *which) => place.take(),
            _ => None,
        };
        let Some(mut slot) = slot else { return };
        let culprit = culprit.or_else(|| slot.given.first().map(|(job, _)| job.id));
        for (mut job, _) in slot.given.drain(..).rev() {
            job.breaks += u8::from(Some(job.id) == culprit);
            state.queue.push_front(job);
        }
        drop(state);
        let second = slot.second;
        end(slot);
        if !second {
            let fresh = self.spawn(index, true);
            if let Some(place) = self.state.borrow_mut().slots.get_mut(index) {
                *place = fresh;
            }
        }
        self.dispatch();
    }

    fn watch_over(&self) {
        if !self.watch.is_set() {
            self.watch.set(JOB_MS / 4);
        }
    }

    /// Finds workers that do not start or do not answer. The alarm may ring late; what counts is the time that passed.
    fn check(&self) {
        let now = self.clock.now().mono_ms;
        let overdue = |since: u64| now.saturating_sub(since) > JOB_MS;
        let state = self.state.borrow();
        let stuck: Vec<(usize, Worker)> = state
            .slots
            .iter()
            .enumerate()
            .filter_map(|(index, slot)| Some((index, slot.as_ref()?)))
            .filter(|(_, slot)| {
                (!slot.ready && overdue(slot.since))
                    || slot.given.first().is_some_and(|(_, since)| overdue(*since))
            })
            .map(|(index, slot)| (index, slot.worker.clone()))
            .collect();
        let watching = state.slots.iter().flatten().any(|slot| !slot.ready || !slot.given.is_empty());
        drop(state);
        if watching {
            self.watch_over();
        }
        for (index, worker) in stuck {
            self.broken(index, &worker, None);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}

/// Silences and ends a worker. Its handlers are dropped in a task of their own, since one may be running.
fn end(slot: Slot) {
    slot.worker.set_onmessage(None);
    slot.worker.set_onerror(None);
    slot.worker.set_onmessageerror(None);
    slot.worker.terminate();
    wasm_bindgen_futures::spawn_local(async move { drop(slot) });
}

/// What a compute worker does: encoded work in, encoded reply out.
///
/// # Errors
/// For bytes that are no work.
pub fn compute_bytes(work: &[u8]) -> Result<Vec<u8>, wire::WireError> {
    wire::decode_work(work).map(|work| wire::encode_reply(&compute::run(work)))
}
