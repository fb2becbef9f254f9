//! The stretch of time that a question about usage is about.

use super::days::{DAY, day_of};
use crate::error::Error;
use std::ops::Range;

/// Lengths of windows without which nothing sensible is asked.
const MOST_DAYS: i64 = 36_600;

/// A stretch of time that ends at an instant: `[at − length, at)`. Logs are kept by day in UTC, so the window is the
/// days that it touches.
///
/// ```
/// use ciem_core::Window;
///
/// let window = Window::ending("90d", "2026-11-01T00:00:00Z")?;
/// assert_eq!(window.days().len(), 90);
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Window {
    from: i64,
    to: i64,
    gaps: u32,
}

impl Window {
    /// The window of this length (`90d`, `12w` or `36h`) that ends at `at` (RFC 3339).
    ///
    /// # Errors
    /// `invalid_request` for a length or a time that is none.
    pub fn ending(length: &str, at: &str) -> Result<Self, Error> {
        Self::before(length, crate::model::instant(at)?)
    }

    /// As [`Window::ending`], with the time in seconds since 1970.
    ///
    /// # Errors
    /// `invalid_request` for a length that is none.
    pub fn before(length: &str, at: i64) -> Result<Self, Error> {
        let wrong = || Error::invalid("window", "expected a length such as `90d`, `12w` or `36h`");
        let unit = match length.chars().last() {
            Some('d') => DAY,
            Some('w') => 7 * DAY,
            Some('h') => DAY / 24,
            _ => return Err(wrong()),
        };
        let number: i64 =
            length.get(..length.len().saturating_sub(1)).and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
        let seconds =
            number.checked_mul(unit).filter(|s| *s > 0 && *s <= MOST_DAYS * DAY).ok_or_else(wrong)?;
        Ok(Window { from: at.saturating_sub(seconds), to: at, gaps: 0 })
    }

    /// The same window, which counts as covered by a log although up to this many of its days are not in it. Without
    /// it every day has to be.
    #[must_use]
    pub fn gaps(mut self, days: u32) -> Self {
        self.gaps = days;
        self
    }

    /// Where it begins, in seconds since 1970.
    pub fn from(&self) -> i64 {
        self.from
    }

    /// Where it ends, in seconds since 1970; that instant is not in it.
    pub fn to(&self) -> i64 {
        self.to
    }

    /// The days that it touches, counted from 1970-01-01.
    pub fn days(&self) -> Range<u32> {
        let day = |at: i64| day_of(at.max(0)).unwrap_or(u32::MAX - 1);
        day(self.from)..day(self.to.saturating_sub(1)).saturating_add(1)
    }

    /// Days without a log that do not matter.
    pub(crate) fn tolerated(&self) -> usize {
        self.gaps as usize
    }
}
