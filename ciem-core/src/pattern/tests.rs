use std::collections::BTreeSet;

use proptest::prelude::*;

use super::relation::Token;
use super::{Glob, Pattern, Piece, Relation, Syntax, Template, Written};

const AWS: Syntax = Syntax { separator: ':', segments: 6 };
const PAIR: Syntax = Syntax { separator: ':', segments: 2 };
const WHOLE: Syntax = Syntax { separator: '/', segments: 1 };

/// The definition of a glob, without any cleverness.
fn naive(glob: &[Token], text: &[char]) -> bool {
    match (glob, text) {
        ([], []) => true,
        ([Token::Any, rest @ ..], _) => naive(rest, text) || (!text.is_empty() && naive(glob, &text[1..])),
        ([Token::One, rest @ ..], [_, text @ ..]) => naive(rest, text),
        ([Token::Char(own), rest @ ..], [other, text @ ..]) => own == other && naive(rest, text),
        _ => false,
    }
}

fn naive_text(glob: &str, text: &str) -> bool {
    let tokens: Vec<Token> = glob
        .chars()
        .map(|character| match character {
            '*' => Token::Any,
            '?' => Token::One,
            other => Token::Char(other),
        })
        .collect();
    naive(&tokens, &text.chars().collect::<Vec<_>>())
}

/// Every text over `alphabet` with at most `length` characters.
fn texts(alphabet: &str, length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..length {
        let until = all.len();
        for at in from..until {
            all.extend(
                alphabet.chars().map(|character| format!("{}{character}", all[at])).collect::<Vec<_>>(),
            );
        }
        from = until;
    }
    all
}

/// Canonical globs over `alphabet` with at most `length` tokens, each with the set of `words` it matches as bits.
fn languages(alphabet: &str, length: usize, words: &[String]) -> Vec<(Glob, Vec<u64>)> {
    let globs: BTreeSet<Glob> = texts(alphabet, length).iter().map(|text| Glob::parse(text)).collect();
    globs.into_iter().map(|glob| (glob.clone(), language(&glob.to_string(), words))).collect()
}

fn language(glob: &str, words: &[String]) -> Vec<u64> {
    let mut bits = vec![0; words.len().div_ceil(64)];
    for (at, word) in words.iter().enumerate() {
        if naive_text(glob, word) {
            bits[at / 64] |= 1 << (at % 64);
        }
    }
    bits
}

/// Compares inclusion and overlap of all pairs with the words themselves; `words` must be long enough for a witness.
fn check_relations(alphabet: &str, length: usize, letters: &str, word_length: usize) {
    let words = texts(letters, word_length);
    let all = languages(alphabet, length, &words);
    for (left, left_words) in &all {
        for (right, right_words) in &all {
            let pairs = || left_words.iter().zip(right_words);
            let included = pairs().all(|(left, right)| right & !left == 0);
            assert_eq!(left.includes(right), included, "{left} includes {right}");
            let common = pairs().any(|(left, right)| left & right != 0);
            assert_eq!(left.overlaps(right), common, "{left} overlaps {right}");
            assert_eq!(
                left.overlaps_written(&Written::new(&right.to_string())),
                common,
                "{left} overlaps the text {right}"
            );
        }
    }
}

#[test]
fn relations_are_exact_on_two_letters() {
    check_relations("ab*?", 4, "abz", 8);
}

#[test]
fn relations_are_exact_on_long_runs_of_one_letter() {
    check_relations("a*?", 6, "az", 11);
}

/// Which of `globs` match, for every text there is: their automata run side by side over `a`, `b` and a letter that no
/// glob names, until no new combination of states appears.
fn acceptances(globs: &[&Glob]) -> BTreeSet<Vec<bool>> {
    let tokens: Vec<Vec<Token>> = globs.iter().map(|glob| glob.tokens()).collect();
    let close = |tokens: &[Token], states: u32| {
        (0..tokens.len()).fold(states, |states, at| match tokens[at] {
            Token::Any if states >> at & 1 == 1 => states | 1 << (at + 1),
            _ => states,
        })
    };
    let next = |tokens: &[Token], states: u32, letter: char| {
        let moved =
            tokens.iter().enumerate().filter(|(at, _)| states >> at & 1 == 1).map(
                |(at, token)| match token {
                    Token::Any => 1 << at,
                    Token::One => 1 << (at + 1),
                    Token::Char(own) => u32::from(*own == letter) << (at + 1),
                },
            );
        close(tokens, moved.fold(0, |all, state| all | state))
    };
    let start: Vec<u32> = tokens.iter().map(|tokens| close(tokens, 1)).collect();
    let mut seen = BTreeSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some(states) = open.pop() {
        for letter in ['a', 'b', 'z'] {
            let moved: Vec<u32> =
                tokens.iter().zip(&states).map(|(tokens, states)| next(tokens, *states, letter)).collect();
            if seen.insert(moved.clone()) {
                open.push(moved);
            }
        }
    }
    let accepted = |states: Vec<u32>| -> Vec<bool> {
        tokens.iter().zip(states).map(|(tokens, states)| states >> tokens.len() & 1 == 1).collect()
    };
    seen.into_iter().map(accepted).collect()
}

/// The union of an intersection, compared word by word, and its promises about order and minimality.
fn check_intersections(alphabet: &str, length: usize, letters: &str, word_length: usize) {
    let words = texts(letters, word_length);
    let all = languages(alphabet, length, &words);
    for (at, (left, left_words)) in all.iter().enumerate() {
        for (right, right_words) in &all[at..] {
            let Some(members) = left.intersect(right) else {
                panic!("{left} and {right} are small, yet there is no intersection");
            };
            let mut union = vec![0; left_words.len()];
            for member in &members {
                let text = member.to_string();
                let of_member = all.iter().find(|(known, _)| known == member).map(|(_, bits)| bits.clone());
                let bits = of_member.unwrap_or_else(|| language(&text, &words));
                union.iter_mut().zip(bits).for_each(|(union, bits)| *union |= bits);
            }
            let common: Vec<u64> = left_words.iter().zip(right_words).map(|(a, b)| a & b).collect();
            assert!(union == common, "{left} and {right} gave {members:?}");
            assert!(members.is_sorted() && members.len() <= 16);
            for outer in &members {
                assert!(members.iter().all(|inner| inner == outer || !outer.includes(inner)), "{members:?}");
            }
            assert_eq!(
                right.intersect(left).as_ref(),
                Some(&members),
                "{left} and {right} in the other order"
            );
        }
    }
}

#[test]
fn intersections_are_exact() {
    check_intersections("ab*?", 3, "abz", 7);
    check_intersections("a*?", 4, "az", 9);
}

fn glob_text() -> impl Strategy<Value = String> {
    "[ab*?é]{0,9}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn matching_agrees_with_the_definition(glob in glob_text(), text in "[abé*?]{0,12}") {
        let parsed = Glob::parse(&glob);
        prop_assert_eq!(parsed.matches(&text), naive_text(&glob, &text));
        prop_assert_eq!(
            parsed.matches_ignore_ascii_case(&text.to_uppercase().replace('É', "é")),
            naive_text(&glob, &text)
        );
    }

    #[test]
    fn canonical_form_is_the_language(left in glob_text(), right in glob_text()) {
        let (left, right) = (Glob::parse(&left), Glob::parse(&right));
        prop_assert_eq!(left == right, left.includes(&right) && right.includes(&left));
    }

    #[test]
    fn relations_of_longer_globs_are_exact(left in "[ab*?]{0,8}", right in "[ab*?]{0,8}") {
        let (left, right) = (Glob::parse(&left), Glob::parse(&right));
        let members = left.intersect(&right);
        let globs: Vec<&Glob> = [&left, &right].into_iter().chain(members.iter().flatten()).collect();
        let (mut included, mut overlapping) = (true, false);
        for accepted in acceptances(&globs) {
            let both = accepted[0] && accepted[1];
            included &= accepted[0] || !accepted[1];
            overlapping |= both;
            if members.is_some() {
                prop_assert_eq!(accepted[2..].contains(&true), both, "{} and {}: {:?}", left, right, members);
            }
        }
        prop_assert_eq!(left.includes(&right), included, "{} includes {}", left, right);
        prop_assert_eq!(left.overlaps(&right), overlapping, "{} overlaps {}", left, right);
    }

    #[test]
    fn printed_globs_read_back(text in r"[ab*?${}]{0,8}", pieces in prop::collection::vec(0..3u8, 0..4)) {
        let pieces = pieces.iter().map(|kind| match kind {
            0 => Piece::Any,
            1 => Piece::One,
            _ => Piece::Text(&text),
        });
        let glob = Glob::from_pieces(pieces);
        let read = Template::parse(&glob.to_string());
        prop_assert!(read.variables().next().is_none(), "{} holds a variable", glob);
        prop_assert_eq!(read.to_glob(&mut |_| None), Some(glob));
    }

    #[test]
    fn patterns_match_segment_by_segment(pattern in "[ab*?:]{0,7}", id in "[ab:]{0,6}") {
        let Some(parsed) = Pattern::parse(&pattern, PAIR) else {
            prop_assert!(!pattern.contains(':') && !pattern.trim_matches('*').is_empty() || pattern.is_empty());
            return Ok(());
        };
        let expected = match (pattern.split_once(':'), id.split_once(':')) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((first, last)), Some((id_first, id_last))) => {
                naive_text(first, id_first) && naive_text(last, id_last)
            }
        };
        prop_assert_eq!(parsed.matches(&id, PAIR), expected);
    }

    #[test]
    fn any_text_is_read_without_panic(text in r"(\$|\{|\}|,|'|\*|\?|:| |a|é|\$\{a, 'é'\}){0,12}") {
        let template = Template::parse(&text);
        let _ = template.captures("a", &text, &mut |_| None);
        let _ = template.captures_in_id(PAIR, "a", &text, &mut |_| None);
        let _ = template.to_pattern(AWS, &mut |_| Some(text.clone()));
    }
}

#[test]
fn pattern_relations_are_exact() {
    let ids = texts("az:", 6);
    let patterns: BTreeSet<Pattern> =
        texts("a*?:", 4).iter().filter_map(|text| Pattern::parse(text, PAIR)).collect();
    let all: Vec<(Pattern, Vec<bool>)> = patterns
        .into_iter()
        .map(|pattern| {
            let matched = ids.iter().map(|id| pattern.matches(id, PAIR)).collect();
            (pattern, matched)
        })
        .collect();
    for (left, left_ids) in &all {
        for (right, right_ids) in &all {
            let pairs = || left_ids.iter().zip(right_ids);
            let expected = if pairs().all(|(left, right)| *left || !right) {
                Relation::Contains
            } else if pairs().any(|(left, right)| *left && *right) {
                Relation::Overlaps
            } else {
                Relation::Disjoint
            };
            assert_eq!(left.relation(right), expected, "{left} against {right}");
            let members = left.intersect(right).unwrap();
            for (id, (left, right)) in ids.iter().zip(pairs()) {
                assert_eq!(members.iter().any(|member| member.matches(id, PAIR)), *left && *right, "{id}");
            }
            assert!(members.is_sorted());
        }
    }
}

/// Values a naive search finds: every value up to the length of the text, inserted one after the other.
fn naive_captures(template: &str, text: &str) -> Vec<String> {
    let mut values: Vec<String> = texts("ab", text.len());
    values.retain(|value| naive_text(&template.replace("${v}", value), text));
    values.sort();
    values
}

#[test]
fn captures_are_exact() {
    for template in texts("a*?V", 4).iter().filter(|text| text.contains('V')) {
        let template = template.replace('V', "${v}");
        let parsed = Template::parse(&template);
        for text in texts("ab", 4) {
            let found = parsed.captures("V", &text, &mut |_| None);
            assert_eq!(found, Some(naive_captures(&template, &text)), "{template} on {text}");
        }
    }
}

#[test]
fn captures_end_where_values_are_not_finite_or_not_known() {
    let captures = |template: &str, text: &str| Template::parse(template).captures("v", text, &mut |_| None);
    assert_eq!(captures("no variable", "no variable"), None);
    assert_eq!(captures("${v}/${w}", "a/b"), None);
    assert_eq!(captures("${v}/${w, 'b'}", "a/b"), Some(vec!["a".to_owned()]));
    assert_eq!(captures("*${v}*", &"abcdefghijklmnopqrstuvwxyz".repeat(2)), None);
    let open = Template::parse("${v}/${w}");
    let mut known = |key: &str| (key == "w").then(|| "*".to_owned());
    assert_eq!(open.captures("v", "a/b", &mut known), Some(vec![]));
    assert_eq!(open.captures("v", "a/*", &mut known), Some(vec!["a".to_owned()]));
}

#[test]
fn captures_in_ids_stay_in_their_segment() {
    let template = Template::parse("arn:aws:s3::${aws:PrincipalTag/acct}:home-${aws:PrincipalTag/acct}/*");
    let found = |id: &str| template.captures_in_id(AWS, "aws:principaltag/ACCT", id, &mut |_| None);
    assert_eq!(found("arn:aws:s3::12:home-12/x/12"), Some(vec!["12".to_owned()]));
    assert_eq!(found("arn:aws:s3::12:home-13/x"), Some(vec![]));
    assert_eq!(found("arn:aws:sqs::12:home-12/x"), Some(vec![]));
    assert_eq!(found("*"), Some(vec![]));
    let other = Template::parse("arn:aws:s3:::home/${aws:username}");
    assert_eq!(other.captures_in_id(AWS, "aws:userid", "arn:aws:s3:::home/x", &mut |_| None), None);
    assert_eq!(
        other.captures_in_id(AWS, "aws:username", "arn:aws:s3:::home/a:b/c", &mut |_| None),
        Some(vec!["a:b/c".to_owned()])
    );
}

#[test]
fn canonical_form() {
    for (text, canonical) in [
        ("**", "*"),
        ("*?*", "?*"),
        ("*?", "?*"),
        ("a*?*?b", "a??*b"),
        ("", ""),
        ("??", "??"),
        ("***a***", "*a*"),
    ] {
        assert_eq!(Glob::parse(text).to_string(), canonical);
    }
    let merged =
        Glob::from_pieces([Piece::Text("a"), Piece::Text(""), Piece::Text("b*"), Piece::Any, Piece::Any]);
    assert_eq!(merged.to_string(), "ab${*}*");
    assert_eq!(merged.literal_prefix(), "ab*");
    assert!(merged.matches("ab*") && !merged.matches("abc"));
    assert_eq!(Glob::literal("*").as_literal(), Some("*"));
    assert!(Glob::any().is_any() && !Glob::literal("*").is_any() && !Glob::parse("?*").is_any());
    assert_eq!(Glob::literal("${").to_string(), "${$}{");
    assert!(Glob::literal("a*c*").includes(&Glob::literal("a*c*")));
    assert!(
        !Glob::literal("a*").includes(&Glob::parse("a*")) && Glob::parse("a*").includes(&Glob::literal("a*"))
    );
    assert_eq!(Glob::parse("a*").intersect(&Glob::parse("*?*?*b")).map(|all| all.len()), Some(1));
}

#[test]
fn known_intersections() {
    let texts = |left: &str, right: &str| {
        let members = Glob::parse(left).intersect(&Glob::parse(right)).unwrap();
        members.iter().map(Glob::to_string).collect::<Vec<_>>()
    };
    assert_eq!(texts("*ab*", "*ba*"), ["*ab*ba*", "*aba*", "*ba*ab*", "*bab*"]);
    assert_eq!(texts("a*", "*b"), ["a*b"]);
    assert_eq!(texts("a*", "b*"), [""; 0]);
    assert_eq!(texts("a?c", "?b?"), ["abc"]);
    assert_eq!(texts("home/*", "*/secret/*"), ["home/*/secret/*", "home/secret/*"]);
    assert_eq!(Glob::parse("*a*b*c*d*").intersect(&Glob::parse("*e*f*g*h*")), None);
}

#[test]
fn resource_patterns_follow_arn_segments() {
    let pattern = |text: &str| Pattern::parse(text, AWS).unwrap();
    // AWS-26: the first five segments each on their own, the sixth is free.
    assert!(pattern("arn:aws:s3:::b/*").matches("arn:aws:s3:::b/x/y:z", AWS));
    assert!(pattern("arn:aws:logs:*:1:log-group:*").matches("arn:aws:logs:eu:1:log-group:a:b", AWS));
    assert!(!pattern("arn:aws:*:1:a:x").matches("arn:aws:s3:eu:1:a:x", AWS));
    assert!(Pattern::parse("arn:aws:s3:*", AWS).is_none());
    // AWS-28: a bucket is not its objects.
    assert!(!pattern("arn:aws:s3:::b").matches("arn:aws:s3:::b/k", AWS));
    assert_eq!(pattern("arn:aws:s3:::b").relation(&pattern("arn:aws:s3:::b/*")), Relation::Disjoint);
    assert_eq!(pattern("arn:aws:s3:::b*").relation(&pattern("arn:aws:s3:::b/*")), Relation::Contains);
    assert_eq!(pattern("arn:aws:s3:::b/*").relation(&pattern("arn:aws:s3:::b*")), Relation::Overlaps);
    // AWS-29: a star before the resource part stays in its segment.
    assert!(!pattern("arn:*:s3:::b").matches("arn:aws:x:s3:::b", AWS));
    assert!(pattern("arn:*:s3:::b").matches("arn:aws-cn:s3:::b", AWS));
    // AWS-23: only the universal pattern matches what is no ARN.
    let everywhere = pattern("*:*:*:*:*:*");
    assert!(Pattern::any().matches("*", AWS) && !everywhere.matches("*", AWS) && !everywhere.is_any());
    assert_eq!(Pattern::any().relation(&everywhere), Relation::Contains);
    assert_eq!(everywhere.relation(&Pattern::any()), Relation::Overlaps);
    assert_eq!(everywhere.intersect(&Pattern::any()), Some(vec![everywhere.clone()]));
    assert_eq!(pattern("arn:aws:s3:::b/?*").to_string(), "arn:aws:s3:::b/?*");
    assert!(pattern("arn:aws:s3:::b").is_literal() && !Pattern::any().is_literal());
    assert!(Pattern::parse("*", WHOLE).unwrap().is_any() && Pattern::parse("**", AWS).unwrap().is_any());
    assert!(Pattern::parse("a/*", WHOLE).unwrap().matches("a/b/c", WHOLE));
}

#[test]
fn a_separator_in_a_cut_segment_matches_nothing() {
    let template = Template::parse("arn:aws:iam::${acct}:role/${aws:username, 'x:y'}");
    let with = |account: &str| {
        let account = account.to_owned();
        template.to_pattern(AWS, &mut |key| (key == "acct").then(|| account.clone())).unwrap()
    };
    let (void, sound) = (with("1:2"), with("12"));
    assert!(sound.matches("arn:aws:iam::12:role/x:y", AWS));
    assert!(!void.matches("arn:aws:iam::1:2:role/x:y", AWS));
    assert_eq!(void.relation(&sound), Relation::Disjoint);
    assert_eq!(Pattern::any().relation(&void), Relation::Contains);
    assert_eq!(void.relation(&Pattern::any()), Relation::Disjoint);
    assert_eq!(void.intersect(&void), Some(vec![]));
}

#[test]
fn templates_read_variables_defaults_and_escapes() {
    let template = Template::parse("a/${aws:username}/${ aws:PrincipalTag/t , 'd e' }/${*}${?}${$}*");
    let variables: Vec<_> = template.variables().collect();
    assert_eq!(variables, [("aws:username", None), ("aws:PrincipalTag/t", Some("d e"))]);
    assert_eq!(template.to_glob(&mut |_| None), None);
    let glob = template.to_glob(&mut |key| (key == "aws:username").then(|| "*".to_owned())).unwrap();
    assert_eq!(glob.to_string(), "a/${*}/d e/${*}${?}$*");
    assert!(glob.matches("a/*/d e/*?$x") && !glob.matches("a/b/d e/*?$x"));
    for malformed in
        ["${", "${}", "${ }", "${a", "${a,", "${a,b}", "${a,'b}", "${a,'b'c}", "$", "$a", "${a${"]
    {
        let template = Template::parse(malformed);
        assert!(template.variables().next().is_none(), "{malformed}");
        assert_eq!(template.to_glob(&mut |_| None), Some(Glob::literal(malformed)));
    }
    assert_eq!(Template::parse("${a${b}").variables().collect::<Vec<_>>(), [("b", None)]);
    assert!(Template::parse("**").to_pattern(AWS, &mut |_| None).unwrap().is_any());
    for open in ["${v}", "${v}${w}", "*${v}", "${v}*${w}*"] {
        assert!(Template::parse(open).open_pattern(AWS).is_some_and(|pattern| pattern.is_any()), "{open}");
    }
    assert_eq!(Template::parse("arn:${a:b}:s3").to_pattern(AWS, &mut |_| Some("x".to_owned())), None);
}

/// Inputs made to blow up. They finish in well under a second when nothing backtracks.
#[test]
fn hostile_texts_stay_cheap() {
    let long = 100_000;
    assert!(Pattern::parse(&"*".repeat(long), AWS).unwrap().is_any());
    let stars = format!("arn:aws:s3:::{}", "*".repeat(long));
    assert_eq!(Pattern::parse(&stars, AWS).unwrap().to_string(), "arn:aws:s3:::*");
    let alternating = Glob::parse(&"a*".repeat(1_000));
    assert!(!alternating.matches(&format!("{}b", "a".repeat(900))));
    assert!(alternating.includes(&Glob::parse(&"aa*".repeat(1_000))));
    assert_eq!(Glob::parse(&"a*".repeat(long)).intersect(&Glob::parse(&"*b".repeat(long))), None);
    assert_eq!(alternating.intersect(&Glob::parse(&"*b*c".repeat(120))), None);
    for unit in ["${", "${a", "${a,'", "${a, ", "${a,'b'", "$"] {
        assert!(Template::parse(&unit.repeat(long / 4)).variables().next().is_none() || unit.contains('\''));
    }
    let holes = Template::parse(&"${v}".repeat(200));
    assert_eq!(holes.captures("v", &"a".repeat(200), &mut |_| None), Some(vec!["a".to_owned()]));
}
