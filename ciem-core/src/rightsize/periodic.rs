//! Rhythms in the days on which something was used.

use crate::usage::days::Days;

/// Periods that calendars have, in days: at least, at most. Two uses that lie so far apart are a rhythm already.
const CALENDAR: &[(u32, u32)] = &[(7, 7), (14, 14), (28, 31), (89, 92), (181, 184), (363, 367)];

/// Uses that follow each other as closely as this are one.
const ONE_RUN: u32 = 3;

/// The period in days, if the uses came in a rhythm: twice a calendar's period apart, or three times and more with
/// steps that differ by at most a fifth.
pub(super) fn period(days: &Days) -> Option<u32> {
    let mut runs: Vec<u32> = Vec::new();
    let mut last = None;
    for day in days.iter() {
        if last.is_none_or(|last| day - last > ONE_RUN) {
            runs.push(day);
        }
        last = Some(day);
    }
    let mut steps: Vec<u32> = runs.iter().zip(runs.iter().skip(1)).map(|(one, next)| next - one).collect();
    steps.sort_unstable();
    let (Some(&least), Some(&most)) = (steps.first(), steps.last()) else { return None };
    let of_calendar = |step: u32| CALENDAR.iter().any(|&(from, to)| from <= step && step <= to);
    let even = match steps.len() {
        1 => of_calendar(most),
        _ => most <= least + least.div_ceil(5).max(3),
    };
    even.then_some(most)
}

/// Whether the rhythm goes on at the end of `end`: the last use is at most two periods ago.
pub(super) fn goes_on(days: &Days, end: u32) -> bool {
    let last = days.last_in(0..end);
    last.zip(period(days)).is_some_and(|(last, period)| end - last <= 2 * period)
}

#[cfg(test)]
mod tests {
    use super::{goes_on, period};
    use crate::usage::days::Days;

    fn days(days: &[u32]) -> Days {
        days.iter().copied().collect()
    }

    #[test]
    fn a_quarter_apart_is_a_rhythm_and_forty_days_are_none() {
        assert_eq!(period(&days(&[100, 191])), Some(91));
        assert_eq!(period(&days(&[100, 140])), None);
        assert_eq!(period(&days(&[100])), None);
    }

    #[test]
    fn three_even_steps_are_a_rhythm() {
        assert_eq!(period(&days(&[0, 40, 80, 121])), Some(41));
        assert_eq!(period(&days(&[0, 40, 120])), None);
        // A run of days counts once.
        assert_eq!(period(&days(&[0, 1, 2, 30, 31, 60])), Some(30));
    }

    #[test]
    fn it_goes_on_for_two_periods() {
        assert!(goes_on(&days(&[100, 191]), 191 + 182));
        assert!(!goes_on(&days(&[100, 191]), 191 + 183));
    }
}
