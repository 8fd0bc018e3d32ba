//! The benchmarks for a page: of lists and quorums one object that keeps what each step makes for the next one, in
//! `filters.rs` the search through filters, in `x11.rs` hashes of headers.

mod filters;
mod x11;

use crate::quorums::Lists;
use crate::{BenchError, Recording, checks, prove, signatures, verify, verify_batch};
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

fn said(error: BenchError) -> String {
    error.to_string()
}
