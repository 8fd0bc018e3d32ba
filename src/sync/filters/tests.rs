//! The parts by themselves: agreement between peers, and one search.

mod agreement;
mod lanes;
