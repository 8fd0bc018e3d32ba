//! The bridge over real loopback sockets: a WebSocket client on one side, fake TCP peers on the other.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy takes for no tests")]

mod choice;
mod endings;
mod http;
mod limits;
mod program;
mod refusals;
mod shutdown;
mod stream;
mod support;
