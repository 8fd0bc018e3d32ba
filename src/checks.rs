//! The single checks that stand between a lie and a belief, by name, and the named parts of the request pipeline.
//!
//! Code asks `checks::on(Check::X)` beside the one condition that refuses a lie, so that a reader finds every such
//! place, and so that tests can show that each check is needed: with the cargo feature `switchable-checks` a test
//! switches one off for its own thread by an `Off` guard, and the lie must then succeed. Without the feature, as in
//! every package, both questions are the constant `true` and cost nothing; a browser build with it does not compile.

#[cfg(all(feature = "switchable-checks", target_arch = "wasm32"))]
compile_error!("checks cannot be switched off in a browser");

/// One check of what a peer says. The comment says what it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// A coinbase whose merkle path does not lead to the header of the block.
    CoinbasePath,
    /// A coinbase that names another height than its block's.
    CoinbaseHeight,
    /// A diff for other blocks than those asked for, or on a base that is not held.
    DiffBase,
    /// A list that does not hash to the coinbase's root.
    ListRoot,
    /// Quorums that do not hash to the coinbase's root.
    QuorumRoot,
    /// A commitment beside the diffs that the quorums proven by them do not hold.
    QuorumAnchored,
    /// A commitment whose type, version, index, base block, or counts of members are not those of the rules.
    CommitmentForm,
    /// A commitment whose signers are not the computed members.
    Members,
    /// A commitment whose own two signatures do not hold.
    CommitmentSignatures,
    /// A snapshot whose skip list or bits reach beyond the list.
    SnapshotRange,
    /// A lock by a quorum that is anchored but not verified.
    QuorumVerified,
    /// A lock that cannot be verified yet: it waits.
    LockKnown,
    /// A ChainLock whose signature does not hold.
    ChainLockSignature,
    /// A ChainLock by another quorum than the selected one.
    QuorumSelection,
    /// An InstantSend lock whose signature does not hold for the quorum that its inputs select.
    InstantLockSignature,
    /// An InstantSend lock whose quorum index is out of range for its cycle.
    InstantLockIndex,
    /// An InstantSend lock whose cycle hash is not the first block of a cycle.
    InstantLockCycle,
    /// An InstantSend lock whose inputs are not those of the transaction.
    InstantLockInputs,
    /// A branch that leaves the chain below a verified ChainLock.
    ChainLockPin,
    /// A branch with more work that does not have the locked block.
    LockedBranch,
    /// A reply to something that was never asked.
    Unsolicited,
    /// Filter headers that do not follow the one that is known.
    FilterLink,
    /// Filter headers that do not lead to the one that is agreed on.
    FilterCheckpoint,
    /// Filter headers that too few voices have, or that another voice contradicts.
    FilterAgreement,
    /// A filter that is not in the chain of filter headers.
    FilterHash,
    /// In a dispute: a filter without something that the block has, or with more than it can have.
    FilterContents,
    /// In a dispute: a filter without something that the block's inputs show it to spend.
    FilterSpends,
    /// A block with another header than the one that was asked for.
    BlockHash,
    /// A block whose transactions do not hash to its header's merkle root.
    BlockMerkle,
    /// A block some of whose transactions stand twice, which leaves its merkle root as it is (CVE-2012-2459).
    BlockDuplicates,
    /// An unconfirmed spend of a known coin that shows neither the coin's key nor its script.
    SpendShown,
}

/// One named part of the request pipeline, which can be replaced by doing without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Replies find their requests by content.
    Correlation,
    /// Requests wait for their peer's tokens and are spread over peers.
    Scheduler,
    /// Urgent requests go first, old ones age.
    Priority,
    /// Batch size and concurrency follow measured latency and loss.
    Monitor,
    /// Several requests are under way at once, each with its deadline.
    Executor,
    /// Results are processed in the order of heights.
    Processor,
    /// Progress is counted as results come in.
    Progress,
    /// Failed requests are made again, later and elsewhere.
    Recovery,
    /// A phase that gets no further waits for the network, or has a peer replaced.
    PhaseRecovery,
    /// Failures are counted by kind, and the counts choose the way.
    Statistics,
    /// A way that keeps failing is not taken for a while.
    Breaker,
    /// What cannot be had in parallel is asked for one at a time, and then by plain list diffs.
    Fallback,
}

/// Whether a check is made. Always, but for tests.
#[cfg(not(feature = "switchable-checks"))]
pub const fn on(_check: Check) -> bool {
    true
}

/// Whether a part does its work. Always, but for tests.
#[cfg(not(feature = "switchable-checks"))]
pub const fn part(_part: Part) -> bool {
    true
}

#[cfg(feature = "switchable-checks")]
pub use switches::{Off, on, part};

#[cfg(feature = "switchable-checks")]
mod switches {
    use super::{Check, Part};
    use std::cell::Cell;

    thread_local! {
        /// One bit for each check and, from the 48th on, one for each part; set bits are off.
        static OFF: Cell<u64> = const { Cell::new(0) };
    }

    const fn check_bit(check: Check) -> u64 {
        1 << check as u32
    }

    const fn part_bit(part: Part) -> u64 {
        1 << (48 + part as u32)
    }

    /// Whether a check is made on this thread.
    pub fn on(check: Check) -> bool {
        OFF.get() & check_bit(check) == 0
    }

    /// Whether a part does its work on this thread.
    pub fn part(part: Part) -> bool {
        OFF.get() & part_bit(part) == 0
    }

    /// Keeps one check or part switched off on this thread while it lives.
    #[must_use = "it is on again as soon as this is dropped"]
    #[derive(Debug)]
    pub struct Off {
        /// The bit that this guard set; none if it was set before.
        own: u64,
        /// Guards stay on their thread.
        _thread: std::marker::PhantomData<*const ()>,
    }

    impl Off {
        /// Switches a check off.
        pub fn check(check: Check) -> Self {
            Self::bit(check_bit(check))
        }

        /// Switches a part off.
        pub fn part(part: Part) -> Self {
            Self::bit(part_bit(part))
        }

        fn bit(bit: u64) -> Self {
            let before = OFF.get();
            OFF.set(before | bit);
            Self { own: bit & !before, _thread: std::marker::PhantomData }
        }
    }

    impl Drop for Off {
        fn drop(&mut self) {
            OFF.set(OFF.get() & !self.own);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_check_is_off_only_while_its_guard_lives_and_only_on_its_thread() {
            assert!(on(Check::ListRoot));
            let guard = Off::check(Check::ListRoot);
            {
                let _again = Off::check(Check::ListRoot);
                assert!(!on(Check::ListRoot));
            }
            assert!(!on(Check::ListRoot) && on(Check::QuorumRoot) && part(Part::Breaker));
            assert!(std::thread::spawn(|| on(Check::ListRoot)).join().unwrap());
            drop(guard);
            assert!(on(Check::ListRoot));
        }

        #[test]
        fn checks_and_parts_do_not_share_a_switch() {
            let _off = Off::part(Part::Correlation);
            assert!(on(Check::CoinbasePath) && on(Check::Unsolicited) && !part(Part::Correlation));
        }
    }
}
