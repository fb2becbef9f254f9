//! Inclusion and overlap of two globs.
//!
//! Both are one greedy pass of a glob over the *letters* of the other, because Unicode is never exhausted by the
//! letters two globs name. For inclusion a `?` of the inner glob stands for a letter nobody names, which only a
//! wildcard takes; and a `*` stands for a run of such letters: longer than the outer glob, so that one of its stars
//! must take part, and also empty, so that it never helps to satisfy a `?`.

/// One character or wildcard of a glob.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Token {
    /// This character.
    Char(char),
    /// `?`
    One,
    /// `*`
    Any,
}

/// A token of the glob that is laid over letters; a run of wildcards with a star in it is one step.
#[derive(Clone, Copy)]
enum Step {
    Char(char),
    One,
    AtLeast(usize),
}

/// Whether every text of `inner` is a text of `outer`.
pub(super) fn includes(outer: &[Token], inner: &[Token]) -> bool {
    covers(&steps(outer), inner, |character, letter| letter == Token::Char(character))
}

/// Whether some text belongs to both.
pub(super) fn overlaps(left: &[Token], right: &[Token]) -> bool {
    let fits = |character, letter| letter == Token::One || letter == Token::Char(character);
    match (left.contains(&Token::Any), right.contains(&Token::Any)) {
        // Both stretch in the middle: whatever stands between the outermost stars of one can be written beside what
        // stands between those of the other, so only the two ends can disagree.
        (true, true) => {
            ends_agree(left.iter(), right.iter()) && ends_agree(left.iter().rev(), right.iter().rev())
        }
        (true, false) => covers(&steps(left), right, fits),
        (false, _) => covers(&steps(right), left, fits),
    }
}

fn ends_agree<'a>(left: impl Iterator<Item = &'a Token>, right: impl Iterator<Item = &'a Token>) -> bool {
    left.zip(right)
        .take_while(|&(left, right)| *left != Token::Any && *right != Token::Any)
        .all(|(left, right)| left == right || *left == Token::One || *right == Token::One)
}

fn steps(tokens: &[Token]) -> Vec<Step> {
    let mut steps = Vec::with_capacity(tokens.len());
    let (mut ones, mut star) = (0, false);
    for token in tokens {
        match token {
            Token::One => ones += 1,
            Token::Any => star = true,
            Token::Char(character) => {
                push_run(&mut steps, ones, star);
                (ones, star) = (0, false);
                steps.push(Step::Char(*character));
            }
        }
    }
    push_run(&mut steps, ones, star);
    steps
}

fn push_run(steps: &mut Vec<Step>, ones: usize, star: bool) {
    if star {
        steps.push(Step::AtLeast(ones));
    } else {
        steps.extend(std::iter::repeat_n(Step::One, ones));
    }
}

/// Lays `steps` over `letters`, each part between stars as early as possible. A star among the letters is taken by
/// stars only and counts as no letter.
fn covers(steps: &[Step], letters: &[Token], fits: impl Fn(char, Token) -> bool) -> bool {
    let (mut at, mut pos) = (0, 0);
    let mut retry = None;
    loop {
        match (steps.get(at), letters.get(pos)) {
            (Some(Step::AtLeast(count)), _) => {
                let mut missing = *count;
                while missing > 0 {
                    match letters.get(pos) {
                        None => return false,
                        Some(Token::Any) => {}
                        Some(_) => missing -= 1,
                    }
                    pos += 1;
                }
                at += 1;
                if at == steps.len() {
                    return true;
                }
                retry = Some((at, pos));
                continue;
            }
            (None, None) => return true,
            (Some(_), None) => return false,
            (Some(Step::One), Some(letter)) if *letter != Token::Any => {
                at += 1;
                pos += 1;
                continue;
            }
            (Some(Step::Char(character)), Some(letter)) if fits(*character, *letter) => {
                at += 1;
                pos += 1;
                continue;
            }
            _ => {}
        }
        match retry {
            Some((after_star, taken)) if taken < letters.len() => {
                retry = Some((after_star, taken + 1));
                (at, pos) = (after_star, taken + 1);
            }
            _ => return false,
        }
    }
}
