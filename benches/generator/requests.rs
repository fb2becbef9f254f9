//! Random questions to an estate.

use super::random::Random;
use super::{Estate, arn};

/// A question with every context key given that a policy of the estate mentions and the facts do not determine.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) principal: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) context: Vec<(&'static str, String)>,
    /// RFC 3339.
    pub(crate) at: &'static str,
}

impl Estate {
    /// Half of the questions aim at what a policy of the principal speaks about, a quarter at a resource that has a
    /// policy of its own, the rest are any action on any resource of the principal's account.
    pub(crate) fn requests(&self, seed: u64, count: usize) -> Vec<Question> {
        let mut random = Random::fork(seed, 0x0A5C);
        (0..count).map(|_| self.request(&mut random)).collect()
    }

    fn request(&self, random: &mut Random) -> Question {
        let identity = &self.identities[random.below(self.identities.len())];
        let (action, resource) = match (random.below(4), &identity.aim) {
            (0 | 1, Some(aim)) => (aim.action.text(), aim.resource.clone()),
            (2, _) if !self.guarded.is_empty() => {
                let guarded = &self.guarded[random.below(self.guarded.len())];
                (guarded.action.to_owned(), guarded.arn.clone())
            }
            _ => {
                let action = self.catalogue.any(random);
                let account = identity.arn.split(':').nth(4).unwrap_or_default();
                (action.text(), arn::resource(random, &self.catalogue, action, account))
            }
        };
        Question {
            principal: identity.arn.clone(),
            action,
            resource,
            context: context(random),
            at: "2026-06-01T12:00:00Z",
        }
    }
}

fn context(random: &mut Random) -> Vec<(&'static str, String)> {
    let truth = |yes: bool| if yes { "true" } else { "false" }.to_owned();
    vec![
        ("aws:SourceIp", format!("10.{}.0.{}", random.below(128), random.below(256))),
        ("aws:MultiFactorAuthPresent", truth(random.chance(50))),
        ("aws:RequestedRegion", random.pick(&arn::REGIONS).to_owned()),
        ("aws:SecureTransport", truth(random.chance(95))),
        ("aws:ResourceTag/team", random.pick(&arn::TEAMS).to_owned()),
        ("aws:SourceAccount", arn::management_account()),
        ("sts:ExternalId", "shared-secret".to_owned()),
    ]
}
