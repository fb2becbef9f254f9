use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

id_type!(Thing);

#[test]
fn interner_gives_one_id_per_text() {
    let mut texts = Interner::default();
    let (a, b) = (texts.text("alpha"), texts.text(""));
    assert_eq!(texts.text("alpha"), a);
    assert_ne!(a, b);
    assert_eq!((texts.get(a), texts.get(b)), ("alpha", ""));
    assert_eq!(texts.find("beta"), None);
    assert_eq!(texts.find(""), Some(b));
}

#[test]
fn csr_rows_keep_their_items() {
    let csr: Csr<Thing, u8> = Csr::from_sorted(4, [(Thing(1), 7), (Thing(1), 8), (Thing(3), 9)]);
    let rows: Vec<&[u8]> = (0..5).map(|i| csr.row(Thing(i))).collect();
    assert_eq!(rows, [&[][..], &[7, 8], &[], &[9], &[]]);
}

fn ranges() -> impl Strategy<Value = Vec<(u16, u16)>> {
    prop::collection::vec((0u16..200, 0u16..200), 0..6)
}

fn ids(ranges: &[(u16, u16)]) -> BTreeSet<u16> {
    ranges.iter().flat_map(|&(a, b)| a..b).collect()
}

const LEN: u16 = 200;

proptest! {
    #[test]
    fn intervals_and_rows_are_sets(a in ranges(), b in ranges()) {
        let (sa, sb) = (ids(&a), ids(&b));
        let (ia, ib) = (Intervals::from_ranges(a), Intervals::from_ranges(b));
        prop_assert_eq!(ia.ids().collect::<BTreeSet<_>>(), sa.clone());
        prop_assert_eq!(ia.intersect(&ib).ids().collect::<BTreeSet<_>>(), &sa & &sb);
        let all: BTreeSet<u16> = (0..LEN).collect();
        prop_assert_eq!(ia.complement(LEN).ids().collect::<BTreeSet<_>>(), &all - &sa);
        for id in 0..LEN {
            prop_assert_eq!(ia.contains(id), sa.contains(&id));
        }
        let (ra, rb) = (Row::from_intervals(&ia, LEN), Row::from_intervals(&ib, LEN));
        for (op, want) in [(0, &sa & &sb), (1, &sa | &sb), (2, &sa - &sb)] {
            let mut row = ra.clone();
            match op {
                0 => row.and(&rb),
                1 => row.or(&rb),
                _ => row.minus(&rb),
            }
            prop_assert_eq!(row.ids(LEN).collect::<BTreeSet<_>>(), want.clone());
            prop_assert_eq!(row.count(LEN) as usize, want.len());
            prop_assert_eq!(row.is_none(), want.is_empty());
        }
        let mut full = Row::All;
        full.minus(&ra);
        prop_assert_eq!(full.ids(LEN).collect::<BTreeSet<_>>(), &all - &sa);
    }
    #[test]
    fn rows_in_bulk_are_the_same_rows(all in prop::collection::vec(ranges(), 1..8), end in 0u16..2) {
        // Long enough that many words are alike; the last permission may be held or not: the last word is not full.
        const LEN: u16 = 2_990;
        let with_end = |ranges: Vec<(u16, u16)>| {
            let mut ranges: Vec<_> = ranges.into_iter().map(|(start, end)| (start * 14, end * 14)).collect();
            ranges.push((LEN - end, LEN));
            Intervals::from_ranges(ranges)
        };
        let all: Vec<Intervals> = all.into_iter().map(with_end).collect();
        let mut list = RowList::default();
        let numbers: Vec<RowNumber> =
            all.iter().map(|one| list.push(&Row::from_intervals(one, LEN), LEN)).collect();
        for (number, one) in numbers.into_iter().zip(&all) {
            prop_assert_eq!(list.ranges(number), one.ranges());
            let mut dense = Dense::new(LEN);
            dense.pour(&Intervals::all(LEN));
            dense.clear();
            dense.pour(one);
            let again = list.push_dense(&dense);
            prop_assert_eq!(list.ranges(again), one.ranges());
            let row = Row::from_words(dense.words().iter().copied(), LEN);
            prop_assert_eq!(Dense::of(&row, LEN), dense);
            prop_assert_eq!(row.ids(LEN).collect::<BTreeSet<_>>(), one.ids().collect());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_archive_gives_back_what_it_got(
        known in prop::collection::vec("[a-z:*\u{e9}]{0,9}", 0..400),
        texts in prop::collection::vec((r#"[a-z"\\ \u{e9}]{0,30}"#, prop::collection::vec(any::<prop::sample::Index>(), 0..60)), 1..90),
    ) {
        let mut words = Interner::default();
        known.iter().for_each(|word| _ = words.text(word));
        let texts: Vec<String> = texts
            .into_iter()
            .map(|(text, of)| {
                let known: Vec<&str> = of.iter().filter(|_| !known.is_empty()).map(|i| i.get(&known).as_str()).collect();
                format!("{text}\"{}\"{text}\\\"{}", known.join("\","), known.join("\\\""))
            })
            .collect();
        let mut archive = Archive::default();
        for (number, text) in texts.iter().cycle().take(900).enumerate() {
            prop_assert_eq!(archive.push(text, &words) as usize, number);
            words.text(text);
        }
        for finished in [false, true] {
            if finished {
                archive.finish();
            }
            for (number, text) in texts.iter().cycle().take(900).enumerate().step_by(7) {
                let got = archive.get(number, &words);
                prop_assert_eq!(got.as_ref(), Some(text));
            }
            prop_assert_eq!(archive.get(900, &words), None);
        }
    }
}
