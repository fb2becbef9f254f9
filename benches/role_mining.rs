//! Role mining: `cargo bench -p ciem-benches --bench role_mining`. The sets of HP Labs only where they are present.

#[path = "assignments.rs"]
mod assignments;

use ciem_core::{Budget, mine_roles};
use criterion::{Criterion, criterion_group, criterion_main};

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("role_mining");
    group.sample_size(10);
    for (name, _) in assignments::SETS {
        if let Some(pairs) = assignments::set(name) {
            group.bench_function(name, |bencher| bencher.iter(|| mine_roles(&pairs, &Budget::default())));
        }
    }
    for (name, shape) in assignments::SHAPES {
        if let Ok(pairs) = assignments::made(shape, 100_000) {
            let name = format!("100,000 pairs, {name}");
            let few = Budget::default().nodes(10_000);
            group.bench_function(name, |bencher| bencher.iter(|| mine_roles(&pairs, &few)));
        }
    }
    group.finish();
}

criterion_group!(role_mining, benches);
criterion_main!(role_mining);
