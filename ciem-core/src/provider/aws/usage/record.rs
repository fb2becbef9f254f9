//! Records of CloudTrail as they stand in files: what of them is read. S3 has names in camel case, tables that were made
//! of it (CloudTrail Lake, Athena) have them in lower case and some objects as JSON text.

use super::printed;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A text; absent where there is none or something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl<'a> Text<'a> {
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.0.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(text))
    }

    pub(super) fn take(self) -> Option<Cow<'a, str>> {
        self.0.filter(|text| !text.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if yes { "true" } else { "false" })))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// An object, or its JSON text; the default where there is neither.
#[derive(Clone, Debug, Default)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de> + Default + Lenient> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData)).map(Object)
    }
}

/// What can be read from a text that does not live as long as the record.
pub(super) trait Lenient: Sized {
    fn of_text(text: &str) -> Option<Self>;
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default + Lenient> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(members))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::of_text(text).unwrap_or_default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Record<'a> {
    #[serde(alias = "eventtime", alias = "event_time")]
    pub(super) event_time: Text<'a>,
    #[serde(alias = "eventsource", alias = "event_source")]
    pub(super) event_source: Text<'a>,
    #[serde(alias = "eventname", alias = "event_name")]
    pub(super) event_name: Text<'a>,
    #[serde(alias = "awsregion", alias = "aws_region")]
    pub(super) aws_region: Text<'a>,
    #[serde(rename = "sourceIPAddress", alias = "sourceipaddress", alias = "source_ip_address")]
    pub(super) source: Text<'a>,
    #[serde(alias = "errorcode", alias = "error_code")]
    pub(super) error_code: Text<'a>,
    #[serde(rename = "eventID", alias = "eventid", alias = "event_id", alias = "eventId")]
    pub(super) event_id: Text<'a>,
    #[serde(rename = "sharedEventID", alias = "sharedeventid", alias = "shared_event_id")]
    pub(super) shared_event_id: Text<'a>,
    #[serde(alias = "eventtype", alias = "event_type")]
    pub(super) event_type: Text<'a>,
    #[serde(alias = "eventcategory", alias = "event_category")]
    pub(super) event_category: Text<'a>,
    #[serde(alias = "managementevent", alias = "management_event")]
    pub(super) management_event: Text<'a>,
    #[serde(alias = "recipientaccountid", alias = "recipient_account_id")]
    pub(super) recipient_account_id: Text<'a>,
    #[serde(alias = "vpcendpointid", alias = "vpc_endpoint_id")]
    pub(super) vpc_endpoint_id: Text<'a>,
    #[serde(alias = "useridentity", alias = "user_identity")]
    pub(super) user_identity: Object<UserIdentity<'a>>,
    pub(super) resources: Resources<'a>,
    #[serde(alias = "requestparameters", alias = "request_parameters")]
    pub(super) request_parameters: Object<Parameters<'a>>,
    #[serde(alias = "responseelements", alias = "response_elements")]
    pub(super) response_elements: Object<Answer<'a>>,
    #[serde(alias = "additionaleventdata", alias = "additional_event_data")]
    pub(super) additional_event_data: Object<Additional<'a>>,
    #[serde(alias = "tlsdetails", alias = "tls_details")]
    pub(super) tls_details: Present,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct UserIdentity<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) arn: Text<'a>,
    #[serde(alias = "accountid", alias = "account_id")]
    pub(super) account_id: Text<'a>,
    #[serde(alias = "accesskeyid", alias = "access_key_id")]
    pub(super) access_key_id: Text<'a>,
    #[serde(alias = "username", alias = "user_name")]
    pub(super) user_name: Text<'a>,
    #[serde(alias = "invokedby", alias = "invoked_by")]
    pub(super) invoked_by: Text<'a>,
    #[serde(alias = "identityprovider", alias = "identity_provider")]
    pub(super) identity_provider: Text<'a>,
    #[serde(alias = "onbehalfof", alias = "on_behalf_of")]
    pub(super) on_behalf_of: Object<OnBehalfOf<'a>>,
    #[serde(alias = "sessioncontext", alias = "session_context")]
    pub(super) session_context: Object<SessionContext<'a>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct OnBehalfOf<'a> {
    #[serde(alias = "userid", alias = "user_id")]
    pub(super) user_id: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct SessionContext<'a> {
    #[serde(alias = "sessionissuer", alias = "session_issuer")]
    pub(super) session_issuer: Object<Issuer<'a>>,
    pub(super) attributes: Object<Attributes<'a>>,
    #[serde(alias = "sourceidentity", alias = "source_identity")]
    pub(super) source_identity: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Issuer<'a> {
    pub(super) arn: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Attributes<'a> {
    #[serde(alias = "mfaauthenticated", alias = "mfa_authenticated")]
    pub(super) mfa_authenticated: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Answer<'a> {
    #[serde(rename = "ConsoleLogin", alias = "consolelogin")]
    pub(super) console_login: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Additional<'a> {
    #[serde(rename = "MFAUsed", alias = "mfaused")]
    pub(super) mfa_used: Text<'a>,
}

/// Reads a text as JSON, or as query engines print objects.
fn with_json<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    read(text).or_else(|| read(&printed::to_json(text)?))
}

/// Reads what was written as JSON text: everything in it is copied, since the text does not outlive the call.
macro_rules! lenient {
    ($($name:ident { $($field:ident),+ })+) => {
        $(impl Lenient for $name<'_> {
            fn of_text(text: &str) -> Option<Self> {
                with_json(text, |json| serde_json::from_str::<$name<'_>>(json).ok().map($name::owned))
            }
        }

        impl $name<'_> {
            fn owned<'b>(self) -> $name<'b> {
                $name { $($field: self.$field.owned()),+ }
            }
        })+
    };
}

lenient! {
    UserIdentity {
        kind, arn, account_id, access_key_id, user_name, invoked_by, identity_provider, on_behalf_of, session_context
    }
    OnBehalfOf { user_id }
    SessionContext { session_issuer, attributes, source_identity }
    Issuer { arn }
    Attributes { mfa_authenticated }
    Answer { console_login }
    Additional { mfa_used }
}

impl Text<'_> {
    fn owned<'b>(self) -> Text<'b> {
        Text(self.0.map(|text| Cow::Owned(text.into_owned())))
    }
}

macro_rules! owned_objects {
    ($($name:ident)+) => {
        $(impl Object<$name<'_>> {
            fn owned<'b>(self) -> Object<$name<'b>> {
                Object(self.0.owned())
            }
        })+
    };
}

owned_objects! { OnBehalfOf SessionContext Issuer Attributes }

/// Texts among the parameters of the request; what nests is left out.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl Parameters<'_> {
    /// The value of a parameter, whatever the case of its name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut known = self.0.iter();
        known.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_ref())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A record may have thousands of parameters, and none of the later ones names what it acts on.
const MOST_PARAMETERS: usize = 64;

impl<'de: 'a, 'a> Deserialize<'de> for Parameters<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ParametersVisitor).map(Parameters)
    }
}

struct ParametersVisitor;

impl<'de> Visitor<'de> for ParametersVisitor {
    type Value = Vec<(Cow<'de, str>, Cow<'de, str>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some((Text(name), Text(value))) = members.next_entry::<Text<'de>, Text<'de>>()? {
            if let (Some(name), Some(value)) = (name, value)
                && texts.len() < MOST_PARAMETERS
            {
                texts.push((name, value));
            }
        }
        Ok(texts)
    }
}

impl Lenient for Parameters<'_> {
    fn of_text(text: &str) -> Option<Self> {
        fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        with_json(text, |json| {
            let read: Parameters<'_> = serde_json::from_str(json).ok()?;
            Some(Parameters(read.0.into_iter().map(|(name, value)| (owned(name), owned(value))).collect()))
        })
    }
}

/// ARNs of the resources of a record.
#[derive(Debug, Default)]
pub(super) struct Resources<'a>(pub(super) Vec<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Resources<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ResourcesVisitor).map(Resources)
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct ResourceEntry<'a> {
    #[serde(rename = "ARN", alias = "arn")]
    arn: Text<'a>,
}

struct ResourcesVisitor;

impl<'de> Visitor<'de> for ResourcesVisitor {
    type Value = Vec<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of resources")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(one) = items.next_element::<ResourceEntry<'de>>()? {
            found.extend(one.arn.take());
        }
        Ok(found)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        let read = serde_json::from_str::<Resources<'_>>(text).unwrap_or_default();
        Ok(read.0.into_iter().map(|arn| Cow::Owned(arn.into_owned())).collect())
    }
}

/// Whether there is something.
#[derive(Debug, Default)]
pub(super) struct Present(pub(super) bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<IgnoredAny>::deserialize(deserializer).map(|some| Present(some.is_some()))
    }
}
