//! Who may call what: the table as a reviewed page, and every RPC called as everybody.

use std::{collections::BTreeSet, fmt::Write as _};

use contract::DESCRIPTORS;
use domain::{actor::ActingRole, permission::Action};
use prost_reflect::DescriptorPool;
use strum::IntoEnumIterator as _;

use crate::harness::{caller::methods, snapshot};

/// The roles in the order of `ActingRole`, by the codes of its documentation.
fn code(role: ActingRole) -> &'static str {
    match role {
        ActingRole::Candidate => "CAN",
        ActingRole::EmployerHr => "EHR",
        ActingRole::ServiceManager => "ESM",
        ActingRole::PracticeSupervisor => "ESU",
        ActingRole::ProfessionalLead => "EPL",
        ActingRole::EmployerFinance => "EFI",
        ActingRole::AdmissionsTutor => "UAT",
        ActingRole::ProgrammeLead => "UPL",
        ActingRole::PersonalTutor => "UTU",
        ActingRole::BoardSecretary => "UBS",
        ActingRole::BoardChair => "UBC",
        ActingRole::ExternalExaminer => "UEX",
        ActingRole::CommissionerNational => "CNA",
        ActingRole::CommissionerRegional => "CRE",
        ActingRole::NetworkLead => "PPN",
        ActingRole::Evaluator => "EVA",
        ActingRole::Auditor => "AUD",
        ActingRole::TenantAdmin => "TAD",
        ActingRole::PlatformOperator => "SYS",
    }
}

fn matrix() -> String {
    let mut page = format!("{:30}", "");
    for role in ActingRole::iter() {
        let _ = write!(page, " {}", code(role));
    }
    page.push('\n');
    for action in Action::iter() {
        let mut row = format!("{action:30}");
        for role in ActingRole::iter() {
            let may = action.roles().contains(&role);
            let _ = write!(row, "  {} ", if may { 'x' } else { '.' });
        }
        page.push_str(row.trim_end());
        page.push('\n');
    }
    page
}

#[test]
fn the_permission_matrix_is_the_reviewed_one() {
    snapshot::compare("permissions.txt", &matrix());
}

#[test]
fn every_rpc_has_an_action_of_its_name_and_every_action_an_rpc() {
    let pool = DescriptorPool::decode(DESCRIPTORS).expect("sound descriptors");
    let rpcs: BTreeSet<String> = methods(&pool)
        .iter()
        .map(|method| method.name().to_owned())
        .collect();
    assert_eq!(rpcs.len(), methods(&pool).len(), "an RPC's name is its own");
    let actions: BTreeSet<String> = Action::iter().map(|action| action.to_string()).collect();
    assert_eq!(rpcs, actions);
}
