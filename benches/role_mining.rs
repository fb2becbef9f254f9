//! Role mining: `cargo bench -p ciem-benches --bench role_mining`. The sets of HP Labs only where they are present.

#[path = "assignments.rs"]
mod assignments;

use ciem_core::{Budget, mine_roles};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("role_mining");
    group.sample_size(10);
    for (name, _) in assignments::SETS {
        if let Some(pairs) = assignments::set(name) {
            group.bench_function(name, |bencher| bencher.iter(|| mine_roles(&pairs, &Budget::default())));
        }
    }
    for (name, stray) in [("planted_100000", 0), ("planted_100000_with_strays", 1)] {
        let pairs = assignments::planted(100_000, stray);
        let mine = |pairs: &_| mine_roles(pairs, &Budget::default());
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(|| pairs.clone(), |pairs| mine(pairs), BatchSize::LargeInput)
        });
    }
    group.finish();
}

criterion_group!(role_mining, benches);
criterion_main!(role_mining);
