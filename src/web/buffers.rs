//! Buffers that carry jobs to compute workers and bring replies back.
//!
//! A browser gets the memory of a new buffer from the system page by page, and clears it: that takes longer than to fill
//! it. So what fits into [`LEN`] bytes, as headers to hash do, travels in a buffer that comes back with the reply.

use js_sys::{ArrayBuffer, Uint8Array};
use std::cell::RefCell;

/// Bytes of a buffer that is used again: more than a job of headers takes.
const LEN: u32 = 160 * 1024;
/// The most buffers that are kept.
const KEPT: usize = 16;

/// Buffers at hand.
#[derive(Default)]
pub(super) struct Buffers(RefCell<Vec<ArrayBuffer>>);

impl Buffers {
    /// A buffer that begins with these bytes.
    pub(super) fn fill(&self, bytes: &[u8]) -> ArrayBuffer {
        if bytes.len() > LEN as usize {
            return Uint8Array::from(bytes).buffer();
        }
        let at_hand = self.0.borrow_mut().pop();
        let buffer = at_hand.unwrap_or_else(|| ArrayBuffer::new(LEN));
        Uint8Array::new(&buffer).subarray(0, bytes.len() as u32).copy_from(bytes);
        buffer
    }

    /// Keeps a buffer that came back, whoever made it, if it is of use.
    pub(super) fn keep(&self, buffer: ArrayBuffer) {
        let mut kept = self.0.borrow_mut();
        if buffer.byte_length() == LEN && kept.len() < KEPT {
            kept.push(buffer);
        }
    }
}
