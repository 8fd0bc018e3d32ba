//! Whole-engine scenarios under a virtual clock, against simulated peers.

#[path = "sim/lies.rs"]
mod lies;
