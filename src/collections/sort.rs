//! A heap sort: a tenth of what the standard library's sorts weigh, and half as fast.

/// Sorts a slice. Equal members may change places.
pub fn sort<T: Ord>(slice: &mut [T]) {
    heap_sort(slice, |a, b| a < b);
}

/// Sorts a slice by a key of its members. Those with equal keys may change places.
pub fn sort_by_key<T, K: Ord>(slice: &mut [T], key: impl Fn(&T) -> K) {
    heap_sort(slice, |a, b| key(a) < key(b));
}

fn heap_sort<T>(slice: &mut [T], less: impl Fn(&T, &T) -> bool) {
    let len = slice.len();
    // First every member below the middle sinks, the last one first: that makes the heap. Then the greatest, which
    // is at its root, changes places with the last, the heap ends before that, and the new root sinks.
    for step in (0..len + len / 2).rev() {
        let (mut root, end) = match step.checked_sub(len) {
            Some(root) => (root, len),
            None => {
                slice.swap(0, step);
                (0, step)
            }
        };
        loop {
            let mut child = 2 * root + 1;
            if child >= end {
                break;
            }
            if child + 1 < end && less(&slice[child], &slice[child + 1]) {
                child += 1;
            }
            if !less(&slice[root], &slice[child]) {
                break;
            }
            slice.swap(root, child);
            root = child;
        }
    }
}
