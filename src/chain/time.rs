//! The limits on header times.
//!
//! A header's time must lie above the median of the eleven before it, and at most two hours ahead of our clock (Dash
//! Core's `ContextualCheckBlockHeader`).

/// How far ahead of our clock a header's time may be, in seconds.
pub const MAX_FUTURE_SECS: u64 = 2 * 60 * 60;

/// How many headers the median is taken of.
pub const MEDIAN_SPAN: usize = 11;

/// The median of up to [`MEDIAN_SPAN`] times, as Dash Core takes it: the element in the middle of the sorted times, the
/// later of the two middle ones for an even count. The times are sorted in place; zero for none.
pub fn median(times: &mut [u32]) -> u32 {
    // They are few and nearly in order: each is moved down past those few that are later.
    for next in 1..times.len() {
        let mut at = next;
        while at > 0 && times[at - 1] > times[at] {
            times.swap(at - 1, at);
            at -= 1;
        }
    }
    times.get(times.len() / 2).copied().unwrap_or(0)
}

/// The latest time that a header may have when our clock says `now` (seconds since 1970).
pub fn latest(now: u64) -> u64 {
    now.saturating_add(MAX_FUTURE_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_upper_middle_element() {
        assert_eq!(median(&mut []), 0);
        assert_eq!(median(&mut [7]), 7);
        assert_eq!(median(&mut [9, 3]), 9);
        assert_eq!(median(&mut [5, 1, 3]), 3);
        assert_eq!(median(&mut [11, 1, 10, 2, 9, 3, 8, 4, 7, 5, 6]), 6);
    }

    #[test]
    fn the_limit_does_not_overflow() {
        assert_eq!(latest(1_000), 8_200);
        assert_eq!(latest(u64::MAX), u64::MAX);
    }
}
