//! Headers: what proves them, and which of them is the chain.
//!
//! Everything here is pure: headers and context go in, what is proven or a typed error comes out. No peer, clock or
//! store is known; the time is a parameter.
//!
//! - [`pow`] hashes (X11), [`target`] has compact targets and their arithmetic, [`work`] turns them into work.
//! - [`context`] is what the rules see of the past, [`difficulty`] the required target, [`time`] the limits on times,
//!   [`rules`] all rules for one header with their errors.
//! - [`checkpoints`] says where to start and what must be met on the way, [`start`] gathers the ancestors of a start.
//! - [`header_chain`] keeps the end of the best chain in memory together with the side branches (`branches`) and moves
//!   to the one with the most work, or with the block that a ChainLock names; `window` is that end, by
//!   height and by hash; [`rival`] proves a branch that forks off below memory; [`locator`] tells a peer where we are.

mod branches;
pub mod checkpoints;
pub mod context;
pub mod difficulty;
pub mod header_chain;
pub mod locator;
pub mod pow;
pub mod rival;
pub mod rules;
pub mod start;
pub mod target;
#[cfg(test)]
mod testing;
pub mod time;
mod window;
pub mod work;

pub use branches::MAX_BRANCH_HEADERS;
pub use checkpoints::Start;
pub use context::{Context, START_ANCESTORS};
pub use difficulty::Required;
pub use header_chain::{Accepted, HeaderChain, LockOutcome, LockedBlock, MEMORY_WINDOW, Outcome};
pub use rival::{Fed, RivalChain};
pub use rules::{HeaderError, Rules, Severity};
pub use start::StartContext;

use dash_num::Arith256;
use dash_protocol::{BlockHash, Header};

/// A header in its place on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The header.
    pub header: Header,
    /// Its X11 hash.
    pub hash: BlockHash,
    /// Its height; genesis is 0.
    pub height: u32,
    /// The work of the whole chain from genesis up to and with this header.
    pub work: Arith256,
}
