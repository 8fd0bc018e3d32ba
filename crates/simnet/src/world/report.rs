//! What a run comes to: figures, a digest that tells runs apart, and the text of a failure.

use super::World;
use dash_spv_wasm::engine::{Effect, Input};
use std::fmt;

/// A run so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The world's seed.
    pub seed: u64,
    /// Virtual milliseconds since the world began.
    pub virtual_ms: u64,
    /// Inputs that the engine handled.
    pub inputs: u64,
    /// A digest of all inputs and effects so far with their times: equal for equal runs.
    pub digest: u64,
}

/// A run that did not come to what was expected. Its text says how to run it again and how far it came.
pub struct Failure {
    text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

/// FNV-1a over words.
#[derive(Clone, Copy)]
pub(super) struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.word(u64::from(*byte));
        }
        self.word(bytes.len() as u64);
    }

    pub fn input(&mut self, now_ms: u64, input: &Input) {
        self.word(now_ms);
        match input {
            Input::Received { conn, bytes } => {
                self.word(conn.0);
                self.bytes(bytes);
            }
            Input::Connected { conn, address } => {
                self.word(conn.0);
                self.bytes(address.as_bytes());
            }
            Input::ConnectFailed { conn, .. } | Input::Disconnected { conn, .. } => self.word(conn.0),
            Input::Stored { commit, .. } => self.word(commit.0),
            Input::Read { read, .. } => self.word(read.0),
            Input::Computed { job, .. } => self.word(job.0),
            Input::Command { call, .. } | Input::Cancel { call } => self.word(call.0),
            Input::StorageChanged { .. } | Input::Tick => {}
        }
    }

    pub fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Connect { conn, .. } | Effect::Disconnect { conn } => self.word(conn.0),
            Effect::Send { conn, bytes } => {
                self.word(conn.0);
                self.bytes(bytes);
            }
            Effect::Commit { commit, batch } => {
                self.word(commit.0);
                if let Some(meta) = &batch.meta {
                    self.bytes(meta.main.tip_hash.as_bytes());
                }
                for record in &batch.records {
                    self.word(record.key);
                    self.bytes(record.value.as_deref().unwrap_or_default());
                }
            }
            Effect::Read { read, .. } => self.word(read.0),
            Effect::Compute { job, .. } => self.word(job.0),
            Effect::Emit(event) => self.bytes(format!("{event:?}").as_bytes()),
            Effect::Log(record) => self.bytes(record.message.as_bytes()),
            Effect::Reply { call, .. } => self.word(call.0),
            Effect::WakeAt(at) => self.word(*at),
        }
    }
}

impl World {
    pub(super) fn report(&self) -> Report {
        Report { seed: self.seed, virtual_ms: self.now_ms, inputs: self.handled, digest: self.digest.0 }
    }

    /// A failure of this run: for tests that find something else wrong than a time limit.
    pub fn failure(&self, what: &str) -> Failure {
        use fmt::Write;
        let mut text = format!("simulation seed {}: {what} at {} ms\n", self.seed, self.now_ms);
        let _ = writeln!(text, "  honest tip: {} {}", self.chain.height(), self.chain.tip_hash());
        match self.store.meta() {
            Some(meta) => {
                let _ = writeln!(text, "  stored tip: {} {}", meta.main.tip, meta.main.tip_hash);
            }
            None => text.push_str("  nothing stored\n"),
        }
        if let Some(state) = &self.state {
            let _ = writeln!(
                text,
                "  state: {:?}, network {:?}, tip {}, target {}, peers {}",
                state.phase, state.network, state.tip.height, state.target_height, state.peers
            );
        }
        for (index, host) in self.hosts.iter().enumerate() {
            let links = self.links.values().filter(|link| link.host == index).count();
            let lie = host.profile.lie.map_or("", crate::peer::Lie::name);
            let faults: Vec<_> = host.profile.faults.iter().map(|fault| fault.name()).collect();
            let _ = writeln!(
                text,
                "  peer {} up {} links {links} height {} lie [{lie}] faults {faults:?}",
                host.address,
                host.up,
                host.view.height()
            );
        }
        for (address, reason) in &self.bans {
            let _ = writeln!(text, "  banned {address}: {reason}");
        }
        for record in self.logs.iter().rev().take(25).rev() {
            let _ = writeln!(
                text,
                "  {:>9.0} {:?} {}: {} {:?}",
                record.at - self.started_unix_ms as f64,
                record.level,
                record.target,
                record.message,
                record.fields
            );
        }
        Failure { text }
    }
}
