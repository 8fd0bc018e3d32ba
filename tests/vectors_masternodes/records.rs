//! States as records.
