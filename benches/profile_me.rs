//! scratch driver
#[allow(dead_code)] mod engine;
#[allow(dead_code)] mod generator;
#[allow(dead_code)] mod roaring_rows;
use generator::Estate;
use std::time::Instant;
use ciem_core::*;
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let size: usize = a[1].parse().unwrap();
    let est = Estate::generate(1, size);
    let t = Instant::now();
    if a[0] == "load" { for _ in 0..(200_000/size).max(1) { let t = Instant::now(); let s = engine::load(&est.files).unwrap(); println!("load {:?} {:.1} MB", t.elapsed(), est.size() as f64/1e6); drop(s); } return; }
    let s = engine::load(&est.files).unwrap();
    println!("load {:?}", t.elapsed());
    let p = s.prepare();
    let mut scratch = Scratch::default();
    if a[0] == "verdict" {
        for known in [true, false] {
        let rs = engine::requests(&p, est.requests(1, 10_000).iter().map(|q| engine::request(q, known))).unwrap();
        let dep = rs.iter().filter(|r| engine::depends(p.verdict(r, &mut scratch))).count();
        for _ in 0..2 {
        let t = Instant::now();
        let n = if known {30} else {3};
        for _ in 0..n { std::hint::black_box(engine::scan(&p, &rs, &mut scratch)); }
        println!("verdict known={known} dep={dep} {:.0} ns", t.elapsed().as_nanos() as f64 / (n as f64*1e4));
        } }
    }
    if a[0] == "rows" {
        let n = engine::row_count(&s).unwrap();
        for _ in 0..3 { let t = Instant::now(); for _ in 0..10 { engine::row_count(&s).unwrap(); }
        println!("row {:.2} us", t.elapsed().as_nanos() as f64 / 1e4 / n as f64); }
        if a.len() > 2 { for _ in 0..200 { engine::row_count(&s).unwrap(); } return; }
        let peer = roaring_rows::Compiled::new(&est.files);
        for _ in 0..3 { let t = Instant::now(); for _ in 0..10 { std::hint::black_box(peer.rows()); }
        println!("roaring {:.2} us", t.elapsed().as_nanos() as f64 / 1e4 / peer.len() as f64); }
        let mut diff = 0; let mut cmp = 0;
        for (id, su, po) in engine::rows(&s).unwrap() { if let Some(r) = peer.row(&id) { cmp += 1; if r != (su as u64, po as u64) { diff += 1; if diff < 6 { println!("{id} engine {su} {po} peer {r:?}"); } } } }
        println!("differ {diff} of {cmp}");
    }
    if a[0] == "who" {
        let mut q = est.requests(1, 1).pop().unwrap();
        let obj = est.object_with_policy().unwrap().to_owned();
        let pick = a.get(2).cloned().unwrap_or_default();
        for (what, action, res) in [("policy","s3:GetObject",obj.as_str()),("nopolicy","s3:GetObject","arn:aws:s3:::a-bucket-of-nobody/part.json"),("any-none","dynamodb:GetItem","*"),("any-some","s3:GetObject","*")] {
            if !pick.is_empty() && pick != what { continue; }
            q.action = action.into(); q.resource = res.into();
            let query = engine::query(&engine::request(&q, true));
            let n = engine::holders(&s, &query).unwrap(); let c = if a.len() > 3 {0} else {engine::conditional(&s, &query).unwrap()};
            let reps = if what == "any-some" {1} else if a.len() > 3 { 300 } else {10};
            let mut best = f64::MAX;
            for _ in 0..reps { let t = Instant::now(); engine::holders(&s, &query).unwrap(); best = best.min(t.elapsed().as_secs_f64()); }
            if a.len() > 4 { for _ in 0..30 { engine::holder_rows(&s, &query).unwrap(); } }
            let t = Instant::now(); let rows = engine::holder_rows(&s, &query).unwrap(); let rt = t.elapsed().as_secs_f64() - best;
            println!("{what}: {n} holders {c} cond; sets {:.3} ms; row {:.2} us ({rows})", best*1e3, rt*1e6/rows as f64);
            if a.get(3).is_some() { continue; }
            let ps: Vec<&str> = est.principals().collect();
            let (mut found, mut time) = (0, 0.0);
            for part in ps.chunks(10_000) {
                let rs = engine::requests(&p, part.iter().map(|x| { q.principal = (*x).into(); engine::request(&q, true) })).unwrap();
                let t = Instant::now(); found += engine::scan(&p, &rs, &mut scratch); time += t.elapsed().as_secs_f64();
                if what == "any-some" { time *= ps.len() as f64 / part.len() as f64; found *= ps.len()/part.len(); break; }
            }
            println!("   scan {:.1} ms found {found}: {:.1}x", time*1e3, time / best);
        }
    }
}
