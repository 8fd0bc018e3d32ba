//! The search for many scripts in one filter after another.
//!
//! A [`Query`] is made once: elements of the same length lie together, as the words that are hashed. A [`Matcher`] then
//! takes filters: it decodes each, marks in a bitmap which stretches of the range hold a value, and hashes the elements,
//! four at a time. Most fall into a stretch without a value and are done with; the rest are looked up.
//!
//! **Bounds.** A query takes about a word more than its elements do. A matcher holds the values of one filter, which
//! the filter's own length bounds (see [`super::gcs`]), and three bytes of bitmap for each. A batch answers with one
//! number for each filter at most. A malformed filter matches nothing and is named apart.

use super::gcs::{Coded, FilterError, scale};
use super::siphash::{FilterKey, LANES, message_words, word_count};
use dash_protocol::BlockHash;

/// Values whose upper bits are the same share a mark. The range has about 24 stretches of 2^15 for each value, so that
/// one in 24 elements that are not in the filter is looked up.
const STRETCH_BITS: u32 = 15;

/// Elements of the same length, or of so little difference that they take the same number of words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    /// Words of each element.
    words: usize,
    /// The words of four elements at a time; the last four may have one more than once.
    lanes: Vec<[u64; LANES]>,
}

/// Elements to look for: scripts, and whatever else a filter holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    groups: Vec<Group>,
    len: usize,
}

impl Query {
    /// A query for any of these. Without any it matches nothing.
    pub fn new<E: AsRef<[u8]>>(elements: impl IntoIterator<Item = E>) -> Self {
        let mut by_words: Vec<(usize, Vec<E>)> = Vec::new();
        for element in elements {
            let words = word_count(element.as_ref());
            match by_words.binary_search_by_key(&words, |(words, _)| *words) {
                Ok(at) => by_words[at].1.push(element),
                Err(at) => by_words.insert(at, (words, vec![element])),
            }
        }
        let len = by_words.iter().map(|(_, elements)| elements.len()).sum();
        let groups =
            by_words.into_iter().map(|(words, elements)| Group { words, lanes: lanes(words, &elements) });
        Self { groups: groups.collect(), len }
    }

    /// How many elements are looked for.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is looked for.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The words of elements, four at a time; where elements run out, the last one takes their place.
fn lanes<E: AsRef<[u8]>>(words: usize, elements: &[E]) -> Vec<[u64; LANES]> {
    let mut lanes = Vec::with_capacity(elements.len().div_ceil(LANES) * words);
    for four in elements.chunks(LANES) {
        let start = lanes.len();
        lanes.resize(start + words, [0; LANES]);
        for lane in 0..LANES {
            let element = &four[lane.min(four.len() - 1)];
            for (at, word) in message_words(element.as_ref()).enumerate() {
                lanes[start + at][lane] = word;
            }
        }
    }
    lanes
}

/// What came of a batch: indices into it, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchMatches {
    /// Filters that hold an element of the query, or seem to.
    pub matched: Vec<u32>,
    /// What is no filter, so that only the block itself can be searched.
    pub malformed: Vec<u32>,
}

/// Looks for a query in filters.
#[derive(Clone, Debug)]
pub struct Matcher<'q> {
    query: &'q Query,
    /// The values of the filter at hand, ascending.
    values: Vec<u64>,
    /// A bit for each stretch of the range, set if a value is in it.
    marks: Vec<u64>,
}

impl<'q> Matcher<'q> {
    /// A matcher for a query.
    pub const fn new(query: &'q Query) -> Self {
        Self { query, values: Vec::new(), marks: Vec::new() }
    }

    /// Whether the filter of a block holds any element of the query, or seems to: one filter in about 785 for a
    /// thousand elements does without holding one. Never false for one that does.
    ///
    /// # Errors
    /// [`FilterError`] if it is not exactly a filter.
    pub fn matches(&mut self, block: &BlockHash, filter: &[u8]) -> Result<bool, FilterError> {
        let coded = Coded::parse(filter)?;
        coded.values_into(&mut self.values)?;
        if self.values.is_empty() {
            return Ok(false);
        }
        let (key, range) = (FilterKey::of(block), coded.range());
        self.mark(range);
        Ok(self.query.groups.iter().any(|group| self.finds(group, key, range)))
    }

    /// Whether an element of a group is in the filter at hand.
    fn finds(&self, Group { words, lanes }: &Group, key: FilterKey, range: u64) -> bool {
        // With the number of words known the compiler unrolls the rounds: it is 3 for payments to the hash of a script,
        // 4 for those to the hash of a key, and 5 for outpoints and bare keys.
        match words {
            3 => self.finds_any(lanes.as_chunks::<3>().0.iter().map(<[_; 3]>::as_slice), key, range),
            4 => self.finds_any(lanes.as_chunks::<4>().0.iter().map(<[_; 4]>::as_slice), key, range),
            5 => self.finds_any(lanes.as_chunks::<5>().0.iter().map(<[_; 5]>::as_slice), key, range),
            other => self.finds_any(lanes.chunks_exact(*other), key, range),
        }
    }

    #[inline(always)]
    fn finds_any<'w>(
        &self,
        mut elements: impl Iterator<Item = &'w [[u64; LANES]]>,
        key: FilterKey,
        range: u64,
    ) -> bool {
        elements.any(|words| {
            // Taken apart and put together again, the hashes are stored one by one, and not copied by a call.
            let [a, b, c, d] = key.hash_lanes(words);
            [a, b, c, d].iter().any(|hash| {
                let value = scale(*hash, range);
                self.marked(value) && self.values.binary_search(&value).is_ok()
            })
        })
    }

    /// Looks into one filter after another, each with the hash of its block.
    pub fn batch<'a>(&mut self, filters: impl IntoIterator<Item = (BlockHash, &'a [u8])>) -> BatchMatches {
        let mut found = BatchMatches::default();
        for (index, (block, filter)) in (0..).zip(filters) {
            match self.matches(&block, filter) {
                Ok(true) => found.matched.push(index),
                Ok(false) => {}
                Err(_) => found.malformed.push(index),
            }
        }
        found
    }

    /// Marks the stretches that hold a value.
    fn mark(&mut self, range: u64) {
        let stretches = (range >> STRETCH_BITS) as usize + 1;
        self.marks.clear();
        self.marks.resize(stretches.div_ceil(64), 0);
        for value in &self.values {
            let stretch = value >> STRETCH_BITS;
            self.marks[(stretch / 64) as usize] |= 1 << (stretch % 64);
        }
    }

    /// Whether the stretch of a value below the range is marked.
    #[inline(always)]
    fn marked(&self, value: u64) -> bool {
        let stretch = value >> STRETCH_BITS;
        self.marks[(stretch / 64) as usize] >> (stretch % 64) & 1 == 1
    }
}
