//! `cargo xtask bench x11`, natively: the batches of `dash-x11` in their portable form, and `dash-pow`, in turn on one
//! thread. An example, so that it is built with optimisation while the commands are not.
//!
//! Prints the hashes per second of both, medians, as one line of JSON.

use dash_spv_bench::x11::Hashing;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u32>());
    let (Some(seed), Some(rounds)) = (args.next().transpose()?, args.next().transpose()?) else {
        return Err("usage: x11 SEED ROUNDS".into());
    };
    let hashing = Hashing::new(u64::from(seed));
    if hashing.ours() != hashing.reference() {
        return Err("the two do not hash the same".into());
    }
    let (mut ours, mut reference) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(seconds(|| hashing.ours()));
        reference.push(seconds(|| hashing.reference()));
    }
    let per_second = |times: Vec<f64>| hashing.count() as f64 / median(times);
    println!("{}", serde_json::json!({ "ours": per_second(ours), "reference": per_second(reference) }));
    Ok(())
}

fn seconds<T>(what: impl FnOnce() -> T) -> f64 {
    let began = Instant::now();
    black_box(what());
    began.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
