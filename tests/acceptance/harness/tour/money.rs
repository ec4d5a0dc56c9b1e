//! Every way the money of an award can go.

use domain::{
    actor::ActingRole::{CommissionerNational, EmployerFinance, EmployerHr, ServiceManager},
    commitment::Establishment,
    funding::{EmployerCosts, Envelope, FundingStatement, TuitionInvoice},
    id::Id,
    policy::catalogue::Role,
};
use jiff::civil::date;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{
    Cast,
    cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE, WEXCOMBE},
    graduates,
    life::{Campaign, Trainee},
};

fn uuid(name: &str) -> Uuid {
    let id = name.rsplit('/').next().unwrap_or_default();
    Uuid::try_parse(id).expect("a resource name")
}

/// Awards that are interrupted, changed, ended, taken back, claimed, waived, moved and stated.
pub(super) async fn money(cast: &Cast) {
    let campaign = Campaign::opens(cast).await;
    let national = cast.of(COMMISSIONER, CommissionerNational);
    national
        .on("2026-01-05")
        .write(
            "OpenEnvelope",
            json!({"role": "MHWP", "pence": 100_000_000, "ends": "2026-03-31"}),
        )
        .await;
    let paid = graduates::in_training(cast, &campaign, 21).await;
    let stopped = graduates::in_training(cast, &campaign, 22).await;
    interrupted_and_moved(cast, &paid).await;
    stopped_and_claimed(cast, &stopped).await;
    reallocated(cast, &campaign).await;
    cast.settle().await;
    national
        .on("2026-05-31")
        .write(
            "CloseStatement",
            json!({"payee": NORTHMOOR.to_string(), "month": "2026-05-31"}),
        )
        .await;
    beside_the_award(cast, &campaign, &paid).await;
    cast.settle().await;
    reads(cast, &campaign, &paid).await;
}

/// Three months are paid; an interruption, a pay change, another payee.
async fn interrupted_and_moved(cast: &Cast, trainee: &Trainee) {
    let award = json!({"award": trainee.award()});
    for (number, on) in ["2026-03-31", "2026-04-30", "2026-05-31"]
        .iter()
        .enumerate()
    {
        trainee
            .commissioner(on)
            .write(
                "PayInstalment",
                json!({"award": trainee.award(), "number": number + 1}),
            )
            .await;
    }
    trainee
        .commissioner("2026-06-01")
        .write("SuspendAward", award.clone())
        .await;
    trainee
        .commissioner("2026-06-11")
        .write("ResumeAward", award.clone())
        .await;
    cast.operator()
        .on("2026-07-20")
        .write(
            "SetPolicy",
            json!({
                "policy": "pay.table",
                "from": "2026-04-01",
                "value_json": r#"{"4": [2838000], "5": [3200000], "6": [3990000]}"#,
                "source": "made up",
                "approver": "made up",
            }),
        )
        .await;
    trainee
        .commissioner("2026-04-01")
        .write("ApplyPayChange", award)
        .await;
    trainee
        .commissioner("2026-08-20")
        .write(
            "GrantPayeeException",
            json!({"payee": SEVERNVALE.to_string(), "reason": "The service was re-tendered."}),
        )
        .await;
    trainee
        .commissioner("2026-09-01")
        .write(
            "ChangePayee",
            json!({"award": trainee.award(), "payee": SEVERNVALE.to_string()}),
        )
        .await;
}

/// Stopped, taken back, claimed, waived, stopped again, and paid for otherwise.
async fn stopped_and_claimed(cast: &Cast, trainee: &Trainee) {
    let award = json!({"award": trainee.award()});
    for (number, on) in ["2026-03-31", "2026-04-03"].iter().enumerate() {
        trainee
            .commissioner(on)
            .write(
                "PayInstalment",
                json!({"award": trainee.award(), "number": number + 1}),
            )
            .await;
    }
    trainee
        .commissioner("2026-04-20")
        .write("StopAward", award.clone())
        .await;
    trainee
        .commissioner("2026-04-21")
        .write("ReinstateAward", award.clone())
        .await;
    trainee
        .commissioner("2026-04-22")
        .write(
            "OpenRecovery",
            json!({"award": trainee.award(), "instalments": [1]}),
        )
        .await;
    trainee
        .commissioner("2026-04-23")
        .write(
            "WaiveRecovery",
            json!({"award": trainee.award(), "case": 2, "ground": "hardship"}),
        )
        .await;
    trainee
        .commissioner("2026-04-24")
        .write("StopAward", award)
        .await;
    cast.of(NORTHMOOR, EmployerHr)
        .on("2026-04-25")
        .write(
            "DeclareOtherFunding",
            json!({"award": trainee.award(), "source": "apprenticeship_levy"}),
        )
        .await;
}

/// An award nobody was paid from goes to another trainee of the cluster.
async fn reallocated(cast: &Cast, campaign: &Campaign) {
    let from = graduates::appointed(cast, campaign, 23).await;
    let to = graduates::appointed(cast, campaign, 24).await;
    from.is_funded().await;
    from.commissioner("2026-02-20")
        .write(
            "ReallocateAward",
            json!({"award": from.award(), "application": to.application}),
        )
        .await;
}

/// Course fees, the employer's own costs, and posts that come and go.
async fn beside_the_award(cast: &Cast, campaign: &Campaign, trainee: &Trainee) {
    trainee
        .programme("2026-03-09")
        .write(
            "InvoiceTuition",
            json!({
                "application": trainee.application,
                "payer": COMMISSIONER.to_string(),
                "pence": 500_000,
            }),
        )
        .await;
    cast.of(NORTHMOOR, EmployerFinance)
        .on("2026-04-01")
        .write(
            "RecordEmployerCost",
            json!({"allocation": campaign.allocation, "kind": "supervision", "pence": 400_000}),
        )
        .await;
    cast.of(NORTHMOOR, ServiceManager)
        .on("2027-04-20")
        .write(
            "RecordPostChange",
            json!({
                "commitment": campaign.commitment,
                "clinical_service": campaign.clinical_service,
                "kind": "psychological_therapist",
                "posts": -1,
            }),
        )
        .await;
}

async fn reads(cast: &Cast, campaign: &Campaign, trainee: &Trainee) {
    let role = Role::parse("MHWP", "role").expect("a role");
    let (application, allocation) = (uuid(&trainee.application), uuid(&campaign.allocation));
    let statement = FundingStatement::id(COMMISSIONER, NORTHMOOR, date(2026, 5, 1));
    let envelope = Envelope::id(COMMISSIONER, &role, date(2026, 3, 31));
    let service = Id::new(uuid(&campaign.clinical_service));
    let national = cast.of(COMMISSIONER, CommissionerNational);
    for (method, name) in [
        ("GetStatement", statement.name()),
        ("GetEnvelope", envelope.name()),
        (
            "GetTuitionInvoice",
            TuitionInvoice::id(WEXCOMBE, Id::new(application), COMMISSIONER).name(),
        ),
        (
            "GetEstablishment",
            Establishment::id(NORTHMOOR, COMMISSIONER, service).name(),
        ),
    ] {
        national.get(method, json!({"name": name})).await;
    }
    let costs = EmployerCosts::id(NORTHMOOR, Id::new(allocation)).name();
    cast.of(NORTHMOOR, EmployerFinance)
        .get("GetEmployerCosts", json!({"name": costs}))
        .await;
}
