//! Who asks in a simulation.

use super::input::Simulation;
use crate::error::Error;
use crate::model::PrincipalKind;
use crate::provider::aws::SERVICE_LINKED;
use crate::provider::aws::document::is_account;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    User,
    Role,
    /// A session of a role.
    Session,
    Root,
    /// A session from `sts:GetFederationToken`.
    FederatedUser,
    /// An identity that a SAML or OIDC provider vouches for.
    Federated,
    Service,
    Anonymous,
}

/// The principal record that a caller stands for.
pub(super) struct Record {
    pub(super) id: String,
    pub(super) kind: PrincipalKind,
    pub(super) account: String,
    pub(super) name: String,
    pub(super) flags: u8,
}

pub(super) struct Caller {
    pub(super) kind: Kind,
    /// Absent for callers that carry no policies of their own.
    pub(super) record: Option<Record>,
}

pub(super) fn of(simulation: &Simulation) -> Result<Caller, Error> {
    let text = simulation.principal.as_str();
    if text == "anonymous" {
        return Ok(Caller { kind: Kind::Anonymous, record: None });
    }
    let unknown = || {
        let expected = "expected an IAM or STS ARN, a service such as `lambda.amazonaws.com`, or `anonymous`";
        Error::invalid("principal", expected)
    };
    let Some(rest) = text.strip_prefix("arn:") else {
        let service = text.contains(".amazonaws.com") || text.ends_with(".amazon.com");
        return if service { Ok(Caller { kind: Kind::Service, record: None }) } else { Err(unknown()) };
    };
    let segments: Vec<&str> = rest.splitn(5, ':').collect();
    let [partition, service, _, account, name] = segments.as_slice() else { return Err(unknown()) };
    if !is_account(account) {
        return Err(Error::invalid("principal", "the account in the ARN is twelve digits"));
    }
    let (kind, id) = match (*service, name.split_once('/')) {
        ("iam", None) if *name == "root" => (Kind::Root, text.to_owned()),
        ("iam", Some(("user", _))) => (Kind::User, text.to_owned()),
        ("iam", Some(("role", _))) => (Kind::Role, text.to_owned()),
        ("sts", Some(("assumed-role", session))) => {
            let (role, _) = session.split_once('/').ok_or_else(unknown)?;
            (Kind::Session, role_of_session(simulation, partition, account, role)?)
        }
        ("sts", Some(("federated-user", _))) => (Kind::FederatedUser, text.to_owned()),
        ("iam", Some(("saml-provider" | "oidc-provider", _))) => {
            return Ok(Caller { kind: Kind::Federated, record: None });
        }
        _ => return Err(unknown()),
    };
    let linked = id.contains(":role/aws-service-role/");
    let record = Record {
        name: id.rsplit(['/', ':']).next().unwrap_or_default().to_owned(),
        id,
        kind: match kind {
            Kind::Role | Kind::Session => PrincipalKind::Role,
            Kind::Root => PrincipalKind::Root,
            _ => PrincipalKind::User,
        },
        account: (*account).to_owned(),
        flags: if linked { SERVICE_LINKED } else { 0 },
    };
    Ok(Caller { kind, record: Some(record) })
}

/// The role of a session: `role_arn` tells its path, and must be the same role (AWS-12).
fn role_of_session(
    simulation: &Simulation,
    partition: &str,
    account: &str,
    role: &str,
) -> Result<String, Error> {
    let Some(arn) = &simulation.role_arn else {
        return Ok(format!("arn:{partition}:iam::{account}:role/{role}"));
    };
    let prefix = format!("arn:{partition}:iam::{account}:role/");
    let name = arn.rsplit('/').next().unwrap_or_default();
    if arn.starts_with(&prefix) && name.eq_ignore_ascii_case(role) {
        Ok(arn.clone())
    } else {
        Err(Error::invalid("role_arn", "not the role of the session in `principal`"))
    }
}
