//! The search through filters in a page: the client's own pool, which does the work itself or gives it to compute workers.

use crate::filters::Haystack;
use dash_spv_wasm::engine::{ComputeReply, Input, JobId};
use dash_spv_wasm::web::Host;
use dash_spv_wasm::web::workers::Pool;
use js_sys::{Function, Promise};
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;

/// Pieces of work that are under way at a time, as many as the client has.
const JOBS: usize = 16;

/// A search that can be run again and again.
#[wasm_bindgen]
pub struct FilterSearch {
    pool: Rc<Pool>,
    run: Rc<Run>,
}

/// What the pool's answers go to.
struct Run {
    haystack: Haystack,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Pieces of work given to the pool in this run, and those answered.
    given: usize,
    answered: usize,
    found: Vec<u32>,
    /// What settles the run's promise.
    settle: Option<(Function, Function)>,
}

#[wasm_bindgen]
impl FilterSearch {
    /// A search in the haystack of a seed, by so many compute workers of the host's.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: u32, host: Host, workers: u32) -> Self {
        let run = Rc::new(Run { haystack: Haystack::new(u64::from(seed)), state: RefCell::default() });
        let slot = Rc::new(RefCell::new(Weak::<Pool>::new()));
        let sink = {
            let (run, slot) = (Rc::clone(&run), Rc::clone(&slot));
            move |input| {
                let Input::Computed { job, result } = input else { return };
                run.answered(job, result);
                let pool = slot.borrow().upgrade();
                pool.iter().for_each(|pool| run.feed(pool));
            }
        };
        let pool = Pool::new(workers, host, Rc::new(sink));
        *slot.borrow_mut() = Rc::downgrade(&pool);
        Self { pool, run }
    }

    /// How many filters it searches.
    pub fn filters(&self) -> usize {
        self.run.haystack.filters.len()
    }

    /// Searches all filters. Resolves to those that match, ascending.
    pub fn run(&self) -> Promise {
        let mut settle = None;
        let promise = Promise::new(&mut |resolve, reject| settle = Some((resolve, reject)));
        *self.run.state.borrow_mut() = State { settle, ..State::default() };
        self.run.feed(&self.pool);
        promise
    }
}

impl Run {
    /// Gives the pool as much as the client would.
    fn feed(&self, pool: &Pool) {
        loop {
            let mut state = self.state.borrow_mut();
            if state.given == self.haystack.job_count() || state.given - state.answered == JOBS {
                return;
            }
            let job = state.given;
            state.given += 1;
            drop(state);
            pool.submit(JobId(job as u64), self.haystack.job(job));
        }
    }

    fn answered(&self, job: JobId, reply: ComputeReply) {
        let mut state = self.state.borrow_mut();
        let found = self.haystack.found(job.0 as usize, reply);
        let is_last = state.answered + 1 == self.haystack.job_count();
        state.answered += 1;
        let outcome = match found {
            Ok(found) => {
                state.found.extend(found);
                if !is_last {
                    return;
                }
                state.found.sort_unstable();
                self.haystack.check(&state.found).map(|()| state.found.clone())
            }
            Err(error) => Err(error),
        };
        let Some((resolve, reject)) = state.settle.take() else { return };
        drop(state);
        // Neither of the two can throw.
        let _ = match outcome {
            Ok(found) => resolve.call1(&JsValue::UNDEFINED, &js_sys::Uint32Array::from(&found[..])),
            Err(error) => reject.call1(&JsValue::UNDEFINED, &error.to_string().into()),
        };
    }
}
