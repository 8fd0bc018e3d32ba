//! Which heights matter for quorums: work blocks, cycles, mining windows. Arithmetic only, on the parameters of the
//! network (Dash Core `llmq/params.h`, `llmq/blockprocessor.cpp`).

use dash_protocol::LlmqParams;

/// How far below its base block a quorum's work block lies, whose list and coinbase choose its members (Dash Core
/// `WORK_DIFF_DEPTH`).
pub const WORK_DEPTH: u32 = 8;

/// Height of the work block of a quorum or cycle with this base height. Bases below the depth have none; genesis, whose
/// list is empty, stands in for it.
pub const fn work_block(base: u32) -> u32 {
    base.saturating_sub(WORK_DEPTH)
}

/// The base height of the cycle that a height is in, for key generations this many blocks apart.
pub const fn cycle_base(height: u32, interval: u32) -> u32 {
    if interval == 0 { height } else { height - height % interval }
}

/// The base heights of the four cycles whose quarters make up the quorums of the cycle with this base: itself and the
/// three before, newest first. Nothing below the first cycle that has three others before it.
pub fn quarter_cycles(llmq: &LlmqParams, cycle: u32) -> Option<[u32; 4]> {
    if llmq.interval == 0 || !cycle.is_multiple_of(llmq.interval) {
        return None;
    }
    let back = |cycles: u32| cycle.checked_sub(cycles.checked_mul(llmq.interval)?);
    Some([cycle, back(1)?, back(2)?, back(3)?])
}

/// Whether the quorums of a type are the same as of both heights: no block above the lower one, up to and with the
/// higher one, lies in a window in which commitments of the type are mined.
pub fn quorum_set_constant_between(llmq: &LlmqParams, a: u32, b: u32) -> bool {
    let (low, high) = (a.min(b), a.max(b));
    windows_begun(llmq, high) == windows_begun(llmq, low) && (low == high || !within_window(llmq, low + 1))
}

/// Whether commitments of the type may be mined at a height.
pub const fn within_window(llmq: &LlmqParams, height: u32) -> bool {
    let offset = height - cycle_base(height, llmq.interval);
    offset >= llmq.mining_start && offset <= llmq.mining_end
}

/// How many windows have begun at or below a height.
const fn windows_begun(llmq: &LlmqParams, height: u32) -> u32 {
    match height.checked_sub(llmq.mining_start) {
        Some(above) if llmq.interval > 0 => above / llmq.interval + 1,
        _ => 0,
    }
}

/// The last block of the newest mining window that lies wholly at or below `height`: all commitments of its cycle that
/// will ever be are mined there. Nothing below the first window's end.
pub fn last_window_end(llmq: &LlmqParams, height: u32) -> Option<u32> {
    let above = height.checked_sub(llmq.mining_end)?;
    Some(cycle_base(above, llmq.interval) + llmq.mining_end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_protocol::NetworkParams;

    fn of(params: &NetworkParams, llmq_type: u8) -> LlmqParams {
        *params.llmqs.iter().find(|llmq| llmq.llmq_type.0 == llmq_type).unwrap()
    }

    #[test]
    fn a_set_is_constant_exactly_where_no_window_height_lies_between() {
        let params = NetworkParams::mainnet();
        for llmq in [of(&params, 1), of(&params, 2), of(&params, 3), of(&params, 5)] {
            let span = 3 * llmq.interval;
            for low in (0..span).step_by(7) {
                let mut constant = true;
                for high in low..span {
                    let offset = high % llmq.interval;
                    let mined = (llmq.mining_start..=llmq.mining_end).contains(&offset);
                    constant = constant && (high == low || !mined);
                    assert_eq!(quorum_set_constant_between(&llmq, low, high), constant, "{low} {high}");
                    assert_eq!(quorum_set_constant_between(&llmq, high, low), constant);
                }
            }
        }
    }

    #[test]
    fn a_cycle_has_four_quarters_once_three_cycles_are_before_it() {
        let llmq = of(&NetworkParams::mainnet(), 5);
        assert_eq!(quarter_cycles(&llmq, 2_240_352), Some([2_240_352, 2_240_064, 2_239_776, 2_239_488]));
        assert_eq!(quarter_cycles(&llmq, 864), Some([864, 576, 288, 0]));
        assert_eq!(quarter_cycles(&llmq, 576), None);
        assert_eq!(quarter_cycles(&llmq, 2_240_353), None, "no base of a cycle");
    }

    #[test]
    fn a_window_has_ended_at_its_last_height() {
        let llmq = of(&NetworkParams::mainnet(), 5);
        assert_eq!(last_window_end(&llmq, 288 + 50), Some(288 + 50));
        assert_eq!(last_window_end(&llmq, 288 + 49), Some(50));
        assert_eq!(last_window_end(&llmq, 49), None);
    }

    #[test]
    fn a_work_block_lies_eight_below() {
        assert_eq!(work_block(2_240_352), 2_240_344);
        assert_eq!((work_block(8), work_block(7), work_block(0)), (0, 0, 0));
    }
}
