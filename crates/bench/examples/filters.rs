//! `cargo xtask bench filters`, natively: filters searched by the client's own code and by the `bitcoin` crate's reader,
//! both on one thread, one after the other in every round. An example, so that nothing else is built with that crate.
//!
//! Prints the seconds of either's fastest round and what they found, which has to be the same, as one line of JSON.

use bitcoin::bip158::BlockFilterReader;
use bitcoin::hashes::Hash;
use dash_spv_bench::Haystack;
use dash_spv_wasm::compute;
use std::error::Error;
use std::time::Instant;

type Found = Result<Vec<u32>, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u32>());
    let (Some(seed), Some(rounds)) = (args.next().transpose()?, args.next().transpose()?) else {
        return Err("usage: filters SEED ROUNDS".into());
    };
    let haystack = Haystack::new(u64::from(seed));
    let found = ours(&haystack)?.1;
    if found != reader(&haystack)?.1 {
        return Err("the two do not find the same".into());
    }
    haystack.check(&found)?;
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        own.push(ours(&haystack)?.0);
        others.push(reader(&haystack)?.0);
    }
    let line = serde_json::json!({
        "filters": haystack.filters.len(),
        "bytes": haystack.filters.iter().map(|(_, filter)| filter.len()).sum::<usize>(),
        "ours": fastest(&own),
        "reader": fastest(&others),
        "found": found,
    });
    println!("{line}");
    Ok(())
}

/// By the function that compute workers call, with the same pieces of work. Those are made beforehand.
fn ours(haystack: &Haystack) -> Result<(f64, Vec<u32>), Box<dyn Error>> {
    let jobs = haystack.jobs();
    let began = Instant::now();
    let replies: Vec<_> = jobs.into_iter().map(compute::run).collect();
    let took = began.elapsed().as_secs_f64();
    let found = replies.into_iter().enumerate().map(|(job, reply)| haystack.found(job, reply));
    Ok((took, found.collect::<Result<Vec<_>, _>>()?.concat()))
}

/// By the reader that clients built on rust-bitcoin use.
fn reader(haystack: &Haystack) -> Result<(f64, Vec<u32>), Box<dyn Error>> {
    let began = Instant::now();
    let found: Found = (0..)
        .zip(&haystack.filters)
        .filter_map(|(index, (block, filter))| {
            let reader = BlockFilterReader::new(&bitcoin::BlockHash::from_byte_array(block.to_bytes()));
            let query = haystack.elements.iter().map(Vec::as_slice);
            match reader.match_any(&mut &filter[..], query) {
                Ok(matches) => matches.then_some(Ok(index)),
                Err(error) => Some(Err(error.into())),
            }
        })
        .collect();
    Ok((began.elapsed().as_secs_f64(), found?))
}

/// What else runs on the machine only ever slows a round down.
fn fastest(seconds: &[f64]) -> f64 {
    seconds.iter().copied().fold(f64::INFINITY, f64::min)
}
