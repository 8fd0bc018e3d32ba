//! The compute pool, with workers made of a few lines of JavaScript.

use super::support::{Chain, sleep};
use dash_protocol::BlockHash;
use dash_spv_wasm::engine::{ComputeReply, ComputeWork, Input, JobId};
use dash_spv_wasm::web::Host;
use dash_spv_wasm::web::workers::Pool;
use js_sys::{Function, Object, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

/// Answers every job with hashes of zeroes.
const HONEST: &str = "
    postMessage({ ready: true });
    onmessage = ({ data: { job, length, work } }) => {
        new Uint8Array(work).fill(0)[0] = 1;
        postMessage({ job, length: 1 + (length - 1) / 80 * 32, reply: work }, [work]);
    };";
/// Answers every job with hashes of zeroes, but for the first byte: whether it saw the job's buffer before.
const MARKING: &str = "
    postMessage({ ready: true });
    onmessage = ({ data: { job, length, work } }) => {
        const bytes = new Uint8Array(work);
        const seen = bytes.at(-1);
        bytes.fill(0)[0] = 1;
        bytes[1] = seen;
        bytes[bytes.length - 1] = 1;
        postMessage({ job, length: 1 + (length - 1) / 80 * 32, reply: work }, [work]);
    };";
/// Breaks at its first job.
const BROKEN: &str = "postMessage({ ready: true }); onmessage = () => { throw new Error('broken'); };";
/// Says of every job that it failed.
const FAILING: &str = "
    postMessage({ ready: true });
    onmessage = ({ data: { job } }) => postMessage({ job, error: 'trap' });";
/// Is never ready.
const SILENT: &str = "onmessage = () => {};";

/// A host whose n-th compute worker is the n-th of these; then there are none.
fn host(scripts: &[&str]) -> Host {
    let host = Object::new();
    let list: js_sys::Array = scripts.iter().map(|script| JsValue::from_str(script)).collect();
    Reflect::set(&host, &"scripts".into(), &list).unwrap();
    let spawn = Function::new_no_args(
        "if (!this.scripts.length) return null;
         return new Worker(URL.createObjectURL(new Blob([this.scripts.shift()], { type: 'text/javascript' })));",
    );
    Reflect::set(&host, &"computeWorker".into(), &spawn).unwrap();
    host.unchecked_into()
}

fn left(host: &Host) -> u32 {
    let scripts = Reflect::get(host, &"scripts".into()).unwrap();
    js_sys::Array::from(&scripts).length()
}

type Heard = Rc<RefCell<Vec<(u64, ComputeReply)>>>;

fn pool(size: u32, host: &Host) -> (Rc<Pool>, Heard) {
    let heard: Heard = Rc::default();
    let inputs = Rc::clone(&heard);
    let sink = Rc::new(move |input| match input {
        Input::Computed { job, result } => inputs.borrow_mut().push((job.0, result)),
        other => panic!("{other:?}"),
    });
    (Pool::new(size, host.clone(), sink), heard)
}

fn submit(pool: &Pool, chain: &Chain, jobs: u64) {
    for id in 0..jobs {
        pool.submit(JobId(id), ComputeWork::HashHeaders { raw: chain.raw.concat() });
    }
}

async fn answers(heard: &Heard, count: usize) -> Vec<(u64, ComputeReply)> {
    for _ in 0..1_000 {
        if heard.borrow().len() >= count {
            break;
        }
        sleep(5).await;
    }
    let mut answers = heard.take();
    answers.sort_by_key(|(job, _)| *job);
    assert_eq!(
        answers.iter().map(|(job, _)| *job).collect::<Vec<_>>(),
        (0..count as u64).collect::<Vec<_>>()
    );
    answers
}

fn right(chain: &Chain) -> ComputeReply {
    ComputeReply::Hashes(chain.hashes.clone())
}

fn zeroes(chain: &Chain) -> ComputeReply {
    ComputeReply::Hashes(vec![BlockHash::ZERO; chain.hashes.len()])
}

#[wasm_bindgen_test]
async fn without_workers_the_engines_thread_does_all() {
    let chain = Chain::of(20);
    let (pool, heard) = pool(2, &host(&[]));
    assert_eq!(pool.workers(), 0);
    submit(&pool, &chain, 10);
    assert!(heard.borrow().is_empty(), "nothing is computed within the call");
    assert!(answers(&heard, 10).await.iter().all(|(_, reply)| *reply == right(&chain)));
}

#[wasm_bindgen_test]
async fn workers_and_the_engines_thread_share_the_jobs() {
    let chain = Chain::of(200);
    let (pool, heard) = pool(2, &host(&[HONEST, HONEST]));
    assert_eq!(pool.workers(), 2);
    sleep(200).await;
    submit(&pool, &chain, 40);
    let answers = answers(&heard, 40).await;
    let by_workers = answers.iter().filter(|(_, reply)| *reply == zeroes(&chain)).count();
    let by_engine = answers.iter().filter(|(_, reply)| *reply == right(&chain)).count();
    assert_eq!(by_workers + by_engine, 40);
    assert!(by_workers > 0 && by_engine > 0, "{by_workers} {by_engine}");
}

#[wasm_bindgen_test]
async fn a_buffer_that_came_back_carries_the_next_job() {
    let chain = Chain::of(20);
    let (pool, heard) = pool(1, &host(&[MARKING]));
    sleep(200).await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        submit(&pool, &chain, 1);
        let Some((0, ComputeReply::Hashes(hashes))) = answers(&heard, 1).await.pop() else {
            panic!("no hashes")
        };
        // One job at a time is the worker's, not the engine's thread's.
        assert_eq!(hashes[1..], [BlockHash::ZERO; 19]);
        seen.push(hashes[0].as_bytes()[0]);
    }
    assert_eq!(seen, [0, 1, 1, 1, 1]);
}

#[wasm_bindgen_test]
async fn a_worker_that_breaks_is_replaced_once_and_its_jobs_are_done() {
    for kind in [BROKEN, FAILING] {
        let chain = Chain::of(20);
        let host = host(&[kind, HONEST, HONEST]);
        let (pool, heard) = pool(1, &host);
        sleep(200).await;
        submit(&pool, &chain, 8);
        let answers = answers(&heard, 8).await;
        assert!(answers.iter().all(|(_, reply)| *reply == right(&chain) || *reply == zeroes(&chain)));
        assert_eq!((left(&host), pool.workers()), (1, 1));
        pool.close();
    }
}

#[wasm_bindgen_test]
async fn a_job_that_breaks_two_workers_is_given_up() {
    let chain = Chain::of(3);
    let host = host(&[FAILING, FAILING, HONEST]);
    let (pool, heard) = pool(1, &host);
    sleep(200).await;
    submit(&pool, &chain, 1);
    assert!(matches!(answers(&heard, 1).await[0], (0, ComputeReply::Failed(_))));
    assert_eq!((left(&host), pool.workers()), (1, 0));
    submit(&pool, &chain, 3);
    assert!(answers(&heard, 3).await.iter().all(|(_, reply)| *reply == right(&chain)));
}

#[wasm_bindgen_test]
async fn nothing_waits_for_a_worker_that_is_not_ready() {
    let chain = Chain::of(3);
    let (pool, heard) = pool(1, &host(&[SILENT]));
    submit(&pool, &chain, 5);
    assert!(answers(&heard, 5).await.iter().all(|(_, reply)| *reply == right(&chain)));
}

#[wasm_bindgen_test]
async fn a_closed_pool_answers_nothing() {
    let chain = Chain::of(3);
    let (pool, heard) = pool(1, &host(&[HONEST]));
    submit(&pool, &chain, 5);
    pool.close();
    submit(&pool, &chain, 5);
    sleep(100).await;
    assert!(heard.borrow().is_empty());
    assert_eq!(pool.workers(), 0);
}
