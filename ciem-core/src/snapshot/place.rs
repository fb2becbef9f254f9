//! Resource patterns of a library, and where the resources lie that they match.

use super::library::ActionSetId;
use crate::base::Text;

/// What a statement on particular resources says to a question about any resource, where its patterns alone tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Somewhere {
    /// The permissions that act on some of the resources.
    pub(crate) actions: ActionSetId,
    /// The account in which all of them lie; `None` if every account may have such.
    pub(crate) account: Option<Text>,
}

/// A resource pattern as text; patterns are matched from the text, since there are hundreds of thousands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PatternEntry {
    pub(crate) text: Text,
    pub(crate) kind: PatternKind,
    pub(crate) place: Place,
    /// The permissions that can act on a resource which this pattern matches.
    pub(crate) applicable: ActionSetId,
}

impl PatternEntry {
    /// Where its resources lie, and what can act on them.
    pub(crate) fn reach(self) -> (Place, ActionSetId) {
        (self.place, self.applicable)
    }
}

/// Where the resources lie that a pattern matches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Place {
    /// It hangs on who asks, on the resources that are known, or there are none, or it is all of them.
    Open,
    Anywhere,
    Account(Text),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PatternKind {
    /// `*`.
    Any,
    /// Without wildcards.
    Literal,
    Wild,
    /// With policy variables or escapes.
    Template,
}
