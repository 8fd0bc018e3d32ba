//! Where a wallet's history can begin: 'now', 'genesis', `{ height }`, or `{ time }` in milliseconds, which the page's side
//! makes of a `Date`.

use super::value::Node;
use crate::api::ApiError;
use crate::engine::Birthday;

/// Reads one, as `open`, `watch` and `rescan` are given it; an error names it.
pub(super) fn read(node: Node<'_>) -> Result<Birthday, ApiError> {
    /// The largest time of a JavaScript `Date`, in milliseconds.
    const MAX_TIME: f64 = 8.64e15;
    if node.text().is_ok() {
        return node.one_of(&[("now", Birthday::Now), ("genesis", Birthday::Genesis)]);
    }
    let mut fields = node.fields()?;
    let birthday = match (fields.take("time"), fields.take("height")) {
        (Some(time), None) => {
            let ms = time.number()?;
            if !(0.0..=MAX_TIME).contains(&ms) {
                return Err(node.bad("must be a valid date, not before 1970"));
            }
            Birthday::Time((ms / 1000.0) as u64)
        }
        (None, Some(height)) => Birthday::Height(height.integer(0, u32::MAX)?),
        _ => return Err(node.bad("must be 'now', 'genesis', a date, or { height }")),
    };
    fields.finish()?;
    Ok(birthday)
}
