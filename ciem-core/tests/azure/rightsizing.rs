//! Proposals for everybody of random tenants: what the naive evaluator allowed of what was used it allows once the changes
//! are made, and it allows nothing more.

use crate::naive::{self, Question, Tier};
use crate::random::Random;
use crate::tenant::{self, Assignment, Block, Role, Stock, Tenant};
use crate::{action, load};
use ciem_core::{
    Cover, Level, Progress, Proposal, Query, RightsizeOptions, Snapshot, SpellingMode, Usage, UsageBuilder,
    UseEvent, Verdict, Window,
};
use serde_json::Value;

const AT: &str = "2026-11-01T00:00:00Z";
const EVENTS: usize = 30;
const QUESTIONS: usize = 60;

/// Who did what on what.
struct Event {
    who: String,
    operation: (String, bool),
    resource: String,
}

fn logs(events: &[Event], random: &mut Random) -> Usage {
    let window = Window::ending("90d", AT).unwrap();
    let mut logs = UsageBuilder::new();
    for id in tenant::SUBSCRIPTIONS.iter().map(|id| id.rsplit('/').next().unwrap()).chain(tenant::GROUPS) {
        if random.percent(90) {
            logs.cover(&Cover::management("azure", &id.to_lowercase(), &window));
        }
    }
    for Event { who, operation, resource } in events {
        let event = UseEvent::new(who.as_str(), action(operation), "2026-10-01T10:00:00Z").unwrap();
        logs.add_event(&event.resource(resource.as_str())).unwrap();
    }
    logs.finish()
}

fn texts(of: &Value, name: &str) -> Vec<String> {
    of[name].as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn blocks(one: &Value) -> Vec<Block> {
    let block = |of: &Value, [actions, not_actions, data, not_data]: [&str; 4]| Block {
        actions: texts(of, actions),
        not_actions: texts(of, not_actions),
        data_actions: texts(of, data),
        not_data_actions: texts(of, not_data),
        condition: None,
    };
    match one["roleDefinition"].is_object() {
        true => {
            vec![block(&one["roleDefinition"], ["Actions", "NotActions", "DataActions", "NotDataActions"])]
        }
        false => {
            let names = ["actions", "notActions", "dataActions", "notDataActions"];
            one["permissions"].as_array().unwrap().iter().map(|of| block(of, names)).collect()
        }
    }
}

/// The tenant with the changes made.
fn changed(tenant: &Tenant, proposal: &Proposal) -> Tenant {
    let mut after = tenant.clone();
    let gone: Vec<usize> = proposal
        .remedy
        .changes
        .iter()
        .filter(|change| change.operation == "delete_role_assignment")
        .map(|change| change.target.rsplit("/a-").next().unwrap().parse().unwrap())
        .collect();
    let numbered = tenant.assignments.iter().enumerate();
    after.assignments = numbered.filter(|(at, _)| !gone.contains(at)).map(|(_, one)| one.clone()).collect();
    for policy in &proposal.policies {
        let one = &policy.document["assignments"][0];
        let condition = one["condition"].as_str().map(|text| tenant::condition_of(text).to_owned());
        after.roles.push(Role { blocks: blocks(one), given: true });
        after.assignments.push(Assignment {
            principal: one["principalId"].as_str().unwrap().to_owned(),
            role: after.roles.len() - 1,
            scope: one["scope"].as_str().unwrap().to_owned(),
            eligible: false,
            condition,
        });
    }
    after
}

pub(crate) fn law(seed: u64, stock: &Stock) -> Result<usize, String> {
    let mut random = Random::new(seed);
    let tenant = Tenant::new(&mut random, stock);
    let files = tenant.files(&mut random);
    let about = |message: String| format!("seed {seed}: {message}\n{tenant:#?}");
    let snapshot = load(&files).map_err(about)?;
    let events: Vec<Event> = (0..random.below(EVENTS))
        .map(|_| Event {
            who: random.pick(&tenant.users).clone(),
            operation: random.pick(&tenant.operations).clone(),
            resource: tenant::resource(&mut random),
        })
        .collect();
    let usage = logs(&events, &mut random);
    let mode = *random.pick(&[SpellingMode::Exact, SpellingMode::Safe, SpellingMode::Compact]);
    let level = *random.pick(&[Level::Permissions, Level::Resources]);
    let form = *random.pick(&["custom_role", "custom_role", "built_in_role"]);
    let options =
        RightsizeOptions::new(AT).mode(mode).level(level).form(form).unobservable(random.percent(60));
    let mut made = Vec::new();
    let rightsizer = snapshot.rightsizer(&usage, &options);
    let all = rightsizer.propose_everybody(&Progress::none(), |name, one| made.push((name.to_owned(), one)));
    all.map_err(|error| about(error.to_string()))?;
    let mut exchanged = 0;
    for (name, proposal) in made {
        let proposal = proposal.map_err(|error| about(format!("{name}: {error}")))?;
        let certificate = &proposal.certificate;
        let proved = certificate.within_granted == "proved" && certificate.covers_kept == "proved";
        if proposal.fits && !(proved && certificate.replay.would_fail == 0) {
            return Err(about(format!("{name}: {certificate:#?} {:#?}", proposal.policies)));
        }
        let mut state = proposal.remedy.starting_state();
        let before = state.clone();
        proposal.remedy.apply(&mut state).unwrap();
        proposal.rollback.apply(&mut state).unwrap();
        if state != before {
            return Err(about(format!("{name}: not taken back")));
        }
        if proposal.remedy.changes.is_empty() {
            continue;
        }
        exchanged += 1;
        let after = changed(&tenant, &proposal);
        let members: Vec<&String> =
            tenant.users.iter().filter(|user| **user == name || proposal.members.contains(user)).collect();
        // Nobody else sees a difference, members have what they used, and nobody has more.
        for (number, event) in events.iter().enumerate().take(EVENTS) {
            let key = if number % 2 == 0 { None } else { Some("a") };
            let question = Question {
                principal: &event.who,
                operation: &event.operation,
                resource: &event.resource,
                tier: Tier::Active,
                key,
            };
            let (then, now) = (tenant.verdict(&question), after.verdict(&question));
            if then.is_some() && now.is_some() && then != now {
                return Err(about(format!(
                    "{name}: {} {} {}: {then:?}, {now:?}\n{:#?}",
                    event.who,
                    action(&event.operation),
                    event.resource,
                    proposal.policies
                )));
            }
        }
        for _ in 0..QUESTIONS {
            let (operation, resource) = (random.pick(&tenant.operations), tenant::resource(&mut random));
            let principal = random.pick(&tenant.users);
            let key = *random.pick(&[None, Some("a"), Some("c")]);
            let question = Question { principal, operation, resource: &resource, tier: Tier::Active, key };
            let (Some(then), Some(now)) = (tenant.verdict(&question), after.verdict(&question)) else {
                continue;
            };
            let fewer = then == now || members.contains(&principal) && now == naive::Verdict::Deny;
            // What was conditional or unknown may be decided by what is gone.
            let fewer = fewer
                || members.contains(&principal)
                    && then != naive::Verdict::Deny
                    && now != naive::Verdict::Allow;
            if !fewer {
                return Err(about(format!(
                    "{name}: {principal} {} {resource} {key:?}: {then:?}, {now:?}\n{:#?}",
                    action(operation),
                    proposal.policies
                )));
            }
        }
    }
    Ok(exchanged)
}

/// Holders of real roles that used some of what they have, in both forms.
pub(crate) fn real(snapshot: &Snapshot) -> Result<String, String> {
    let window = Window::ending("90d", AT).unwrap();
    let subscription = tenant::SUBSCRIPTIONS[0];
    let resource = format!("{subscription}/resourceGroups/rg/providers/Microsoft.X/y/z");
    let mut logs = UsageBuilder::new();
    logs.cover(&Cover::management("azure", subscription.rsplit('/').next().unwrap(), &window));
    let holders: Vec<String> = snapshot.principals().map(|row| row.principal).step_by(12).collect();
    for holder in &holders {
        let access = snapshot.what_can(&Query::what(holder.as_str())).map_err(|error| error.to_string())?;
        let granted = access.rows().iter().filter(|row| row.verdict == Verdict::Allow);
        for permission in granted.flat_map(|row| row.permissions.iter()).step_by(9).take(40) {
            let event = UseEvent::new(holder.as_str(), permission, "2026-10-01T10:00:00Z").unwrap();
            logs.add_event(&event.resource(resource.as_str())).unwrap();
        }
    }
    let usage = logs.finish();
    let mut told = format!("{} holders of real roles:", holders.len());
    for form in ["custom_role", "built_in_role"] {
        let options = RightsizeOptions::new(AT).form(form);
        let (mut exchanged, mut kinds, mut proven, mut kept, mut granted) = (0, 0, 0, 0, 0);
        let mut failed = None;
        let each = |name: &str, made: Result<Proposal, ciem_core::Error>| {
            let made = made.unwrap();
            let certificate = &made.certificate;
            let proved = certificate.within_granted == "proved" && certificate.covers_kept == "proved";
            if !proved || certificate.replay.would_fail > 0 || !made.fits {
                failed = Some(format!("{name}: {certificate:#?}"));
            }
            granted += made.granted;
            kept += made.kept;
            if made.outcome == "exchange" {
                exchanged += 1;
                kinds += u32::from(made.policies.iter().all(|policy| policy.kind == form));
                proven += u32::from(made.optimal);
            }
        };
        let rightsizer = snapshot.rightsizer(&usage, &options);
        rightsizer.propose_each(&holders, &Progress::none(), each).map_err(|error| error.to_string())?;
        if let Some(failed) = failed {
            return Err(failed);
        }
        told += &format!(
            " {form}: {exchanged} exchanged, {kinds} in this form alone, {proven} proven shortest, {kept} of {granted} permissions stay;"
        );
    }
    Ok(told)
}
