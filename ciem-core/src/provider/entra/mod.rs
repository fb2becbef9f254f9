//! Entra ID: directory roles, permissions of applications, ownership.

mod apart;
mod delegated;
mod documents;
mod finish;
mod keys;
mod reach;
mod read;
mod rule;
mod spec;
mod usage;

pub(crate) use spec::PROVIDER;

use crate::model::LayerId;
use crate::pattern::Syntax;

/// Ids of objects are compared as a whole.
pub(crate) const SYNTAX: Syntax = Syntax { separator: '/', segments: 1 };

pub(crate) const ROLE: LayerId = LayerId(0);
pub(crate) const ELIGIBLE: LayerId = LayerId(1);
pub(crate) const APPLICATION: LayerId = LayerId(2);
pub(crate) const OWNER: LayerId = LayerId(3);
pub(crate) const LATENT: LayerId = LayerId(4);
pub(crate) const DELEGATED: LayerId = LayerId(5);

/// Whoever adds a credential to a service principal can sign in as it (EN-R6).
pub(crate) const ADD_CREDENTIALS: &str = "microsoft.directory/servicePrincipals/credentials/update";
/// So can whoever adds one to its application.
pub(crate) const ADD_TO_APPLICATION: &str = "microsoft.directory/applications/credentials/update";
/// Whoever a federated credential names signs in as the application.
pub(crate) const FEDERATION: &str = "microsoft.directory/servicePrincipals/federatedSignIn";
/// A Global Administrator gives itself access to all resources of the cloud (AZ-R10).
pub(crate) const ELEVATE: &str = "Microsoft.Authorization/elevateAccess/action";
/// Who has done so, as a principal.
pub(crate) const ELEVATED: &str = "user access administrator at root";
