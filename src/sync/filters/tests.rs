//! The parts by themselves: agreement between peers, filters that come one by one, and one search.

mod agreement;
mod assembly;
mod lanes;
