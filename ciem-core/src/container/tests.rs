pub(crate) mod pack;

use super::*;
use crate::progress::Cancel;
use pack::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits { max_bytes: 64 << 20, max_entries: 1000, max_ratio: 200 };
const FILES: &[(&str, &[u8])] = &[("b.json", b"{\"b\": 1}"), ("dir/a.json", b"[]"), ("empty", b"")];

type Found = Vec<(String, Result<Vec<u8>, Error>)>;

fn input<'a>(bytes: &'a [u8], limits: Limits, progress: &'a Progress) -> Input<'a> {
    Input { name: "x", bytes, limits, progress }
}

/// Everything in an archive, bad entries too; fails where the archive does.
fn unpack_within(bytes: &[u8], limits: Limits) -> Result<Found, Error> {
    let progress = Progress::none();
    let mut found = Vec::new();
    match open(input(bytes, limits, &progress))? {
        Content::Text(text) => found.push(("x".to_owned(), Ok(text.into_owned()))),
        Content::Archive(archive) => archive.each(&mut |name, bytes| {
            found.push((name.to_owned(), bytes.map(<[u8]>::to_vec)));
            Ok(())
        })?,
    }
    Ok(found)
}

fn unpack(bytes: &[u8]) -> Result<Found, Error> {
    unpack_within(bytes, LIMITS)
}

/// Entries that are all good, as text.
fn texts(bytes: &[u8]) -> Vec<(String, String)> {
    let all = unpack(bytes).unwrap().into_iter();
    all.map(|(name, bytes)| (name, String::from_utf8(bytes.unwrap()).unwrap())).collect()
}

fn expected(files: &[(&str, &[u8])]) -> Vec<(String, String)> {
    let text = |content: &[u8]| String::from_utf8(content.to_vec()).unwrap();
    files.iter().map(|(name, content)| (format!("x!{name}"), text(content))).collect()
}

fn stored(name: &str, content: &[u8]) -> ZipEntry {
    ZipEntry { method: 0, ..ZipEntry::new(name, content) }
}

/// Code and named source of an error.
fn told(error: &Error) -> (&str, &str) {
    (error.code(), error.place().and_then(|place| place.source.as_deref()).unwrap_or_default())
}

#[test]
fn archives_are_told_by_content_and_give_entries_in_their_order() {
    let plain = zip(&FILES.iter().map(|(name, content)| stored(name, content)).collect::<Vec<_>>());
    for archive in [zip_of(FILES), plain, tar_of(FILES), gzip(&tar_of(FILES))] {
        assert_eq!(texts(&archive), expected(FILES));
    }
    for text in [&b"{}"[..], b"", b"PK", &[b' '; 600], &[0; 1024]] {
        assert_eq!(unpack(text).unwrap()[0].1.as_deref().unwrap(), text);
        assert_eq!(unpack(&gzip(text)).unwrap()[0].1.as_deref().unwrap(), text);
    }
}

#[test]
fn tar_names_may_be_long_and_headers_old() {
    let long = "d/".repeat(300) + "a.json";
    let gnu =
        [tar_block(b"././@LongLink", b'L', format!("{long}\0").as_bytes()), tar_block(b"d", b'0', b"1")];
    let record = format!(" path={long}\n");
    let digits = (record.len() + 3).to_string();
    let pax = [
        tar_block(b"global", b'g', b"14 comment=ab\n"),
        tar_block(b"PaxHeaders/d", b'x', format!("{digits}{record}").as_bytes()),
        tar_block(b"d", b'0', b"1"),
    ];
    for archive in [tar(&gnu), tar(&pax)] {
        assert_eq!(texts(&archive), [(format!("x!{long}"), "1".to_owned())]);
    }
    let mut old = ::tar::Header::new_old();
    old.set_path("old.json").unwrap();
    old.set_size(0);
    old.set_mode(0);
    old.set_cksum();
    assert_eq!(texts(&tar(&[old.as_bytes().to_vec()])), [("x!old.json".to_owned(), String::new())]);
}

#[test]
fn only_regular_files_are_given() {
    let link = ZipEntry { mode: 0o120_777, ..ZipEntry::new("link", "/etc/passwd") };
    let archive = zip(&[ZipEntry::new("dir/", ""), link, ZipEntry::new("a", "1")]);
    assert_eq!(texts(&archive), expected(&[("a", b"1")]));
    let kinds = b"123456gK".map(|kind| tar_block(b"other", kind, b""));
    let blocks = [&kinds[..], &[tar_block(b"a", b'0', b"1"), tar_block(b"b", b'7', b"2")]].concat();
    assert_eq!(texts(&tar(&blocks)), expected(&[("a", b"1"), ("b", b"2")]));
}

#[test]
fn names_are_labels_that_are_safe_to_print() {
    let hostile: &[(&[u8], &str)] = &[
        (b"../../etc/passwd", "x!../../etc/passwd"),
        (b"/etc/passwd", "x!/etc/passwd"),
        (b"C:\\windows\\x", "x!C:\\windows\\x"),
        (b"a\x1b[2Jb\x07", "x!a\\u{1b}[2Jb\\u{7}"),
        (b"line\r\nline", "x!line\\r\\nline"),
        ("gpj\u{202e}nosj".as_bytes(), "x!gpj\\u{202e}nosj"),
        (b"caf\xe9", "x!caf\u{fffd}"),
        (b"", "x!"),
    ];
    for (name, shown) in hostile {
        assert_eq!(unpack(&zip(&[ZipEntry::new(name, "1")])).unwrap()[0].0, *shown);
        if !name.is_empty() {
            assert_eq!(unpack(&tar(&[tar_block(name, b'0', b"1")])).unwrap()[0].0, *shown);
        }
    }
    assert_eq!(unpack(&zip(&[ZipEntry::new(b"a\0b", "1")])).unwrap()[0].0, "x!a\\u{0}b");
}

#[test]
fn entries_of_one_name_are_all_given() {
    let twice: &[(&str, &[u8])] = &[("a", b"1"), ("a", b"2")];
    assert_eq!(texts(&zip_of(twice)), expected(twice));
    assert_eq!(texts(&tar_of(twice)), expected(twice));
}

#[test]
fn an_entry_may_be_gzip_and_nothing_else_is_packed_twice() {
    let (inner, archive) = (gzip(b"{}"), zip_of(FILES));
    assert_eq!(texts(&zip_of(&[("a.gz", &inner)])), expected(&[("a.gz", b"{}")]));
    assert_eq!(texts(&gzip(&tar_of(&[("a.gz", &inner)]))), expected(&[("a.gz", b"{}")]));
    for packed in [archive.clone(), tar_of(FILES), gzip(&tar_of(FILES)), gzip(&inner), gzip(&archive)] {
        for outer in [zip_of(&[("in", &packed), ("a", b"1")]), tar_of(&[("in", &packed), ("a", b"1")])] {
            let found = unpack(&outer).unwrap();
            assert_eq!(told(found[0].1.as_ref().unwrap_err()), ("too_deep", "x!in"));
            assert_eq!(found[1].1.as_deref().unwrap(), b"1");
        }
    }
    for packed in [inner, archive] {
        assert_eq!(told(&unpack(&gzip(&packed)).unwrap_err()), ("too_deep", "x"));
    }
}

#[test]
fn the_number_of_entries_is_limited() {
    let files: Vec<_> = (0..10).map(|n| (format!("{n}"), vec![b'1'])).collect();
    let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    let few = |max_entries| Limits { max_entries, ..LIMITS };
    for archive in [zip_of(&files), tar_of(&files), gzip(&tar_of(&files))] {
        assert_eq!(unpack_within(&archive, few(10)).unwrap().len(), 10);
        let error = unpack_within(&archive, few(9)).unwrap_err();
        assert_eq!(error.code(), "too_large");
        assert!(error.to_string().contains("number of entries exceeds the limit of 9"), "{error}");
        assert!(error.to_string().contains("max_entries"), "{error}");
    }
}

#[test]
fn the_size_counts_all_entries_and_is_inclusive() {
    let half = vec![b'7'; 500_000];
    let files: &[(&str, &[u8])] = &[("a", &half), ("b", &half)];
    let within = |max_bytes| Limits { max_bytes, ..LIMITS };
    for archive in [zip_of(files), tar_of(files), gzip(&tar_of(files))] {
        // The end of a tar archive counts too.
        assert_eq!(unpack_within(&archive, within(1_001_024)).unwrap().len(), 2);
        let error = unpack_within(&archive, within(999_999)).unwrap_err();
        assert_eq!(told(&error), ("too_large", "x!b"));
        assert!(error.to_string().contains("max_bytes"), "{error}");
    }
    assert_eq!(unpack_within(&zip_of(files), within(1_000_000)).unwrap().len(), 2);
    // An entry that hides its size.
    let lying = ZipEntry { states_size: Some(1), ..ZipEntry::new("a", &half) };
    let found = unpack_within(&zip(&[lying]), within(400_000)).unwrap();
    assert_eq!(told(found[0].1.as_ref().unwrap_err()), ("malformed", "x!a"));
    let huge = ZipEntry { states_size: Some(u32::MAX - 1), ..ZipEntry::new("a", "1") };
    assert_eq!(told(&unpack(&zip(&[huge])).unwrap_err()), ("too_large", "x!a"));
}

#[test]
fn an_entry_that_unfolds_too_far_is_refused_alone() {
    let bomb = vec![0; 40 << 20];
    let archive = zip(&[ZipEntry::new("bomb", &bomb), stored("a", &vec![b'1'; 1 << 20])]);
    let found = unpack(&archive).unwrap();
    assert_eq!(told(found[0].1.as_ref().unwrap_err()), ("too_large", "x!bomb"));
    assert!(found[0].1.as_ref().unwrap_err().to_string().contains("max_ratio"));
    assert_eq!(found[1].1.as_ref().unwrap().len(), 1 << 20);
    let patient = Limits { max_ratio: 1100, ..LIMITS };
    assert_eq!(unpack_within(&archive, patient).unwrap()[0].1.as_ref().unwrap().len(), 40 << 20);
    assert_eq!(told(&unpack(&gzip(&bomb)).unwrap_err()), ("too_large", "x"));
    assert_eq!(told(&unpack(&gzip(&tar_of(&[("bomb", &bomb)]))).unwrap_err()), ("too_large", "x!bomb"));
    let inner = gzip(&bomb);
    let found = unpack(&zip(&[stored("bomb.gz", &inner), stored("a", &vec![b'1'; 1 << 20])])).unwrap();
    assert_eq!(told(found[0].1.as_ref().unwrap_err()), ("too_large", "x!bomb.gz"));
}

#[test]
fn entries_that_share_their_bytes_count_as_often_as_they_are_listed() {
    let random: Vec<u8> =
        (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let archive = zip_shared(&[ZipEntry { method: 0, ..ZipEntry::new("a", &random) }], 900);
    let error = unpack_within(&archive, Limits { max_bytes: 1 << 40, ..LIMITS }).unwrap_err();
    assert_eq!(told(&error), ("too_large", "x!a"));
    assert!(error.to_string().contains("ratio"), "{error}");
}

#[test]
fn a_bad_entry_of_a_zip_archive_leaves_the_others() {
    let good = ZipEntry::new("good", "1");
    let of = |name: &str| ZipEntry::new(name, "some content");
    let cases = [
        (ZipEntry { flags: 0x801, ..of("encrypted") }, "encrypted"),
        (ZipEntry { method: 12, ..of("bzip2") }, "deflate"),
        (ZipEntry { states_size: Some(3), ..of("size") }, "damaged"),
    ];
    for (bad, word) in cases {
        let found = unpack(&zip(&[bad.clone(), good.clone()])).unwrap();
        let error = found[0].1.as_ref().unwrap_err();
        assert_eq!(error.code(), "malformed");
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!(found[1].1.as_deref().unwrap(), b"1");
    }
    let mut archive = zip(&[stored("a", b"content"), good]);
    let at = archive.windows(7).position(|window| window == b"content").unwrap();
    archive[at] ^= 1;
    let found = unpack(&archive).unwrap();
    assert!(found[0].1.as_ref().unwrap_err().to_string().contains("checksum"));
    assert_eq!(found[1].1.as_deref().unwrap(), b"1");
}

#[test]
fn strange_entries_of_a_tar_archive_are_errors() {
    let sparse = tar(&[tar_block(b"s", b'S', b"1"), tar_block(b"a", b'0', b"1")]);
    let found = unpack(&sparse).unwrap();
    assert_eq!(told(found[0].1.as_ref().unwrap_err()), ("malformed", "x!s"));
    assert_eq!(found[1].1.as_deref().unwrap(), b"1");
    let broken = [
        tar(&[tar_block(b"p", b'x', b"9 size=7\n"), tar_block(b"a", b'0', b"1")]),
        tar(&[tar_block(b"p", b'x', b"9 size=z\n"), tar_block(b"a", b'0', b"1")]),
        tar(&[tar_block(b"p", b'x', b"nonsense"), tar_block(b"a", b'0', b"1")]),
        tar(&vec![tar_block(b"l", b'L', b"name"); 9]),
        [tar_of(FILES), tar_of(FILES)].concat(),
    ];
    for archive in broken {
        assert_eq!(unpack(&archive).unwrap_err().code(), "malformed");
    }
    let name = vec![b'n'; 1 << 17];
    let long = tar(&[tar_block(b"l", b'L', &name), tar_block(b"a", b'0', b"1")]);
    assert_eq!(unpack(&long).unwrap_err().code(), "too_large");
    let far = tar(&[tar_block(b"p", b'x', b"23 size=99999999999999\n"), tar_block(b"a", b'0', b"1")]);
    assert_eq!(unpack(&far).unwrap_err().code(), "too_large");
}

#[test]
fn whatever_is_cut_off_is_noticed() {
    for archive in [zip_of(FILES), tar_of(FILES), gzip(&tar_of(FILES)), gzip(b"{\"some\": \"text\"}")] {
        // The last of the two empty blocks at the end of a tar archive says nothing.
        let needed = if archive.len().is_multiple_of(512) { archive.len() - 512 } else { archive.len() };
        for length in 2..needed {
            let cut = &archive[..length];
            if form(cut) != Form::Plain {
                assert_eq!(unpack(cut).unwrap_err().code(), "malformed", "{length} of {}", archive.len());
            }
        }
    }
}

#[test]
fn unpacking_stops_where_the_caller_wants() {
    let cancel = Cancel::new();
    let stop = cancel.clone();
    let progress = Progress::none().with_cancel(cancel).on_step(move |step| {
        if step.done > 3 << 20 {
            stop.cancel();
        }
    });
    let text: Vec<u8> =
        (0..2_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    assert_eq!(open(input(&gzip(&text), LIMITS, &progress)).unwrap_err().code(), "cancelled");
    let stream = receive("x", text.as_slice(), 0, LIMITS, &progress);
    assert_eq!(stream.unwrap_err().code(), "cancelled");
    let archive = zip_of(FILES);
    let Content::Archive(archive) = open(input(&archive, LIMITS, &progress)).unwrap() else { panic!() };
    assert_eq!(archive.each(&mut |_, _| Ok(())).unwrap_err().code(), "cancelled");
    let stopped = archive.with_progress(&Progress::none()).each(&mut |_, _| Err(Error::Cancelled));
    assert_eq!(stopped.unwrap_err().code(), "cancelled");
}

#[test]
fn streams_end_at_the_limit() {
    let limits = Limits { max_bytes: 5_000_000, ..LIMITS };
    let progress = Progress::none();
    let exact = vec![b'x'; 5_000_000];
    for expected in [0, 5_000_000, u64::MAX] {
        assert_eq!(receive("x", exact.as_slice(), expected, limits, &progress).unwrap().len(), 5_000_000);
        assert_eq!(
            receive("x", std::io::repeat(1), expected, limits, &progress).unwrap_err().code(),
            "too_large"
        );
    }
}

fn archives() -> Vec<Vec<u8>> {
    let inner = gzip(b"{\"a\": [1, 2, 3]}");
    let files = [FILES, &[("in.gz", inner.as_slice())]].concat();
    let long = tar(&[tar_block(b"l", b'L', b"some/long/name\0"), tar_block(b"a", b'0', b"1")]);
    vec![zip_of(&files), tar_of(&files), gzip(&tar_of(&files)), gzip(b"{\"a\": [1, 2, 3]}"), long]
}

/// How many damaged archives are tried; more by hand with `CIEM_DAMAGES`.
#[expect(clippy::disallowed_methods, reason = "a test may be asked for more")]
fn damages() -> u32 {
    std::env::var("CIEM_DAMAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(512)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(damages()))]

    #[test]
    fn damage_is_an_error_or_stays_within_the_limits(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..8, prop::collection::vec(any::<u8>(), 0..8)), 1..6),
        repair in any::<bool>(),
    ) {
        let all = archives();
        let mut bytes = which.get(&all).clone();
        for (at, length, with) in damage {
            let start = at.index(bytes.len().max(1)).min(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, with);
        }
        // A damaged tar header is refused by its checksum; a repaired one gets further.
        if repair && let Some(header) = bytes.first_chunk_mut::<512>() && header.starts_with(b"b.json") {
            let mut whole = ::tar::Header::new_gnu();
            whole.as_mut_bytes().copy_from_slice(header);
            whole.set_cksum();
            header.copy_from_slice(whole.as_bytes());
        }
        let limits = Limits { max_bytes: 1 << 20, max_entries: 64, max_ratio: 100 };
        match unpack_within(&bytes, limits) {
            Ok(found) => {
                let size: usize = found.iter().filter_map(|(_, bytes)| bytes.as_ref().ok()).map(Vec::len).sum();
                prop_assert!(size <= 1 << 20 && found.len() <= 64);
            }
            Err(error) => prop_assert_ne!(error.code(), "internal"),
        }
    }
}
