//! What several tests need: a chain, batches of it, seeded choices, and databases of their own.

use dash_num::Arith256;
use dash_protocol::BlockHash;
use dash_spv_wasm::chain::pow::x11;
use dash_spv_wasm::store::{CommitBatch, HeaderRun, Meta, STORE_VERSION, Segment};
use js_sys::Promise;
use std::cell::Cell;
use std::ops::Range;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &js_sys::Function, ms: i32) -> JsValue;
}

/// Lets this many milliseconds pass.
pub async fn sleep(ms: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        set_timeout(&resolve, ms);
    });
    JsFuture::from(promise).await.unwrap();
}

/// A database name that no other test has.
pub fn fresh(test: &str) -> String {
    thread_local!(static COUNT: Cell<u32> = const { Cell::new(0) });
    let count = COUNT.get();
    COUNT.set(count + 1);
    format!("test/{test}/{}/{count}", js_sys::Date::now())
}

pub const NETWORK: BlockHash = BlockHash::from_bytes([9; 32]);

/// Seeded choices.
pub struct Rng(pub u64);

impl Rng {
    /// A number in a range.
    pub fn pick(&mut self, range: Range<u32>) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        range.start + (self.0 % u64::from(range.end - range.start)) as u32
    }
}

/// Linked headers from height 0 with their hashes.
#[derive(Clone, Default)]
pub struct Chain {
    pub raw: Vec<[u8; 80]>,
    pub hashes: Vec<BlockHash>,
}

impl Chain {
    pub fn of(length: u32) -> Self {
        let mut chain = Self::default();
        chain.grow(length, 0);
        chain
    }

    pub fn grow(&mut self, count: u32, branch: u32) {
        for _ in 0..count {
            let mut raw = [1; 80];
            raw[4..36].copy_from_slice(self.hashes.last().unwrap_or(&NETWORK).as_bytes());
            raw[72..76].copy_from_slice(&branch.to_le_bytes());
            raw[76..].copy_from_slice(&(self.raw.len() as u32).to_le_bytes());
            self.hashes.push(x11(&raw));
            self.raw.push(raw);
        }
    }

    pub fn rewind(&mut self, count: u32) {
        let left = self.raw.len() - count as usize;
        self.raw.truncate(left);
        self.hashes.truncate(left);
    }

    pub fn len(&self) -> u32 {
        self.raw.len() as u32
    }

    pub fn run(&self, heights: Range<u32>) -> HeaderRun {
        let part = heights.start as usize..heights.end as usize;
        HeaderRun {
            first_height: heights.start,
            raw: self.raw[part.clone()].concat(),
            hashes: self.hashes[part].to_vec(),
        }
    }

    pub fn segment(&self, context: u32, tip: u32) -> Segment {
        Segment {
            context,
            start: context,
            tip,
            tip_hash: self.hashes[tip as usize],
            tip_work: Arith256::from_u64(tip.into()),
        }
    }

    /// The batch that stores some heights, the last of which is the tip.
    pub fn batch(&self, context: u32, heights: Range<u32>) -> CommitBatch {
        let main = self.segment(context, heights.end - 1);
        CommitBatch { runs: vec![self.run(heights)], meta: Some(meta(main, None)), records: Vec::new() }
    }
}

pub fn meta(main: Segment, below: Option<Segment>) -> Meta {
    Meta { version: STORE_VERSION, network_id: NETWORK, main, below }
}
