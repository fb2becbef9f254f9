//! Few cells and which of them are compatible: the fewest groups of compatible ones, by branch and bound.

use super::meter::Meter;
use crate::error::Error;

/// Compatibility of the cells of one component, as rows of bits.
#[derive(Debug)]
pub(super) struct Graph {
    count: usize,
    width: usize,
    words: Vec<u64>,
}

impl Graph {
    pub(super) fn new(count: usize) -> Self {
        let width = count.div_ceil(64);
        Graph { count, width, words: vec![0; count * width] }
    }

    /// Says that `a` and `b` are compatible.
    pub(super) fn join(&mut self, a: usize, b: usize) {
        self.words[a * self.width + b / 64] |= 1 << (b % 64);
        self.words[b * self.width + a / 64] |= 1 << (a % 64);
    }

    fn row(&self, cell: usize) -> &[u64] {
        &self.words[cell * self.width..][..self.width]
    }

    /// Cells of which no two are compatible: each needs a role of its own. Those with the fewest others left come first.
    pub(super) fn independent(&self, meter: &mut Meter<'_>) -> Result<Vec<usize>, Error> {
        let mut left = vec![u64::MAX; self.width];
        clear_from(&mut left, self.count);
        let mut chosen = Vec::new();
        loop {
            let degree = |cell: usize| -> u32 {
                self.row(cell).iter().zip(&left).map(|(row, left)| (row & left).count_ones()).sum()
            };
            let Some(cell) = ones(&left).min_by_key(|&cell| (degree(cell), cell)) else { return Ok(chosen) };
            meter.step((self.count * self.width) as u64 / 4)?;
            chosen.push(cell);
            for (left, row) in left.iter_mut().zip(self.row(cell)) {
                *left &= !row;
            }
            left[cell / 64] &= !(1 << (cell % 64));
        }
    }

    /// Looks for fewer than `most` groups, each of compatible cells only; `first` are cells of different groups. Answers the
    /// groups of the cells if there are any, and whether there are provably no fewer.
    pub(super) fn groups(
        &self,
        first: &[usize],
        most: usize,
        meter: &mut Meter<'_>,
    ) -> Result<(Option<Vec<u32>>, bool), Error> {
        let mut search = Search::new(self, first);
        let mut best: Option<Vec<u32>> = None;
        let mut most = most;
        let mut stack: Vec<Branch> = Vec::new();
        search.descend(&mut stack);
        while let Some(branch) = stack.last_mut() {
            if let Some((group, before)) = branch.undo.take() {
                search.undo(branch.cell, group, &before);
            }
            let Some(group) = search.next_group(branch, most) else {
                stack.pop();
                continue;
            };
            if !meter.node() {
                return Ok((best, false));
            }
            meter.step((self.width * 4 + self.count) as u64)?;
            branch.undo = Some((group, search.put(branch.cell, group)));
            if search.left == 0 {
                most = search.groups;
                best = Some(search.group_of.clone());
                if most == first.len() {
                    break;
                }
            } else {
                search.descend(&mut stack);
            }
        }
        Ok((best, true))
    }
}

/// A cell, the next group to try for it, and how to take the last one back.
#[derive(Debug)]
struct Branch {
    cell: usize,
    next: usize,
    undo: Option<(usize, Option<Vec<u64>>)>,
}

const NONE: u32 = u32::MAX;

/// Groups in the making. The next cell is the one that fits into the fewest of them (DSATUR, Brélaz 1979).
#[derive(Debug)]
struct Search<'a> {
    graph: &'a Graph,
    group_of: Vec<u32>,
    groups: usize,
    left: usize,
    /// The cells that are compatible with all cells of a group.
    fits: Vec<Vec<u64>>,
    /// Into how many groups a cell does not fit.
    barred: Vec<u32>,
    degree: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(graph: &'a Graph, first: &[usize]) -> Self {
        let degree = (0..graph.count).map(|cell| graph.row(cell).iter().map(|word| word.count_ones()).sum());
        let mut search = Search {
            graph,
            group_of: vec![NONE; graph.count],
            groups: 0,
            left: graph.count,
            fits: Vec::new(),
            barred: vec![0; graph.count],
            degree: degree.collect(),
        };
        for (group, &cell) in first.iter().enumerate() {
            search.put(cell, group);
        }
        search
    }

    fn descend(&self, stack: &mut Vec<Branch>) {
        let open = (0..self.graph.count).filter(|&cell| self.group_of[cell] == NONE);
        let hardest =
            open.max_by_key(|&cell| (self.barred[cell], u32::MAX - self.degree[cell], usize::MAX - cell));
        stack.extend(hardest.map(|cell| Branch { cell, next: 0, undo: None }));
    }

    /// The next group that the branch's cell can have if there are to be fewer than `most`; a new one comes last.
    fn next_group(&self, branch: &mut Branch, most: usize) -> Option<usize> {
        if self.groups >= most {
            return None;
        }
        for group in branch.next..self.groups {
            if self.fits[group][branch.cell / 64] >> (branch.cell % 64) & 1 == 1 {
                branch.next = group + 1;
                return Some(group);
            }
        }
        let is_new = branch.next <= self.groups && self.groups + 1 < most;
        branch.next = usize::MAX;
        is_new.then_some(self.groups)
    }

    /// Puts the cell into the group; answers what fitted into it before, if it was there.
    fn put(&mut self, cell: usize, group: usize) -> Option<Vec<u64>> {
        self.group_of[cell] = group as u32;
        self.left -= 1;
        let row = self.graph.row(cell);
        if group == self.groups {
            self.groups += 1;
            let mut out: Vec<u64> = row.iter().map(|word| !word).collect();
            clear_from(&mut out, self.graph.count);
            ones(&out).for_each(|other| self.barred[other] += 1);
            self.fits.push(row.to_vec());
            return None;
        }
        let before = self.fits[group].clone();
        for (at, (fits, row)) in self.fits[group].iter_mut().zip(row).enumerate() {
            let lost = *fits & !row;
            bits(lost, at).for_each(|other| self.barred[other] += 1);
            *fits &= row;
        }
        Some(before)
    }

    fn undo(&mut self, cell: usize, group: usize, before: &Option<Vec<u64>>) {
        self.group_of[cell] = NONE;
        self.left += 1;
        let Some(fits) = self.fits.get_mut(group) else { return };
        match before {
            Some(before) => {
                for (at, (fits, before)) in fits.iter_mut().zip(before).enumerate() {
                    bits(before & !*fits, at).for_each(|other| self.barred[other] -= 1);
                    *fits = *before;
                }
            }
            None => {
                let mut out: Vec<u64> = fits.iter().map(|word| !word).collect();
                clear_from(&mut out, self.graph.count);
                ones(&out).for_each(|other| self.barred[other] -= 1);
                self.fits.pop();
                self.groups -= 1;
            }
        }
    }
}

fn clear_from(words: &mut [u64], count: usize) {
    if !count.is_multiple_of(64)
        && let Some(word) = words.get_mut(count / 64)
    {
        *word &= (1 << (count % 64)) - 1;
    }
}

fn ones(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(at, &word)| bits(word, at))
}

fn bits(mut word: u64, at: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.checked_ilog2().map(|_| word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(at * 64 + bit)
    })
}
