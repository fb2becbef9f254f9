//! Real action names, drawn with the skew of real policies: a few services and a few actions of each fill most of them.

use super::random::Random;
use std::collections::HashMap;

const ACTIONS: &str = include_str!("../../ciem-core/catalog/aws/actions.txt");
const RESOURCE_TYPES: &str = include_str!("../../ciem-core/catalog/aws/resource-types.txt");

/// Services that most statements speak of, most frequent first.
const POPULAR: [&str; 24] = [
    "s3",
    "ec2",
    "logs",
    "iam",
    "dynamodb",
    "lambda",
    "sqs",
    "kms",
    "sns",
    "secretsmanager",
    "ssm",
    "cloudwatch",
    "ecr",
    "rds",
    "sts",
    "states",
    "events",
    "kinesis",
    "glue",
    "ecs",
    "athena",
    "cloudformation",
    "apigateway",
    "route53",
];

/// One action: its service, its name as AWS spells it, and the types of resources it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action {
    pub(crate) service: &'static str,
    pub(crate) name: &'static str,
    resource_types: &'static str,
}

impl Action {
    pub(crate) fn text(self) -> String {
        format!("{}:{}", self.service, self.name)
    }

    /// The words of the name: `GetBucketPolicy` is `Get`, `Bucket`, `Policy`.
    fn words(self) -> Vec<&'static str> {
        let bytes = self.name.as_bytes();
        let mut starts: Vec<usize> = vec![0];
        starts.extend((1..bytes.len()).filter(|&at| {
            bytes[at].is_ascii_uppercase()
                && (!bytes[at - 1].is_ascii_uppercase()
                    || bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase))
        }));
        let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
        starts.iter().zip(ends).map(|(&start, end)| &self.name[start..end]).collect()
    }
}

/// All actions, each service's in an arbitrary but fixed order of popularity.
#[derive(Debug)]
pub(crate) struct Catalogue {
    all: Vec<Action>,
    popular: Vec<Vec<Action>>,
    templates: HashMap<(&'static str, &'static str), &'static str>,
}

impl Catalogue {
    pub(crate) fn load() -> Self {
        let mut all: Vec<Action> = actions().collect();
        Random::new(0x00CA_7A10).shuffle(&mut all);
        let of = |service: &&str| {
            all.iter().copied().filter(|action| action.service == *service).collect::<Vec<_>>()
        };
        let popular = POPULAR.iter().map(of).filter(|actions| !actions.is_empty()).collect();
        Catalogue { all, popular, templates: templates() }
    }

    /// The form of the ARNs that the action is about, if it is about resources.
    pub(crate) fn template(&self, random: &mut Random, action: Action) -> Option<&'static str> {
        let types: Vec<&str> = action.resource_types.split(',').collect();
        // The type with the shortest name is nearly always the plain one: `object`, not `accesspointobject`.
        let plain = types.iter().copied().min_by_key(|name| name.len())?;
        let chosen = if random.chance(80) { plain } else { random.pick(&types) };
        self.templates.get(&(action.service, chosen)).copied()
    }

    pub(crate) fn any(&self, random: &mut Random) -> Action {
        self.all[random.below(self.all.len())]
    }

    /// The service that one statement is about, as the list of its actions.
    pub(crate) fn subject(&self, random: &mut Random) -> &[Action] {
        if random.chance(85) {
            return &self.popular[random.skewed(self.popular.len())];
        }
        let start = random.skewed(self.all.len());
        &self.all[start..=start]
    }

    /// A pattern of the given action: 55 % its name, 30 % `Verb*`, 9 % `service:*`, 6 % another wildcard, 1 % `*`.
    pub(crate) fn pattern(&self, random: &mut Random, action: Action) -> String {
        let words = action.words();
        let (first, last) = (words[0], words[words.len() - 1]);
        match random.below(101) {
            0..55 => action.text(),
            55..85 => format!("{}:{first}*", action.service),
            85..94 => format!("{}:*", action.service),
            94..97 => format!("{}:*{last}", action.service),
            97..100 => format!("{}:{first}*{last}*", action.service),
            _ => "*".to_owned(),
        }
    }
}

/// An action of one service's list, early ones far more often.
pub(crate) fn action_of(random: &mut Random, subject: &[Action]) -> Action {
    subject[random.skewed(subject.len())]
}

fn actions() -> impl Iterator<Item = Action> {
    ACTIONS.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let (service, name) = fields.next()?.split_once(':')?;
        Some(Action { service, name, resource_types: fields.nth(1)? })
    })
}

fn templates() -> HashMap<(&'static str, &'static str), &'static str> {
    let entry = |line: &'static str| {
        let mut fields = line.split('\t');
        Some(((fields.next()?, fields.next()?), fields.next()?))
    };
    RESOURCE_TYPES.lines().filter_map(entry).collect()
}
