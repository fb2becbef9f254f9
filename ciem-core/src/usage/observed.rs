//! What a permission was used on and under which context: a bounded set that is the same however it came together.
//!
//! Once there are too many different observations, all are made one step coarser, and so on. A step makes of equals
//! equals and follows on the step before, so the set stands at the first step at which it fits, whatever the order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Different observations that are kept for one permission of one principal.
const MOST: usize = 64;

/// How coarse observations are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Step(u8);

/// What each step keeps: bits of an IPv4 and of an IPv6 address (0 leaves the key out), the parts of a resource's id
/// between `/` and `:`, and whether other keys stay.
const STEPS: &[(u8, u8, usize, bool)] = &[
    (32, 128, usize::MAX, true),
    (24, 64, usize::MAX, true),
    (16, 48, usize::MAX, true),
    (0, 0, usize::MAX, true),
    (0, 0, 12, true),
    (0, 0, 10, true),
    (0, 0, 9, true),
    (0, 0, 8, true),
    (0, 0, 7, true),
    (0, 0, 6, true),
    (0, 0, 5, true),
    (0, 0, 5, false),
    (0, 0, 3, false),
    (0, 0, 0, false),
];

/// What one call was about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Subject {
    /// `None` where the log names no resource.
    pub(crate) resource: Option<Box<str>>,
    /// By key; a key that a step left out is not there.
    pub(crate) context: Vec<(Box<str>, Box<str>)>,
}

/// Calls that were alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Alike {
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) count: u64,
}

impl Alike {
    pub(super) fn join(&mut self, other: Alike) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count = self.count.saturating_add(other.count);
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observations {
    step: Step,
    seen: BTreeMap<Subject, Alike>,
}

impl Observations {
    /// Adds calls about one resource.
    pub(crate) fn add(
        &mut self,
        resource: Option<Box<str>>,
        context: Vec<(Box<str>, Box<str>)>,
        alike: Alike,
    ) {
        let subject = Subject { resource, context };
        let subject = if self.step == Step::default() { subject } else { subject.at(self.step) };
        self.put(subject, alike);
        self.fit();
    }

    /// Adds what another set has.
    pub(crate) fn merge(&mut self, other: &Observations) {
        if self.step < other.step {
            self.step = other.step;
            self.again();
        }
        for (subject, alike) in &other.seen {
            self.put(subject.at(self.step), *alike);
        }
        self.fit();
    }

    fn put(&mut self, subject: Subject, alike: Alike) {
        match self.seen.get_mut(&subject) {
            Some(known) => known.join(alike),
            None => {
                self.seen.insert(subject, alike);
            }
        }
    }

    fn fit(&mut self) {
        while self.seen.len() > MOST && usize::from(self.step.0) + 1 < STEPS.len() {
            self.step = Step(self.step.0 + 1);
            self.again();
        }
    }

    fn again(&mut self) {
        for (subject, alike) in std::mem::take(&mut self.seen) {
            self.put(subject.at(self.step), alike);
        }
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&Subject, &Alike)> {
        self.seen.iter()
    }

    /// Whether resources are as they were logged.
    pub(crate) fn resources_are_exact(&self) -> bool {
        self.step.kept().2 == usize::MAX
    }
}

impl Subject {
    fn at(&self, step: Step) -> Subject {
        coarse(step, self.resource.as_deref(), self.context.iter().map(|(k, v)| (k.as_ref(), v.as_ref())))
    }
}

impl Step {
    fn kept(self) -> (u8, u8, usize, bool) {
        STEPS.get(usize::from(self.0)).copied().unwrap_or((0, 0, 0, false))
    }
}

fn coarse<'a>(
    step: Step,
    resource: Option<&str>,
    context: impl Iterator<Item = (&'a str, &'a str)>,
) -> Subject {
    let (four, six, parts, others) = step.kept();
    let exact = step == Step::default();
    let context = context.filter_map(|(key, value)| {
        let value = match if exact { None } else { network(value) } {
            Some(address) => Cow::Owned(wider(address, four, six)?),
            None if others => Cow::Borrowed(value),
            None => return None,
        };
        Some((key.into(), value.into()))
    });
    Subject { resource: resource.map(|resource| shorter(resource, parts).into()), context: context.collect() }
}

/// An address, or a network of an earlier step.
fn network(value: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match value.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (value, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(all), |bits| bits.parse().ok().filter(|bits| *bits <= all))?;
    Some((address, bits))
}

fn wider((address, bits): (IpAddr, u8), four: u8, six: u8) -> Option<String> {
    let most = if address.is_ipv4() { four } else { six };
    if most == 0 {
        return None;
    }
    let net = ipnet::IpNet::new(address, bits.min(most)).ok()?;
    Some(net.trunc().to_string())
}

/// The first parts of an id, and a star for the rest. What has no more parts stays as it is.
fn shorter(id: &str, parts: usize) -> Cow<'_, str> {
    if parts == usize::MAX {
        return Cow::Borrowed(id);
    }
    let end = match parts {
        0 => Some(0),
        _ => id.match_indices(['/', ':']).nth(parts - 1).map(|(at, _)| at + 1),
    };
    match end.and_then(|end| id.get(..end)) {
        // A pattern of an earlier step that ends here is this step's, too.
        Some(head) if id.get(head.len()..) != Some("*") => Cow::Owned(format!("{head}*")),
        _ => Cow::Borrowed(id),
    }
}
