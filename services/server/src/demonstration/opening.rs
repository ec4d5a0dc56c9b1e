//! The opening: the policy baseline, and every tenant in the directory.

use contract::v1;
use domain::policy::baseline;

use super::{
    cast::{Cast, Organisation},
    cohort,
    stage::{PlayError, Stage, together},
};

/// The first step of the play: when it was written, the play was begun before.
pub(super) const FIRST_STEP: &str = "opening/commissioner";

/// The day on which the directory begins.
const OPENED: &str = "2021-04-01";

/// Sets every policy of the baseline and registers the cast.
pub(super) async fn play(stage: &Stage<'_>, cast: &Cast) -> Result<(), PlayError> {
    let platform = stage.platform()?;
    register(stage, &cast.commissioner).await?;
    for row in baseline::baseline() {
        platform
            .does_as(
                format!("baseline/{}/{}", row.policy, row.from),
                baseline::request_id(&row).to_string(),
                OPENED,
                v1::SetPolicyRequest {
                    policy: row.policy,
                    from: row.from.to_string(),
                    until: row.until.map(|until| until.to_string()).unwrap_or_default(),
                    value_json: row.value.to_string(),
                    source: row.source,
                    approver: row.approver,
                    ..Default::default()
                },
            )
            .await?;
    }
    let others = cast.all().into_iter().skip(1);
    together(others.map(|organisation| register(stage, organisation))).await?;
    Ok(())
}

async fn register(stage: &Stage<'_>, organisation: &Organisation) -> Result<(), PlayError> {
    let request = v1::RegisterTenantRequest {
        tenant: organisation.tenant.to_string(),
        kind: organisation.kind.to_string(),
        display_name: organisation.name.clone(),
        ods_code: organisation.ods_code.clone(),
        ukprn: organisation.ukprn.clone(),
        sector: organisation.sector.to_owned(),
        region: cohort::region(organisation),
        ..Default::default()
    };
    stage
        .platform()?
        .does(format!("opening/{}", organisation.slug), OPENED, request)
        .await?;
    Ok(())
}
