//! Applications of a Graph directory and their identities: what every provider of that family needs of them.

use crate::base::Text;
use crate::model::Facts;
use crate::model::application::{ApplicationRecord, Applications, ServiceRecord};
use crate::model::assignment::Members;
use crate::provider::input::Item;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is missing of managed identities that somebody owns, or can change otherwise.
pub(crate) const CREDENTIALS: &str = "whether managed identities take credentials";

/// What a service principal is beside its entry in the directory. Nothing of it makes an input malformed: others of the
/// family read the same one.
pub(crate) struct Service {
    id: String,
    application: Option<String>,
    name: Option<String>,
    offers: Vec<(String, String)>,
    resource: Option<String>,
}

#[derive(Deserialize)]
struct Offer {
    id: String,
    value: Option<String>,
}

pub(crate) fn service(item: &Item<'_>) -> Service {
    let text = |name| item.members.text(name).map(|text| text.into_owned());
    let offers =
        item.members.get("appRoles").and_then(|raw| serde_json::from_str::<Vec<Offer>>(raw.get()).ok());
    let offers = offers.unwrap_or_default().into_iter();
    let names = item.members.get("alternativeNames");
    let names = names.and_then(|raw| serde_json::from_str::<Vec<String>>(raw.get()).ok()).unwrap_or_default();
    Service {
        resource: names.into_iter().map(|name| name.to_ascii_lowercase()).find(|name| name.starts_with('/')),
        id: text("id").unwrap_or_default(),
        application: text("appId"),
        name: text("displayName"),
        offers: offers
            .filter_map(|offer| Some((offer.id, offer.value.filter(|text| !text.is_empty())?)))
            .collect(),
    }
}

pub(crate) fn keep_service(facts: &mut Facts, one: Service) {
    let id = facts.text(&one.id.to_ascii_lowercase());
    let application = one.application.map(|text| facts.text(&text.to_ascii_lowercase()));
    let name = one.name.map(|text| facts.text(&text));
    let offers =
        one.offers.iter().map(|(id, value)| (facts.text(&id.to_ascii_lowercase()), facts.text(value)));
    let record = ServiceRecord {
        application,
        name,
        offers: offers.collect(),
        resource: one.resource.map(|text| facts.text(&text)),
    };
    let known = facts.applications.services.entry(id).or_default();
    known.application = known.application.or(record.application);
    known.name = known.name.or(record.name);
    known.resource = known.resource.or(record.resource);
    known.offers.extend(record.offers);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Application {
    id: String,
    app_id: Option<String>,
}

pub(crate) fn keep_application(facts: &mut Facts, one: Application) {
    let id = facts.text(&one.id.to_ascii_lowercase());
    let application = one.app_id.map(|text| facts.text(&text.to_ascii_lowercase()));
    let known = facts.applications.applications.entry(id).or_insert(ApplicationRecord { application });
    known.application = known.application.or(application);
}

/// Owners that an input gives beside the client id of an application are those of the application.
pub(crate) fn join_owners(apps: &mut Applications, owners: &mut BTreeMap<Text, Members>) {
    let mut objects: BTreeMap<Text, Text> =
        apps.applications.iter().filter_map(|(&object, known)| Some((known.application?, object))).collect();
    // Of an application of which only its identity was given, the client id is all that names it.
    for client in apps.services.values().filter_map(|service| service.application) {
        objects.entry(client).or_insert(client);
    }
    objects
        .retain(|client, _| !apps.services.contains_key(client) && !apps.applications.contains_key(client));
    for (client, object) in objects {
        let Some(theirs) = owners.remove(&client) else { continue };
        apps.applications.entry(object).or_insert(ApplicationRecord { application: Some(client) });
        let known = owners.entry(object).or_default();
        known.ids.extend(theirs.ids);
        known.complete |= theirs.complete;
    }
}

/// The service principals that are the identity of an application.
pub(crate) fn services_of(all: &Applications, object: Text) -> Vec<Text> {
    let Some(id) = all.applications.get(&object).and_then(|known| known.application) else {
        return Vec::new();
    };
    let of = all.services.iter().filter(|(_, service)| service.application == Some(id));
    of.map(|(&service, _)| service).collect()
}
