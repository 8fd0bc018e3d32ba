//! The benchmarks for a page: of lists and quorums one object that keeps what each step makes for the next one, in
//! `filters.rs` the search through filters, in `x11.rs` hashes of headers.

mod filters;
mod x11;

use crate::quorums::Lists;
use crate::{
    BenchError, RecordedHeaders, Recording, checks, prove, signatures, verify, verify_batch,
    verify_one_by_one,
};
use dash_spv_wasm::masternodes::ListState;
use dash_spv_wasm::masternodes::bls::{CommitmentCheck, SignatureCheck};
use std::collections::BTreeMap;
use wasm_bindgen::prelude::wasm_bindgen;

/// Everything that a page measures.
#[wasm_bindgen]
#[derive(Default)]
pub struct Bench {
    files: BTreeMap<String, Vec<u8>>,
    recording: Option<Recording>,
    base: Option<ListState>,
    lists: Option<Lists>,
    checks: Vec<CommitmentCheck>,
    signatures: Vec<SignatureCheck>,
}

#[wasm_bindgen]
impl Bench {
    /// Nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a file of the recording.
    pub fn file(&mut self, name: String, bytes: Vec<u8>) {
        self.files.insert(name, bytes);
    }

    /// Reads the files once all are there.
    pub fn load(&mut self) -> Result<(), String> {
        self.recording = Some(Recording::new(std::mem::take(&mut self.files)).map_err(said)?);
        Ok(())
    }

    /// The full list applied and proven; how many masternodes it has.
    #[wasm_bindgen(js_name = fullList)]
    pub fn full_list(&mut self) -> Result<usize, String> {
        let state = self.recording()?.full_list().map_err(said)?;
        Ok(self.base.insert(state).list().len())
    }

    /// The lists of the rotation info and its neighbours, proven from the full one.
    pub fn prove(&mut self) -> Result<(), String> {
        let base = self.base.as_ref().ok_or("no full list")?;
        self.lists = Some(prove(self.recording()?, base).map_err(said)?);
        Ok(())
    }

    /// The members of their quorums; how many quorums there are.
    pub fn members(&mut self) -> Result<usize, String> {
        let lists = self.lists.as_ref().ok_or("no lists")?;
        self.checks = checks(self.recording()?, lists).map_err(said)?;
        self.signatures = signatures(&self.checks);
        Ok(self.checks.len())
    }

    /// Both signatures of each.
    pub fn verify(&self) -> Result<(), String> {
        verify(&self.checks).map_err(said)
    }

    /// The same without batches.
    #[wasm_bindgen(js_name = verifyOneByOne)]
    pub fn verify_one_by_one(&self) -> Result<(), String> {
        verify_one_by_one(&self.checks).map_err(said)
    }

    /// The first so many of the quorums' own signatures, together.
    #[wasm_bindgen(js_name = verifySignatures)]
    pub fn verify_signatures(&self, count: usize) -> Result<(), String> {
        verify_batch(self.signatures.get(..count).ok_or("not so many signatures")?).map_err(said)
    }

    /// The first signature as another library takes it: the key's 48 bytes, the message's 32, the signature's 96.
    pub fn signature(&self) -> Result<Vec<u8>, String> {
        let first = self.signatures.first().ok_or("no signatures")?;
        Ok([first.key.as_bytes().as_slice(), &first.message, first.signature.as_bytes()].concat())
    }

    fn recording(&self) -> Result<&Recording, String> {
        self.recording.as_ref().ok_or_else(|| "nothing is loaded".to_owned())
    }
}

/// The rules for recorded headers.
#[wasm_bindgen]
pub struct HeaderRules(RecordedHeaders);

#[wasm_bindgen]
impl HeaderRules {
    /// From raw headers of mainnet, joined, and the height of the first.
    #[wasm_bindgen(constructor)]
    pub fn new(raw: &[u8], first_height: u32) -> Result<Self, String> {
        RecordedHeaders::new(raw, first_height).map(Self).map_err(said)
    }

    /// Checks all but the first ones; how many.
    pub fn accept(&self) -> Result<usize, String> {
        self.0.accept().map_err(said)?;
        Ok(self.0.count())
    }
}

fn said(error: BenchError) -> String {
    error.to_string()
}
