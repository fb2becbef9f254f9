//! Sets of days.

use std::ops::Range;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// A set of days in UTC, each counted from 1970-01-01.
///
/// ```
/// use ciem_core::Days;
///
/// let mut days = Days::default();
/// days.insert(20_454);
/// days.insert(20_456);
/// assert_eq!(days.iter().collect::<Vec<_>>(), [20_454, 20_456]);
/// assert_eq!(days.missing_in(20_454..20_457), 1);
/// assert_eq!(days.to_strings(), ["2026-01-01", "2026-01-03"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// Ascending: the number of a word of 64 days, and its days. No word is empty.
    words: Vec<(u32, u64)>,
}

impl Days {
    /// The days of a range.
    pub fn range(range: Range<u32>) -> Self {
        let mut days = Days::default();
        let mut day = range.start;
        while day < range.end {
            let word = day / 64;
            let end = range.end.min((word + 1).saturating_mul(64));
            days.words.push((word, bits(day..end, word)));
            day = end;
        }
        days
    }

    /// Adds a day.
    pub fn insert(&mut self, day: u32) {
        self.add(day / 64, 1 << (day % 64));
    }

    fn add(&mut self, word: u32, bits: u64) {
        // Logs come in order, more or less.
        if let Some(last) = self.words.last_mut().filter(|(known, _)| *known == word) {
            last.1 |= bits;
            return;
        }
        match self.words.binary_search_by_key(&word, |(known, _)| *known) {
            Ok(at) => self.words.get_mut(at).into_iter().for_each(|(_, known)| *known |= bits),
            Err(at) => self.words.insert(at, (word, bits)),
        }
    }

    /// Adds the days of another set.
    pub fn union_with(&mut self, other: &Days) {
        for &(word, bits) in &other.words {
            self.add(word, bits);
        }
    }

    /// Whether both sets have a day.
    pub fn meets(&self, other: &Days) -> bool {
        let of = |word: u32| other.words.binary_search_by_key(&word, |(known, _)| *known).ok();
        self.words.iter().any(|&(word, bits)| {
            of(word).and_then(|at| other.words.get(at)).is_some_and(|(_, theirs)| bits & theirs != 0)
        })
    }

    /// Whether a day is in the set.
    pub fn contains(&self, day: u32) -> bool {
        self.count_in(day..day.saturating_add(1)) == 1
    }

    /// How many days there are.
    pub fn len(&self) -> usize {
        self.words.iter().map(|(_, bits)| bits.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many days of a range are in the set.
    pub fn count_in(&self, range: Range<u32>) -> usize {
        let first =
            self.words.partition_point(|(word, _)| word.saturating_mul(64).saturating_add(63) < range.start);
        let words = self.words.get(first..).unwrap_or(&[]).iter();
        let within = words.take_while(|(word, _)| word.saturating_mul(64) < range.end);
        within.map(|&(word, days)| (days & bits(range.clone(), word)).count_ones() as usize).sum()
    }

    /// How many days of a range are not in the set.
    pub fn missing_in(&self, range: Range<u32>) -> usize {
        (range.end.saturating_sub(range.start) as usize).saturating_sub(self.count_in(range))
    }

    /// The last day of the set that lies in a range.
    pub fn last_in(&self, range: Range<u32>) -> Option<u32> {
        let words = self.words.iter().rev();
        words
            .filter_map(|&(word, days)| {
                let within = days & bits(range.clone(), word);
                (within != 0).then(|| word * 64 + 63 - within.leading_zeros())
            })
            .next()
    }

    /// The days, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().flat_map(|&(word, bits)| {
            (0..64).filter(move |at| bits >> at & 1 == 1).map(move |at| word * 64 + at)
        })
    }

    /// The days as `2026-01-31`, ascending.
    pub fn to_strings(&self) -> Vec<String> {
        self.iter().map(name).collect()
    }
}

impl FromIterator<u32> for Days {
    fn from_iter<I: IntoIterator<Item = u32>>(days: I) -> Self {
        let mut set = Days::default();
        days.into_iter().for_each(|day| set.insert(day));
        set
    }
}

/// The bits of a word that lie in a range of days.
fn bits(range: Range<u32>, word: u32) -> u64 {
    let first = word.saturating_mul(64);
    let low = range.start.saturating_sub(first).min(64);
    let high = range.end.saturating_sub(first).min(64);
    let below = |end: u32| if end == 64 { u64::MAX } else { (1 << end) - 1 };
    below(high) & !below(low)
}

/// The day of an instant; none before 1970 and after the year 9999.
pub(crate) fn day_of(at: i64) -> Option<u32> {
    u32::try_from(at.div_euclid(DAY)).ok().filter(|day| *day < 2_932_897)
}

/// A day as `2026-01-31`.
pub(crate) fn name(day: u32) -> String {
    let instant = jiff::Timestamp::from_second(i64::from(day) * DAY).unwrap_or_default();
    instant.to_string().chars().take(10).collect()
}
