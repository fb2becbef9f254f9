//! Observations on their way: alike ones are counted before they are sorted in.

use super::observed::{Alike, Observations};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};

/// Different observations that wait.
const MOST: usize = 16_384;
/// Bytes of text that wait.
const MOST_TEXT: usize = 16 << 20;

#[derive(Debug, Default)]
pub(super) struct Gathered {
    table: HashTable<(u64, u32)>,
    waiting: Vec<Waiting>,
    text: usize,
    seed: RandomState,
}

#[derive(Debug)]
struct Waiting {
    pair: u32,
    resource: Option<Box<str>>,
    context: Vec<(Box<str>, Box<str>)>,
    alike: Alike,
}

impl Gathered {
    pub(super) fn add(
        &mut self,
        pair: u32,
        resource: Option<&str>,
        context: &[(&str, Cow<'_, str>)],
        at: i64,
    ) {
        let hash = self.hash(pair, resource, context);
        let waiting = &mut self.waiting;
        let known = self.table.find(hash, |&(h, place)| {
            h == hash && waiting.get(place as usize).is_some_and(|one| one.is(pair, resource, context))
        });
        if let Some(&(_, place)) = known {
            if let Some(one) = waiting.get_mut(place as usize) {
                one.alike.join(Alike { first: at, last: at, count: 1 });
            }
            return;
        }
        let place = waiting.len() as u32;
        let own = |(key, value): &(&str, Cow<'_, str>)| ((*key).into(), value.as_ref().into());
        self.text +=
            resource.map_or(0, str::len) + context.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>();
        waiting.push(Waiting {
            pair,
            resource: resource.map(Into::into),
            context: context.iter().map(own).collect(),
            alike: Alike { first: at, last: at, count: 1 },
        });
        self.table.insert_unique(hash, (hash, place), |&(hash, _)| hash);
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MOST || self.text >= MOST_TEXT
    }

    /// Hands all to their permissions.
    pub(super) fn flush(&mut self, mut of: impl FnMut(u32, &mut dyn FnMut(&mut Observations))) {
        for one in self.waiting.drain(..) {
            let Waiting { pair, resource, context, alike } = one;
            let mut subject = Some((resource, context));
            of(pair, &mut |observations| {
                if let Some((resource, context)) = subject.take() {
                    observations.add(resource, context, alike);
                }
            });
        }
        self.table.clear();
        self.text = 0;
    }

    fn hash(&self, pair: u32, resource: Option<&str>, context: &[(&str, Cow<'_, str>)]) -> u64 {
        let mut hasher = self.seed.build_hasher();
        pair.hash(&mut hasher);
        resource.hash(&mut hasher);
        for (key, value) in context {
            key.hash(&mut hasher);
            value.hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl Waiting {
    fn is(&self, pair: u32, resource: Option<&str>, context: &[(&str, Cow<'_, str>)]) -> bool {
        self.pair == pair
            && self.resource.as_deref() == resource
            && self.context.len() == context.len()
            && self
                .context
                .iter()
                .zip(context)
                .all(|(own, (key, value))| own.0.as_ref() == *key && own.1.as_ref() == value.as_ref())
    }
}
