//! What the caller's scratch memory remembers of leaves: those that need text to be put together or patterns to be
//! compared are worked out once, so that a warm verdict touches no allocator.

use super::caller::Caller;
use super::leaf::Open;
use super::question::{Part, Setting};
use crate::condition::{Expr, Tri};
use crate::model::ClauseId;
use crate::snapshot::library::PatternId;
use crate::truth::{Mark, Truth};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::cell::RefCell;

/// A leaf that is worth remembering.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Leaf {
    /// How far a pattern covers what is asked.
    Pattern(PatternId),
    /// Whether a variable of the pattern has neither value nor default.
    Unresolvable(PatternId),
    /// A clause with variables.
    Clause(ClauseId),
    /// Whether what is asked may have a policy that was not given.
    UnknownPolicy,
}

/// How far a leaf holds, and the name of what that depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) degree: Tri,
    open: Mark,
}

impl Answer {
    /// `mark` is called only where the degree is open.
    pub(crate) fn of(degree: Tri, mark: impl FnOnce() -> Mark) -> Answer {
        let open = if degree == Tri::Maybe { mark() } else { Mark::never() };
        Answer { degree, open }
    }

    pub(crate) fn mark(self) -> Mark {
        match self.degree {
            Tri::No => Mark::never(),
            Tri::Yes => Mark::always(),
            Tri::Maybe => self.open,
        }
    }
}

impl From<Open> for Answer {
    fn from(open: Open) -> Answer {
        Answer::of(open.degree, || Mark::of_expr(&open.into_expr()))
    }
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Answer {
        Open::known(Tri::from(holds)).into()
    }
}

/// By leaf and by what names that on which it depends.
type ByLeaf<T> = HashMap<(Leaf, Mark), T, RandomState>;

/// Leaves that were worked out before, of one snapshot.
#[derive(Debug, Default)]
pub(crate) struct LeafMemo {
    known: RefCell<ByLeaf<Answer>>,
    /// What they depend on, where that is asked of many callers.
    kept: Option<RefCell<ByLeaf<Expr>>>,
}

/// More remembered leaves than this are dropped and started anew.
const REMEMBERED: usize = 1 << 17;

impl LeafMemo {
    /// One that also keeps what a leaf depends on.
    pub(super) fn keeping() -> LeafMemo {
        LeafMemo { kept: Some(RefCell::default()), ..LeafMemo::default() }
    }

    /// As `answer`, of a leaf whose expression is worth keeping.
    pub(crate) fn opened(&self, leaf: Leaf, context: Mark, compute: impl FnOnce() -> Open) -> Answer {
        self.answer(leaf, context, || {
            let open = compute();
            if let (Some(kept), Some(expr)) = (&self.kept, &open.expr) {
                kept.borrow_mut().insert((leaf, context), expr.clone());
            }
            open.into()
        })
    }

    /// What an open leaf depends on, if that was kept.
    pub(crate) fn kept(&self, leaf: Leaf, context: Mark) -> Option<Expr> {
        self.kept.as_ref()?.borrow().get(&(leaf, context)).cloned()
    }

    /// `compute` must depend on the leaf and on what `context` names, and on nothing else.
    pub(crate) fn answer(&self, leaf: Leaf, context: Mark, compute: impl FnOnce() -> Answer) -> Answer {
        if let Some(&known) = self.known.borrow().get(&(leaf, context)) {
            return known;
        }
        let answer = compute();
        let mut known = self.known.borrow_mut();
        if known.len() >= REMEMBERED {
            known.clear();
            self.kept.iter().for_each(|kept| kept.borrow_mut().clear());
        }
        known.insert((leaf, context), answer);
        answer
    }
}

/// What the leaves of one part of a request depend on, by name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartMarks {
    /// What is asked, of whom: enough for patterns without variables.
    pub(crate) asked: Mark,
    /// That and what is known of every context key.
    pub(crate) whole: Mark,
    /// The same for documents that came with the request, and for these alone.
    pub(crate) brought: Mark,
}

impl PartMarks {
    pub(crate) fn new(caller: &Caller, permission: u16, part: &Part, setting: &Setting) -> PartMarks {
        // Whose resources are meant hangs on the account of who asks, where the part tells no owner.
        let asked = Mark::of(&(&part.asked, &part.owner, part.resource, &caller.account_id, permission));
        let whole = Mark::of(&(asked, setting.states.mark()));
        let brought = match &setting.brought {
            Some(brought) => Mark::of(&(asked, brought.mark, brought.states.mark())),
            None => whole,
        };
        PartMarks { asked, whole, brought }
    }
}

/// The memory as one part sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memo<'a> {
    pub(crate) leaves: &'a LeafMemo,
    pub(crate) marks: PartMarks,
}
