//! Set-up: what a fresh machine lacks is installed here, at pinned versions, and found again the next time.

mod chrome;
mod clang;
mod debian;
mod node;
mod rust;

pub use chrome::chrome;
pub use node::{npm, npm_command};
pub use rust::{components, wasm_bindgen, wasm_target};
