//! Permits that refill with time.

use crate::sync::sequential::RequestClass;

/// A bucket's size and how fast it fills.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    burst: f64,
    per_ms: f64,
}

impl Rate {
    /// What one peer may be asked of a class: ten QRInfos within a minute, and of the rest as much as no honest use
    /// exceeds.
    pub fn per_peer(class: RequestClass) -> Self {
        let (burst, per_second) = match class {
            RequestClass::Headers => (64.0, 200.0),
            RequestClass::StartContext => (64.0, 100.0),
            RequestClass::TipCheck => (32.0, 10.0),
            RequestClass::MnListDiff => (64.0, 8.0),
            RequestClass::QRInfo => (10.0, 10.0 / 60.0),
            RequestClass::Object => (128.0, 20.0),
            RequestClass::FilterCheckpoints => (8.0, 0.2),
            RequestClass::FilterHeaders => (64.0, 20.0),
            RequestClass::Filters => (128.0, 60.0),
            RequestClass::Block => (128.0, 40.0),
        };
        Self { burst, per_ms: per_second / 1_000.0 }
    }
}

/// Permits for one class at one peer. Holds two numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenBucket {
    rate: Rate,
    permits: f64,
    at_ms: u64,
}

impl TokenBucket {
    pub fn full(rate: Rate, now_ms: u64) -> Self {
        Self { rate, permits: rate.burst, at_ms: now_ms }
    }

    fn refill(&mut self, now_ms: u64) {
        let earned = now_ms.saturating_sub(self.at_ms) as f64 * self.rate.per_ms;
        self.permits = (self.permits + earned).min(self.rate.burst);
        self.at_ms = now_ms.max(self.at_ms);
    }

    /// When the next permit is there: now, if there is one.
    pub fn next_at_ms(&mut self, now_ms: u64) -> u64 {
        self.refill(now_ms);
        if self.permits >= 1.0 {
            return now_ms;
        }
        now_ms + (((1.0 - self.permits) / self.rate.per_ms).ceil() as u64).max(1)
    }

    /// Uses up a permit.
    pub fn take(&mut self, now_ms: u64) {
        self.refill(now_ms);
        self.permits -= 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_asked_ten_qrinfos_a_minute_and_then_again() {
        let mut bucket = TokenBucket::full(Rate::per_peer(RequestClass::QRInfo), 0);
        for _ in 0..10 {
            assert_eq!(bucket.next_at_ms(5), 5);
            bucket.take(5);
        }
        let next = bucket.next_at_ms(5);
        assert!((5_900..6_100).contains(&next), "{next}");
        assert_eq!(bucket.next_at_ms(next), next);
        bucket.take(next);
        let later = (0..1_000_000).step_by(1_000).filter(|at| {
            let due = bucket.next_at_ms(next + at) <= next + at;
            if due {
                bucket.take(next + at);
            }
            due
        });
        assert!((160..=180).contains(&later.count()));
    }
}
