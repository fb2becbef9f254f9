//! Functions of few variables with several states each, written out as tables: prime implicants and covers.

use std::collections::BTreeSet;

/// A function of variables with `dims[i]` states each, the first variable varying slowest.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) dims: Vec<usize>,
    pub(super) bits: Vec<bool>,
}

/// For every variable the set of states it may have, as bits.
pub(super) type Cube = Vec<u128>;

/// Variables with more states than bits in a cube cannot be covered.
pub(super) const MAX_STATES: usize = 128;
/// Table entries read while primes are sought; what needs more is not made canonical.
const MAX_WORK: usize = 1 << 23;
const MAX_PRIMES: usize = 8192;
const MAX_COFACTORS: usize = 512;

impl Table {
    /// The single value, if the function is constant.
    pub(super) fn constant(&self) -> Option<bool> {
        let first = *self.bits.first()?;
        self.bits.iter().all(|bit| *bit == first).then_some(first)
    }

    pub(super) fn complement(&self) -> Table {
        Table { dims: self.dims.clone(), bits: self.bits.iter().map(|bit| !bit).collect() }
    }

    /// Merges states that the function does not tell apart. The second part says, for every variable, which state
    /// each old one has become.
    pub(super) fn merge_states(self) -> (Table, Vec<Vec<usize>>) {
        let Table { mut dims, mut bits } = self;
        let mut became = Vec::with_capacity(dims.len());
        for variable in 0..dims.len() {
            let states = dims[variable];
            let stride: usize = dims[variable + 1..].iter().product();
            let slices = |state: usize| {
                bits.chunks_exact(stride * states)
                    .map(move |block| &block[state * stride..(state + 1) * stride])
            };
            let mut kept: Vec<usize> = Vec::new();
            let mut target = Vec::with_capacity(states);
            for state in 0..states {
                match kept.iter().position(|known| slices(*known).eq(slices(state))) {
                    Some(same) => target.push(same),
                    None => {
                        target.push(kept.len());
                        kept.push(state);
                    }
                }
            }
            if kept.len() < states {
                let blocks = bits.chunks_exact(stride * states);
                bits = blocks
                    .flat_map(|block| kept.iter().map(|&state| &block[state * stride..(state + 1) * stride]))
                    .flatten()
                    .copied()
                    .collect();
                dims[variable] = kept.len();
            }
            became.push(target);
        }
        (Table { dims, bits }, became)
    }

    /// All prime implicants: the largest cubes inside the function. `None` if that is too much work.
    pub(super) fn primes(&self) -> Option<Vec<Cube>> {
        if self.dims.iter().any(|states| *states > MAX_STATES) {
            return None;
        }
        let mut work = MAX_WORK;
        primes(&self.bits, &self.dims, &mut work)
    }

    /// A smallest-looking list of primes that together are the function and of which none can be left out. It
    /// depends on the function alone, given that `order` ranks cubes by their meaning.
    pub(super) fn cover<K: Ord>(&self, primes: Vec<Cube>, order: impl Fn(&Cube) -> K) -> Vec<Cube> {
        let mut open: Vec<bool> = self.bits.clone();
        let points: Vec<Vec<usize>> = primes.iter().map(|cube| points(cube, &self.dims)).collect();
        let mut owners = vec![(0u32, 0usize); open.len()];
        for (index, list) in points.iter().enumerate() {
            for point in list {
                owners[*point] = (owners[*point].0 + 1, index);
            }
        }
        let essential: BTreeSet<usize> =
            owners.iter().filter(|(count, _)| *count == 1).map(|(_, index)| *index).collect();
        essential.iter().flat_map(|index| &points[*index]).for_each(|point| open[*point] = false);
        let mut chosen: Vec<usize> = Vec::new();
        if open.iter().any(|bit| *bit) {
            let mut ranked: Vec<(usize, K, usize)> = primes
                .iter()
                .enumerate()
                .filter(|(index, _)| points[*index].iter().any(|point| open[*point]))
                .map(|(index, cube)| (literals(cube, &self.dims), order(cube), index))
                .collect();
            ranked.sort_unstable();
            while open.iter().any(|bit| *bit) {
                let gain = |index: usize| points[index].iter().filter(|point| open[**point]).count();
                let mut best = (0, 0);
                for (_, _, index) in &ranked {
                    let gain = gain(*index);
                    if gain > best.0 {
                        best = (gain, *index);
                    }
                }
                if best.0 == 0 {
                    break;
                }
                chosen.push(best.1);
                points[best.1].iter().for_each(|point| open[*point] = false);
            }
        }
        drop_redundant(&essential, &mut chosen, &points, open.len());
        let mut keep = vec![false; primes.len()];
        essential.into_iter().chain(chosen).for_each(|index| keep[index] = true);
        primes.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(cube, _)| cube).collect()
    }
}

/// Takes out what later choices have made unnecessary, the last choice first.
fn drop_redundant(essential: &BTreeSet<usize>, chosen: &mut Vec<usize>, points: &[Vec<usize>], size: usize) {
    let mut count = vec![0u32; size];
    for index in essential.iter().chain(chosen.iter()) {
        points[*index].iter().for_each(|point| count[*point] += 1);
    }
    for place in (0..chosen.len()).rev() {
        let list = &points[chosen[place]];
        if list.iter().all(|point| count[*point] > 1) {
            list.iter().for_each(|point| count[*point] -= 1);
            chosen.remove(place);
        }
    }
}

/// Number of variables that a cube restricts.
pub(super) fn literals(cube: &Cube, dims: &[usize]) -> usize {
    cube.iter().zip(dims).filter(|(states, dim)| **states != all_states(**dim)).count()
}

/// The set of all states of a variable.
pub(super) fn all_states(states: usize) -> u128 {
    if states >= MAX_STATES { u128::MAX } else { (1 << states) - 1 }
}

/// The table places inside a cube.
fn points(cube: &Cube, dims: &[usize]) -> Vec<usize> {
    let mut places = vec![0];
    for (states, dim) in cube.iter().zip(dims) {
        places = places
            .into_iter()
            .flat_map(|place| (0..*dim).filter(|s| states >> s & 1 == 1).map(move |s| place * dim + s))
            .collect();
    }
    places
}

/// The largest cubes that begin with a set of states of the first variable are found among the intersections of its
/// cofactors: for each, the primes over the remaining variables, widened to every state whose cofactor has them.
fn primes(bits: &[bool], dims: &[usize], work: &mut usize) -> Option<Vec<Cube>> {
    *work = work.checked_sub(bits.len())?;
    if !bits.contains(&true) {
        return Some(Vec::new());
    }
    if !bits.contains(&false) {
        return Some(vec![dims.iter().map(|dim| all_states(*dim)).collect()]);
    }
    let (_, rest) = dims.split_first()?;
    let size: usize = rest.iter().product();
    let cofactors: Vec<&[bool]> = bits.chunks_exact(size).collect();
    let mut family: Vec<Vec<bool>> = Vec::new();
    for cofactor in &cofactors {
        if cofactor.contains(&true) && !family.iter().any(|known| known == cofactor) {
            family.push(cofactor.to_vec());
        }
    }
    let mut next = 0;
    while let Some(left) = family.get(next).cloned() {
        for cofactor in &cofactors {
            *work = work.checked_sub(size)?;
            let both: Vec<bool> = left.iter().zip(*cofactor).map(|(a, b)| *a && *b).collect();
            if both.contains(&true) && !family.contains(&both) {
                family.push(both);
            }
        }
        next += 1;
        if family.len() > MAX_COFACTORS {
            return None;
        }
    }
    let mut found = BTreeSet::new();
    for member in &family {
        for cube in primes(member, rest, work)? {
            let places = points(&cube, rest);
            *work = work.checked_sub(places.len())?;
            let mut states = 0u128;
            for (state, cofactor) in cofactors.iter().enumerate() {
                if places.iter().all(|place| cofactor[*place]) {
                    states |= 1 << state;
                }
            }
            let mut whole = Vec::with_capacity(dims.len());
            whole.push(states);
            whole.extend(cube);
            found.insert(whole);
            if found.len() > MAX_PRIMES {
                return None;
            }
        }
    }
    Some(found.into_iter().collect())
}
