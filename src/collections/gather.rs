//! Collecting into a vector, in a form that weighs little in the package.

/// What iterators gather into.
pub trait Gathered<T>: Sized {
    /// Takes all items, or those up to the first that is none or an error.
    fn gathered(items: impl Iterator<Item = T>) -> Self;
}

/// `gather` does what `collect` does. The standard library's form asks an iterator for its size before and in between
/// and calls it in two places, which is compiled again for each of some hundred iterators, and again as often for
/// vectors of results; this one is a loop.
pub trait Gather: Iterator + Sized {
    /// Collects the items.
    fn gather<C: Gathered<Self::Item>>(self) -> C {
        C::gathered(self)
    }
}

impl<I: Iterator> Gather for I {}

impl<T> Gathered<T> for Vec<T> {
    fn gathered(items: impl Iterator<Item = T>) -> Self {
        let mut all = Self::new();
        for item in items {
            all.push(item);
        }
        all
    }
}

impl<T> Gathered<Option<T>> for Option<Vec<T>> {
    fn gathered(items: impl Iterator<Item = Option<T>>) -> Self {
        let mut all = Vec::new();
        for item in items {
            all.push(item?);
        }
        Some(all)
    }
}

impl<T, E> Gathered<Result<T, E>> for Result<Vec<T>, E> {
    fn gathered(items: impl Iterator<Item = Result<T, E>>) -> Self {
        let mut all = Vec::new();
        for item in items {
            all.push(item?);
        }
        Ok(all)
    }
}
