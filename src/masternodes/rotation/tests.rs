//! Rotation on made-up lists.
