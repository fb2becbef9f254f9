//! What callers can do, one after the other: what hangs on the question alone is worked out once, and what holds for
//! one caller holds for all that a part of the question cannot tell from it.

use super::alike;
use super::among;
use super::asking::{condition, except};
use super::caller::Caller;
use super::context::State;
use super::decide::{Case, Verdict, verdict};
use super::inquiry::{Granted, Groups, Inquiry, Source};
use super::kin::{Kin, Stance};
use super::likeness::Hanging;
use super::outside::one_sided;
use super::question::{Part, Plan, Setting};
use super::reach::{Reach, Star};
use super::row_plan::{RowPlan, one_part};
use crate::base::{Intervals, Row, Text};
use crate::condition::{Expr, Tri, constant_among, simplify, tells_resources_apart};
use crate::error::Error;
use crate::model::{PrincipalKind, Query, Tier, given_value};
use crate::pattern::{Pattern, Relation};
use crate::progress::Progress;
use crate::provider::Fixed;
use crate::snapshot::estate::{AccountId, Estate, ResourceId};
use crate::snapshot::governed::Grant;
use crate::snapshot::library::PatternKind;
use crate::truth::PermissionSet;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a condition means, written out once for all who share it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) verdict: Verdict,
    pub(super) condition: Option<String>,
    pub(super) except: Vec<String>,
    pub(super) expr: Expr,
}

/// Permissions on a pattern that are held alike; what callers have in common is shared.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) pattern: Arc<str>,
    /// First number and end of each run of permissions, sorted.
    pub(super) permissions: Box<[(u16, u16)]>,
    pub(super) found: Arc<Found>,
    /// Names of policies and groups, sorted.
    pub(super) via: Arc<[Text]>,
    pub(super) tier: Tier,
}

pub(super) type Findings = Arc<[Finding]>;

type Map<K, V> = HashMap<K, V, RandomState>;

/// Patterns, and what of a grant can act there.
type Places = Arc<[(String, Intervals)]>;

/// Permissions with one answer, by what it means and where it comes from.
type Answered = Map<(*const Found, Vec<(u32, u32)>), (Arc<Answer>, Vec<u16>)>;

/// A condition, the resource types of a permission, and the pattern that is asked about.
type Kinds<'a> = (Expr, &'a [u16], Arc<str>);

/// One question to many callers.
pub(super) struct Study<'a> {
    estate: &'a Estate,
    tier: Tier,
    query: &'a Query,
    wanted: Option<Intervals>,
    kin: Kin<'a>,
    star: Arc<Star>,
    /// By condition, as it is and simplified.
    raw: Map<Expr, Arc<Found>>,
    known: Map<Expr, Arc<Found>>,
    /// Whether a condition comes to all or nothing.
    among: Map<Kinds<'a>, Option<bool>>,
    always: Arc<Found>,
    /// By facts and kind: with what one side is enough to cross accounts.
    crossing: Map<(u32, PrincipalKind), Arc<Intervals>>,
    /// By grant: where it holds, unless that hangs on the caller.
    places: Map<u32, Option<Places>>,
    /// By class of permissions: the resources whose policies speak of them.
    speaking: Map<u32, Arc<Speaking>>,
    of_account: OfAccount,
}

/// What holds for callers of one account only.
#[derive(Default)]
struct OfAccount {
    account: Option<AccountId>,
    plans: Map<String, Arc<Planned>>,
    findings: Map<(String, Vec<u32>), Findings>,
    answers: Map<(u16, bool, Vec<u32>), Option<Arc<Answer>>>,
}

struct Planned {
    /// In the one form in which ids are compared, and as it is shown.
    pattern: Arc<str>,
    shown: Arc<str>,
    parsed: Option<Pattern>,
    plan: RowPlan,
    policies: BTreeMap<ResourceId, Intervals>,
    /// The resources with policies of their own, where they are few.
    resources: Option<Vec<ResourceId>>,
}

/// The resources whose policies speak of a permission.
struct Speaking {
    resources: Vec<ResourceId>,
    /// What in their policies hangs on the caller.
    hanging: Hanging,
}

/// What holds for one permission on everything.
struct Answer {
    found: Arc<Found>,
    sources: Vec<(u32, u32)>,
    names: Arc<[Text]>,
}

impl<'a> Study<'a> {
    pub(super) fn new(estate: &'a Estate, query: &'a Query, tier: Tier) -> Result<Self, Error> {
        let always = Arc::new(Found::of(Expr::Always));
        Ok(Study {
            estate,
            tier,
            query,
            wanted: query.action.as_ref().map(|action| estate.universe.expand(action)),
            kin: Kin::new(estate),
            star: Arc::new(Star::new(estate, query.caller_side_only)?),
            raw: HashMap::default(),
            among: HashMap::default(),
            known: HashMap::from_iter([(Expr::Always, Arc::clone(&always))]),
            always,
            crossing: HashMap::default(),
            places: HashMap::default(),
            speaking: HashMap::default(),
            of_account: OfAccount::default(),
        })
    }

    /// What the caller can do, by pattern. `setting` is bound to the caller. Callers of one account should follow each
    /// other.
    pub(super) fn about(
        &mut self,
        caller: &Caller,
        setting: &Setting,
        progress: &Progress,
    ) -> Result<Vec<Findings>, Error> {
        let estate = self.estate;
        if self.of_account.account != caller.account {
            self.of_account = OfAccount { account: caller.account, ..OfAccount::default() };
        }
        let inquiry = Inquiry { estate, caller, setting, caller_side: self.query.caller_side_only };
        let stance = self.kin.stance(caller, setting);
        let star = Arc::clone(&self.star);
        let whole = star.plan.generic().map(|part| one_part(estate, caller, setting, part));
        let whole = whole.unwrap_or_else(|| PermissionSet::exact(Row::None));
        let crossing = || {
            let new = || Arc::new(one_sided(estate, caller));
            Arc::clone(self.crossing.entry((caller.facts, caller.kind)).or_insert_with(new))
        };
        let reach = Reach::of(&inquiry, &star, crossing);
        let exactly = self.query.resource.is_some();
        let asked: Granted = match &self.query.resource {
            Some(resource) => Granted::from([(resource.clone(), vec![(0, estate.universe.len())])]),
            None => {
                let mut found = inquiry.own_patterns(&whole);
                if !inquiry.caller_side {
                    self.add_places(&inquiry, &reach, &mut found);
                }
                found
            }
        };
        // What patterns fix of the request's context.
        let mut told: BTreeMap<String, Option<Setting>> = BTreeMap::new();
        let (mut all, count) = (Vec::with_capacity(asked.len()), asked.len());
        for (done, (pattern, ranges)) in asked.into_iter().enumerate() {
            progress.tick("asking", done, Some(count))?;
            let mut actions = Intervals::from_ranges(ranges);
            if let Some(wanted) = &self.wanted {
                actions = actions.intersect(wanted);
            }
            let findings = match pattern.as_str() {
                "*" => self.everything(&inquiry, &stance, &whole, &reach, &actions)?.into(),
                _ => {
                    let (key, fixed) = (estate.provider.resource_context)(&pattern);
                    let state = match fixed {
                        _ if exactly || given_value(&self.query.context, key).is_some() => None,
                        Fixed::Value(value) => Some((value, State::One(value.into()))),
                        // So the whole question is set.
                        Fixed::Differently => None,
                        Fixed::Nothing => Some(("", State::ungiven(self.query.unknown_context))),
                    };
                    let mut inquiry = inquiry;
                    if let Some((value, state)) = state {
                        let new = || setting.telling(estate, key, &state);
                        let told = told.entry(value.to_owned()).or_insert_with(new);
                        inquiry.setting = told.as_ref().unwrap_or(setting);
                    }
                    self.on_pattern(&inquiry, &stance, pattern, &actions, exactly, progress)?
                }
            };
            if !findings.is_empty() {
                all.push(findings);
            }
        }
        Ok(all)
    }

    fn on_pattern(
        &mut self,
        inquiry: &Inquiry<'_>,
        stance: &Stance,
        pattern: String,
        actions: &Intervals,
        exactly: bool,
        progress: &Progress,
    ) -> Result<Findings, Error> {
        let estate = self.estate;
        let planned = match self.of_account.plans.get(&pattern) {
            Some(known) => Arc::clone(known),
            None => {
                let planned = Arc::new(Planned::new(estate, &pattern, inquiry.caller_side)?);
                self.of_account.plans.insert(pattern.clone(), Arc::clone(&planned));
                planned
            }
        };
        let states = &inquiry.setting.states;
        let only_on_resources = !exactly;
        let key = planned.resources.as_deref().map(|resources| {
            let asked = planned.parsed.as_ref();
            let mut key = self.kin.key(inquiry.caller, stance, states, Some(resources), asked, actions);
            key.extend(actions.ranges().iter().map(|&(start, end)| u32::from(start) << 16 | u32::from(end)));
            (pattern, key)
        });
        if let Some(known) = key.as_ref().and_then(|key| self.of_account.findings.get(key)) {
            return Ok(Arc::clone(known));
        }
        let sources = inquiry.sources(&planned.pattern, &planned.policies);
        let groups = match few(actions) {
            true => {
                let actions = match only_on_resources {
                    // Permissions without resource belong to the row of `*`.
                    true => &actions.intersect(estate.universe.with_resource()),
                    false => actions,
                };
                self.by_class(inquiry, &planned, actions, &sources)?
            }
            false => {
                let mut meaning = |raw: Expr| self.meaning(raw).expr.clone();
                let about = (&*planned.pattern, &planned.plan);
                inquiry.groups(about, actions, only_on_resources, &sources, &mut meaning, progress)?
            }
        };
        let groups = self.among(&planned, groups);
        let findings = self.findings(inquiry, &planned.shown, groups, &sources);
        if let Some(key) = key {
            self.of_account.findings.insert(key, Arc::clone(&findings));
        }
        Ok(findings)
    }

    /// As `Inquiry::groups`, class by class: for few permissions that costs less than a row of all.
    fn by_class(
        &mut self,
        inquiry: &Inquiry<'_>,
        planned: &Planned,
        actions: &Intervals,
        sources: &[Source],
    ) -> Result<Groups, Error> {
        let &Inquiry { estate, caller, setting, .. } = inquiry;
        let ids: Vec<u16> = actions.ranges().iter().flat_map(|&(start, end)| start..end).collect();
        let question = alike::Question { estate, caller, setting, parts: Vec::new() };
        let mut groups = Groups::new();
        for ids in question.classes_of_all(&ids) {
            let Some(&first) = ids.first() else { continue };
            let plan = planned.plan(estate, first, inquiry.caller_side)?;
            let found = self.decide(&Case::new(estate, caller, &plan, setting));
            if found.expr == Expr::Never {
                continue;
            }
            let via = sources.iter().zip(0..).filter(|(source, _)| source.actions.contains(first));
            let group = (found.expr.clone(), via.map(|(_, at)| at).collect());
            groups.entry(group).or_default().extend(ids);
        }
        Ok(groups)
    }

    /// Permissions with one condition on the resource, by what it comes to for the kinds of resource that each acts on.
    fn among(&mut self, planned: &Planned, groups: Groups) -> Groups {
        let Some(asked) = &planned.parsed else { return groups };
        let (estate, mut settled) = (self.estate, Groups::new());
        for ((expr, via), ids) in groups {
            if !tells_resources_apart(&expr) {
                settled.entry((expr, via)).or_default().extend(ids);
                continue;
            }
            let mut by_types: BTreeMap<&[u16], Vec<u16>> = BTreeMap::new();
            for id in ids {
                let types = estate.universe.catalog().info(id).map_or(&[][..], |info| info.resource_types);
                by_types.entry(types).or_default().push(id);
            }
            for (types, ids) in by_types {
                let Some(&first) = ids.first() else { continue };
                let all_or_nothing = || constant_among(&expr, &among::acted_on(estate, first, asked)?);
                let key = (expr.clone(), types, Arc::clone(&planned.pattern));
                let expr = match *self.among.entry(key).or_insert_with(all_or_nothing) {
                    Some(true) => Expr::Always,
                    Some(false) => continue,
                    None => expr.clone(),
                };
                settled.entry((expr, via.clone())).or_default().extend(ids);
            }
        }
        settled
    }

    fn findings(
        &mut self,
        inquiry: &Inquiry<'_>,
        pattern: &Arc<str>,
        groups: Groups,
        sources: &[Source],
    ) -> Findings {
        let mut findings: Vec<Finding> = Vec::with_capacity(groups.len());
        for ((expr, via), ids) in groups {
            let via = inquiry.names(via.iter().filter_map(|&at| sources.get(usize::from(at))));
            findings.push(Finding {
                pattern: Arc::clone(pattern),
                permissions: runs(ids),
                found: self.known(expr),
                via: via.into(),
                tier: self.tier,
            });
        }
        findings.sort_by(|a, b| a.permissions.cmp(&b.permissions));
        findings.into()
    }

    /// What acts on nothing is asked as one request, where the regions of resources are left open.
    fn everything(
        &mut self,
        inquiry: &Inquiry<'_>,
        stance: &Stance,
        whole: &PermissionSet,
        reach: &Reach,
        actions: &Intervals,
    ) -> Result<Vec<Finding>, Error> {
        let (estate, setting) = (self.estate, inquiry.setting);
        let (key, fixed) = (estate.provider.resource_context)("*");
        let ungiven = State::ungiven(self.query.unknown_context);
        let left_open = fixed == Fixed::Differently
            && ungiven != State::Unknown
            && given_value(&self.query.context, key).is_none();
        let Some(closed) = left_open.then(|| setting.telling(estate, key, &ungiven)).flatten() else {
            return self.on_everything(inquiry, stance, whole, reach, actions);
        };
        let acting = actions.intersect(estate.universe.with_resource());
        let mut findings = self.on_everything(inquiry, stance, whole, reach, &acting)?;
        let nothing = actions.intersect(estate.universe.without_resource());
        let alone = Inquiry { setting: &closed, ..*inquiry };
        findings.extend(self.on_everything(&alone, stance, whole, reach, &nothing)?);
        Ok(findings)
    }

    fn on_everything(
        &mut self,
        inquiry: &Inquiry<'_>,
        stance: &Stance,
        whole: &PermissionSet,
        reach: &Reach,
        actions: &Intervals,
    ) -> Result<Vec<Finding>, Error> {
        let &Inquiry { estate, caller, setting, .. } = inquiry;
        let star = Arc::clone(&self.star);
        // Where a resource's policy may matter, each class of permissions is asked about on its own; elsewhere the
        // caller's side is all there is.
        let told = actions.intersect(&star.told);
        let (sure, mut doubtful) = inquiry.split(whole, &actions.intersect(&star.untold), false);
        doubtful.extend(told.ranges().iter().flat_map(|&(start, end)| start..end));
        doubtful.sort_unstable();
        let question = alike::Question { estate, caller, setting, parts: Vec::new() };
        let mut held: Option<Vec<Source>> = None;
        let mut groups = Answered::default();
        for (is_sure, ids) in [(true, sure), (false, doubtful)] {
            for ids in question.classes_of_all(&ids) {
                let Some(&first) = ids.first() else { continue };
                let answer = self.answer(inquiry, stance, reach, first, is_sure, &mut held)?;
                let Some(answer) = answer else { continue };
                let key = (Arc::as_ptr(&answer.found), answer.sources.clone());
                groups.entry(key).or_insert_with(|| (answer, Vec::new())).1.extend(ids);
            }
        }
        let pattern: Arc<str> = "*".into();
        let finding = |(answer, ids): (Arc<Answer>, Vec<u16>)| Finding {
            pattern: Arc::clone(&pattern),
            permissions: runs(ids),
            found: Arc::clone(&answer.found),
            via: Arc::clone(&answer.names),
            tier: self.tier,
        };
        let mut findings: Vec<Finding> = groups.into_values().map(finding).collect();
        findings.sort_by(|a, b| a.permissions.cmp(&b.permissions));
        Ok(findings)
    }

    /// What holds for one permission on everything.
    fn answer(
        &mut self,
        inquiry: &Inquiry<'_>,
        stance: &Stance,
        reach: &Reach,
        permission: u16,
        is_sure: bool,
        held: &mut Option<Vec<Source>>,
    ) -> Result<Option<Arc<Answer>>, Error> {
        let estate = self.estate;
        let states = &inquiry.setting.states;
        let only = Intervals::from_ranges(vec![(permission, permission + 1)]);
        let mut key = self.kin.key(inquiry.caller, stance, states, None, None, &only);
        let speaking = self.speaking(permission);
        self.kin.tell(states, &speaking.hanging, &mut key);
        let key = (permission, is_sure, key);
        if let Some(known) = self.of_account.answers.get(&key) {
            return Ok(known.clone());
        }
        let found = match is_sure {
            true => Arc::clone(&self.always),
            false => {
                let plan = self.plan(inquiry, reach, permission, &speaking)?;
                self.decide(&Case::new(estate, inquiry.caller, &plan, inquiry.setting))
            }
        };
        let answer = (found.expr != Expr::Never).then(|| {
            let held = held.get_or_insert_with(|| inquiry.sources("*", &BTreeMap::new()));
            let mut sources: Vec<Source> =
                held.iter().filter(|source| source.actions.contains(permission)).cloned().collect();
            if !inquiry.caller_side {
                let speaks = |grant: &&Grant| {
                    let statement = &estate.library.statements[grant.statement];
                    estate.library.speaks_of(statement, permission)
                        && self.star.speaks(estate, grant.resource, permission)
                };
                let grants = reach.named.iter().filter_map(|&number| estate.governed().grant(number));
                sources.extend(inquiry.sources_of(grants.filter(speaks), &only));
            }
            let numbers = sources.iter().map(|source| (source.policy.0, source.statement.0)).collect();
            Arc::new(Answer { found, sources: numbers, names: inquiry.names(sources.iter()).into() })
        });
        self.of_account.answers.insert(key, answer.clone());
        Ok(answer)
    }

    /// The question about one permission on everything, without the parts at which the caller is allowed nothing.
    fn plan(
        &self,
        inquiry: &Inquiry<'_>,
        reach: &Reach,
        permission: u16,
        speaking: &Speaking,
    ) -> Result<Plan, Error> {
        let estate = self.estate;
        let speaking = &speaking.resources;
        if inquiry.caller_side || speaking.is_empty() || estate.universe.is_without_resource(permission) {
            return Plan::new(estate, permission, "*", inquiry.caller_side);
        }
        let kinds = estate.universe.resource_patterns(permission);
        let acts = |covered: &Pattern| {
            let disjoint = |kind: &Pattern| kind.relation(covered) == Relation::Disjoint;
            kinds.clone().is_none_or(|mut kinds| kinds.any(|kind| !disjoint(kind)))
        };
        let told = |part: &Part| {
            part.resource.is_some_and(|id| estate.spoken.of(&estate.resources[id]).contains(permission))
        };
        let governed = estate.governed();
        let numbers: Vec<usize> = match reach.parts(permission) {
            Some(parts) => parts.to_vec(),
            None => {
                self.star.at(speaking.iter().filter_map(|&id| governed.numbers_of(id)).flatten()).collect()
            }
        };
        let parts = numbers.into_iter().filter_map(|number| Some(self.star.plan.special(number)?.0));
        let near = |part: &&Arc<Part>| told(part) && part.covered.as_ref().is_some_and(acts);
        let special: Vec<Arc<Part>> = parts.filter(near).cloned().collect();
        let mut grounds = speaking.iter().flat_map(|&id| governed.of(id));
        let further = special.is_empty() && grounds.any(|ground| acts(&ground.pattern));
        let generic = self.star.plan.generic().cloned();
        Ok(Plan { permission, generic, special, further, own_scope: true })
    }

    /// The resources whose policies can make a difference to the permission.
    fn speaking(&mut self, permission: u16) -> Arc<Speaking> {
        let estate = self.estate;
        let class = alike::common_classes(estate).get(usize::from(permission)).copied().unwrap_or_default();
        let found = self.speaking.entry(class).or_insert_with(|| {
            let askable = |id: &ResourceId| estate.resources[*id].askable;
            let resources: Vec<ResourceId> =
                estate.spoken.by(permission).into_iter().filter(askable).collect();
            let hanging = self.kin.hanging(&resources);
            Arc::new(Speaking { resources, hanging })
        });
        Arc::clone(found)
    }

    /// Where policies of resources grant something to the caller.
    fn add_places(&mut self, inquiry: &Inquiry<'_>, reach: &Reach, found: &mut Granted) {
        let estate = self.estate;
        for &number in &reach.grants {
            let Some(grant) = estate.governed().grant(number) else { continue };
            // Resources that cannot be asked about have no ground.
            let places = self.places.entry(number).or_insert_with(|| {
                let set = &estate.library.resource_sets[estate.library.statements[grant.statement].resources];
                let template = |&item| estate.library.patterns[item].kind == PatternKind::Template;
                (!set.items.iter().any(template)).then(|| inquiry.texts_of(grant).into())
            });
            let mut add = |(text, acting): &(String, Intervals)| match found.get_mut(text) {
                Some(ranges) => ranges.extend_from_slice(acting.ranges()),
                None => drop(found.insert(text.clone(), acting.ranges().to_vec())),
            };
            match places {
                Some(places) => places.iter().for_each(&mut add),
                None => inquiry.texts_of(grant).iter().for_each(&mut add),
            }
        }
    }

    fn decide(&mut self, case: &Case<'_>) -> Arc<Found> {
        // Not for speed alone: what is sure part by part need not be seen in a long condition.
        match case.tri() {
            Tri::Yes => Arc::clone(&self.always),
            Tri::No => self.known(Expr::Never),
            Tri::Maybe => self.meaning(case.residual_expr()),
        }
    }

    fn meaning(&mut self, raw: Expr) -> Arc<Found> {
        if let Some(known) = self.raw.get(&raw) {
            return Arc::clone(known);
        }
        let found = self.known(simplify(&raw).expr);
        self.raw.insert(raw, Arc::clone(&found));
        found
    }

    fn known(&mut self, expr: Expr) -> Arc<Found> {
        let found = self.known.entry(expr).or_insert_with_key(|expr| Arc::new(Found::of(expr.clone())));
        Arc::clone(found)
    }
}

/// Whether so few permissions are asked about that a row of all of them costs more.
fn few(actions: &Intervals) -> bool {
    const FEW: usize = 512;
    actions.ranges().iter().map(|&(start, end)| usize::from(end - start)).sum::<usize>() <= FEW
}

fn runs(mut ids: Vec<u16>) -> Box<[(u16, u16)]> {
    ids.sort_unstable();
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for id in ids {
        match runs.last_mut() {
            Some(last) if last.1 == id => last.1 += 1,
            _ => runs.push((id, id + 1)),
        }
    }
    runs.into()
}

impl Found {
    fn of(expr: Expr) -> Found {
        Found { verdict: verdict(&expr), condition: condition(&expr), except: except(&expr), expr }
    }
}

impl Planned {
    fn new(estate: &Estate, pattern: &str, caller_side: bool) -> Result<Planned, Error> {
        let shown: Arc<str> = pattern.into();
        let pattern: Arc<str> = (estate.provider.canonical)(pattern).into();
        let plan = RowPlan::new(estate, &pattern, caller_side)?;
        let (policies, resources) = (plan.own_policies(estate), plan.few_resources());
        let parsed = Pattern::parse(&pattern, estate.provider.syntax);
        Ok(Planned { pattern, shown, parsed, plan, policies, resources })
    }

    /// The question about one permission.
    fn plan(&self, estate: &Estate, permission: u16, caller_side: bool) -> Result<Plan, Error> {
        let mut specials = self.plan.specials();
        match self.plan.generic() {
            // Without parts of its own the question is the same for all that act on resources.
            Some(part) if specials.next().is_none() && !estate.universe.is_without_resource(permission) => {
                Ok(Plan::of_one(permission, Arc::clone(part)))
            }
            _ => Plan::new(estate, permission, &self.pattern, caller_side),
        }
    }
}
