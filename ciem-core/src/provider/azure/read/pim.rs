//! Schedules of Privileged Identity Management: access that is active for a time, and access that can be activated
//! (AZ-R9).

use super::roles::{Assignment, scope};
use crate::error::Error;
use crate::model::Tier;
use crate::model::assignment::Untold;
use crate::provider::graph::principal_kind;
use crate::provider::input::{Input, Item};
use crate::provider::schedule::{Outcome, ScheduleInfo, instant, outcome, planned};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    scope: String,
    role_definition_id: String,
    principal_id: String,
    principal_type: Option<String>,
    condition: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    origin_role_assignment_id: Option<String>,
    member_type: Option<String>,
    status: Option<String>,
    schedule_info: Option<ScheduleInfo>,
    expanded_properties: Option<Expanded>,
}

#[derive(Deserialize)]
struct Expanded {
    principal: Option<ExpandedPrincipal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExpandedPrincipal {
    display_name: Option<String>,
    email: Option<String>,
}

/// An assignment for a time, unless it never came about or was taken back. What somebody has through a group stands with
/// the group, too.
pub(super) fn schedule(input: &Input<'_>, item: &Item<'_>, tier: Tier) -> Result<Option<Assignment>, Error> {
    let raw: Raw = input.read(item)?;
    if raw.member_type.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("Group")) {
        return Ok(None);
    }
    let condition = match outcome(raw.status.as_deref()) {
        Outcome::Given => Ok(raw.condition.filter(|text| !text.trim().is_empty())),
        Outcome::Ended => return Ok(None),
        Outcome::Open => Err(Untold::Outcome),
    };
    // What began in the past has begun, whenever the question is about; only plans begin later. Neither needs a type.
    let plans = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("/roleassignmentschedules") || text.contains("/roleeligibilityschedules")
    };
    let is_plan = raw.schedule_info.is_some()
        || item.members.text("type").is_some_and(|text| plans(&text))
        || item.members.text("id").is_some_and(|text| plans(&text));
    let (from, until) = planned(input, item, raw.schedule_info)?;
    let from = instant(input, item, raw.start_date_time.or(from).filter(|_| is_plan))?;
    let until = instant(input, item, raw.end_date_time.or(until))?;
    let (kind, foreign) = principal_kind(raw.principal_type.as_deref());
    let person = raw.expanded_properties.and_then(|known| known.principal);
    Ok(Some(Assignment {
        itself: raw.origin_role_assignment_id.clone(),
        scheduled: true,
        id: raw.origin_role_assignment_id.or_else(|| item.members.text("id").map(|id| id.into_owned())),
        principal: raw.principal_id,
        kind,
        foreign,
        name: person.and_then(|one| one.email.or(one.display_name)),
        role: raw.role_definition_id,
        scope: scope(input, item, &raw.scope)?,
        tier,
        condition,
        window: (from, until),
        further: None,
        made: None,
    }))
}
