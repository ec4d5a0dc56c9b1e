//! A cohort: the employer, university and intake behind a group of trainees, and the acts that all
//! of them go through on the same days.

use contract::v1;
use domain::actor::{
    ActingRole::{
        BoardSecretary, CommissionerNational, EmployerHr, ProfessionalLead, ProgrammeLead,
    },
    PersonId, Region,
};

use super::{
    cast::{Candidate, Organisation, named},
    stage::{PlayError, Stage, together},
    trainee::{Hours, Outcome, Side, Trainee, accept, permanent_band_5},
};

/// A place where an employer trains: one clinical service.
pub(super) struct ServiceSketch<'a> {
    pub(super) name: &'a str,
    pub(super) setting: &'a str,
    pub(super) population: &'a str,
    /// Its sites.
    pub(super) sites: &'a [SiteSketch<'a>],
}

/// One site of a clinical service.
pub(super) struct SiteSketch<'a> {
    pub(super) code: &'a str,
    pub(super) name: &'a str,
    pub(super) region: Region,
    /// What site criteria may ask for, `integrated_team`.
    pub(super) attributes: &'a [&'a str],
}

/// Somebody who supervises practice.
pub(super) struct SupervisorSketch<'a> {
    /// Marked as invented.
    pub(super) name: &'a str,
    /// `hcpc` or `babcp`.
    pub(super) register: &'a str,
    pub(super) number: &'a str,
    /// As the register shows it, `clinical_psychologist`; none for a register without.
    pub(super) modality: &'a str,
}

/// What an employer, a university and the commissioner agree on, and when.
pub(super) struct Agreement<'a> {
    /// Beginning of every step's name.
    pub(super) label: &'a str,
    pub(super) commissioner: &'a Organisation,
    pub(super) employer: &'a Organisation,
    pub(super) university: &'a Organisation,
    pub(super) role: &'a str,
    /// `intakes/{uuid}`
    pub(super) intake: &'a str,
    /// `supervisors/{uuid}`, all of them eligible.
    pub(super) supervisors: &'a [String],
    pub(super) places: i32,
    pub(super) pilot: &'a str,
    pub(super) days: AgreementDays<'a>,
}

/// The days of an agreement.
#[derive(Clone, Copy)]
pub(super) struct AgreementDays<'a> {
    pub(super) interest: &'a str,
    pub(super) readiness: &'a str,
    /// No commitment without one: a role whose qualified band no policy names yet.
    pub(super) commitment: Option<&'a str>,
    pub(super) proposal: &'a str,
    pub(super) confirmation: &'a str,
    pub(super) partnership: &'a str,
}

/// What came of an agreement.
#[derive(Debug, Clone)]
pub(super) struct Agreed {
    /// `allocations/{uuid}`
    pub(super) allocation: String,
    /// `commitments/{uuid}`, or empty.
    pub(super) commitment: String,
}

/// One vacancy and those appointed through it.
pub(super) struct Cohort<'a> {
    /// Beginning of every step's name.
    pub(super) label: String,
    pub(super) stage: &'a Stage<'a>,
    pub(super) commissioner: &'a Organisation,
    pub(super) employer: &'a Organisation,
    pub(super) university: &'a Organisation,
    /// `vacancies/{uuid}`
    pub(super) vacancy: String,
    /// `commitments/{uuid}`, or empty.
    pub(super) commitment: String,
    /// `clinicalServices/{uuid}`
    pub(super) clinical_service: String,
    /// `supervisors/{uuid}`
    pub(super) supervisor: String,
}

/// The days of a joint recruitment that all candidates share.
pub(super) struct RecruitmentDays<'a> {
    pub(super) applied: &'a str,
    pub(super) shortlisted: [&'a str; 2],
    pub(super) interviewed: &'a str,
    pub(super) decided: [&'a str; 2],
    pub(super) offered: &'a str,
    pub(super) accepted: &'a str,
    pub(super) cleared: [&'a str; 6],
    pub(super) conditions_met: &'a str,
}

/// What all trainees of a cohort do on a day of their training year.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    /// The instalment of this number is paid.
    Pay(i32),
    /// Practice hours up to this day.
    Practise(Hours),
    /// A three-way review.
    Review,
    /// The portfolio is verified.
    Portfolio,
}

/// Registers a clinical service and its sites; answers with its name.
pub(super) async fn open_service(
    stage: &Stage<'_>,
    employer: &Organisation,
    on: &str,
    sketch: &ServiceSketch<'_>,
) -> Result<String, PlayError> {
    let hr = stage.of(employer, EmployerHr)?;
    let label = format!("{}/{}", employer.slug, sketch.name);
    let open = v1::OpenClinicalServiceRequest {
        display_name: sketch.name.to_owned(),
        setting: sketch.setting.to_owned(),
        population: sketch.population.to_owned(),
        ..Default::default()
    };
    let service = hr.does(format!("{label}/open"), on, open).await?.name;
    for site in sketch.sites {
        let add = v1::AddSiteRequest {
            clinical_service: service.clone(),
            code: site.code.to_owned(),
            display_name: site.name.to_owned(),
            region: site.region.to_string(),
            attributes: site.attributes.iter().map(|&id| id.to_owned()).collect(),
            ..Default::default()
        };
        hr.does(format!("{label}/site {}", site.code), on, add)
            .await?;
    }
    Ok(service)
}

/// Records a supervisor and what the register shows; answers with the record's name.
pub(super) async fn record_supervisor(
    stage: &Stage<'_>,
    employer: &Organisation,
    on: &str,
    sketch: &SupervisorSketch<'_>,
) -> Result<String, PlayError> {
    let lead = stage.of(employer, ProfessionalLead)?;
    let label = format!("{}/supervisor {}", employer.slug, sketch.name);
    let person = PersonId(named(&label));
    let record = v1::RecordSupervisorRequest {
        person: person.to_string(),
        display_name: sketch.name.to_owned(),
        register: sketch.register.to_owned(),
        number: sketch.number.to_owned(),
        ..Default::default()
    };
    let supervisor = lead.does(label.clone(), on, record).await?.name;
    let check = v1::RecordRegisterCheckRequest {
        supervisor: supervisor.clone(),
        register: sketch.register.to_owned(),
        status: "registered".to_owned(),
        modalities: Some(sketch.modality)
            .filter(|modality| !modality.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        ..Default::default()
    };
    lead.does(format!("{label}/check"), on, check).await?;
    Ok(supervisor)
}

/// From interest to a signed partnership with an agreed balance of routes.
pub(super) async fn agree(
    stage: &Stage<'_>,
    agreement: &Agreement<'_>,
) -> Result<Agreed, PlayError> {
    let Agreement {
        label,
        commissioner,
        employer,
        university,
        days,
        ..
    } = agreement;
    let step = |what: &str| format!("{label}/{what}");
    let lead = stage.of(employer, ProfessionalLead)?;
    let national = stage.of(commissioner, CommissionerNational)?;
    let programme_lead = stage.of(university, ProgrammeLead)?;

    let interest = v1::RegisterInterestRequest {
        employer: employer.tenant.to_string(),
        commissioner: commissioner.tenant.to_string(),
        role: agreement.role.to_owned(),
        region: region(employer),
        demand: agreement.places,
        ..Default::default()
    };
    let allocation = lead
        .does(step("interest"), days.interest, interest)
        .await?
        .name;

    let readiness = v1::DeclareReadinessRequest {
        allocation: allocation.clone(),
        permanent_qualified_posts: true,
        professional_lead: person(employer, "professional lead"),
        supervisors: agreement.supervisors.to_vec(),
        sponsor: person(employer, "executive sponsor"),
        clinical_escalation: true,
        ..Default::default()
    };
    lead.does(step("readiness"), days.readiness, readiness)
        .await?;

    let mut commitment = String::new();
    if let Some(on) = days.commitment {
        let give = v1::GiveCommitmentRequest {
            allocation: allocation.clone(),
            intake: agreement.intake.to_owned(),
            posts: agreement.places,
            post: Some(permanent_band_5()),
            ..Default::default()
        };
        commitment = lead.does(step("commitment"), on, give).await?.name;
    }

    let propose = v1::ProposeAllocationRequest {
        allocation: allocation.clone(),
        intake: agreement.intake.to_owned(),
        places: agreement.places,
        pilot: agreement.pilot.to_owned(),
        ..Default::default()
    };
    national
        .does(step("proposal"), days.proposal, propose)
        .await?;
    let confirm = v1::ConfirmAllocationRequest {
        allocation: allocation.clone(),
        approvals: ["national", "regional_lead", "university"]
            .map(|by| v1::Approval {
                by: by.to_owned(),
                on: days.confirmation.to_owned(),
            })
            .to_vec(),
        ..Default::default()
    };
    national
        .does(step("confirmation"), days.confirmation, confirm)
        .await?;

    let sign = v1::SignPartnershipRequest {
        employer: employer.tenant.to_string(),
        intake: agreement.intake.to_owned(),
        trainee_posts: agreement.places,
        qualified_posts: agreement.places,
        ..Default::default()
    };
    lead.does(step("employer signs"), days.partnership, sign.clone())
        .await?;
    let partnership = programme_lead
        .does(step("university signs"), days.partnership, sign)
        .await?
        .name;
    let balance = v1::AgreeRouteBalanceRequest {
        partnership,
        // a role with one route has nothing to balance
        level7_percent: if agreement.role == "YIPP" { 100 } else { 60 },
        tolerance_points: 10,
        ..Default::default()
    };
    lead.does(step("employer balances"), days.partnership, balance.clone())
        .await?;
    programme_lead
        .does(step("university balances"), days.partnership, balance)
        .await?;
    Ok(Agreed {
        allocation,
        commitment,
    })
}

/// The vacancy to be opened with the role's own criteria, closing at the end of a London day.
pub(super) fn vacancy(
    allocation: &str,
    clinical_service: &str,
    sites: &[&str],
    posts: i32,
    title: &str,
    closing: &str,
) -> v1::OpenVacancyRequest {
    v1::OpenVacancyRequest {
        allocation: allocation.to_owned(),
        clinical_service: clinical_service.to_owned(),
        sites: sites.iter().map(|&code| code.to_owned()).collect(),
        posts,
        title: title.to_owned(),
        on_training_failure: "redeploy".to_owned(),
        closing: closing.to_owned(),
        ..Default::default()
    }
}

impl Cohort<'_> {
    /// A sitting of the university's board with a quorum; answers with its name.
    pub(super) async fn board_sits(
        &self,
        on: &str,
        role: &str,
        kind: &str,
    ) -> Result<String, PlayError> {
        let member = |who: &str, capacity: &str| v1::BoardMember {
            person: person(self.university, who),
            capacity: capacity.to_owned(),
        };
        let members = vec![
            member("chair", "chair"),
            member("first internal examiner", "internal"),
            member("second internal examiner", "internal"),
            member("external examiner", "external"),
            member("secretary", "attending"),
        ];
        let constituted = v1::ConstituteBoardRequest {
            role: role.to_owned(),
            programme_director: person(self.university, "programme director"),
            members: members.clone(),
            ..Default::default()
        };
        let board = v1::HoldBoardRequest {
            role: role.to_owned(),
            kind: kind.to_owned(),
            members,
            ..Default::default()
        };
        let secretary = self.stage.of(self.university, BoardSecretary)?;
        let step = |what: &str| format!("{}/{what} {on}", self.university.slug);
        secretary
            .does(step("constitution"), on, constituted)
            .await?;
        Ok(secretary.does(step("board"), on, board).await?.name)
    }
}

/// Everybody applies, is shortlisted, interviewed and appointed, and meets the conditions: all
/// cohorts together, so that no decision round is over before it was decided in.
pub(super) async fn recruit<'a>(
    cohorts: &[(&'a Cohort<'a>, &'a [Candidate])],
    days: &RecruitmentDays<'_>,
) -> Result<Vec<Trainee<'a>>, PlayError> {
    let applying = cohorts
        .iter()
        .flat_map(|(cohort, candidates)| candidates.iter().map(move |person| (*cohort, person)));
    let trainees = together(applying.map(|(cohort, candidate)| {
        let (degree, detail) = if candidate.graduate {
            ("held", "BA Invented Studies, 2:1")
        } else {
            ("none", "")
        };
        Trainee::applies(cohort, candidate, days.applied, "external", degree, detail)
    }))
    .await?;
    let non_graduates = trainees.iter().filter(|t| !t.candidate.graduate);
    together(non_graduates.map(|t| {
        let detail = "Level 5 diploma in health and social care (invented)";
        t.study_evidence(days.applied, "prior_study", detail)
    }))
    .await?;
    let sides = [Side::Employer, Side::University];
    for (side, on) in sides.into_iter().zip(days.shortlisted) {
        together(trainees.iter().map(|t| t.shortlists(side, on))).await?;
    }
    together(trainees.iter().map(|t| t.is_interviewed(days.interviewed))).await?;
    together(trainees.iter().map(|t| t.round_opens(days.interviewed))).await?;
    for (side, on) in sides.into_iter().zip(days.decided) {
        let decision = accept(side, 75, &[]);
        together(
            trainees
                .iter()
                .map(|t| t.decides(side, on, 1, decision.clone())),
        )
        .await?;
    }
    together(trainees.iter().map(|t| t.is_offered(days.offered))).await?;
    together(trainees.iter().map(|t| t.accepts(days.accepted))).await?;
    together(trainees.iter().map(|t| t.is_cleared(&days.cleared))).await?;
    together(
        trainees
            .iter()
            .map(|t| t.meets_conditions(days.conditions_met, &[], &[])),
    )
    .await?;
    Ok(trainees)
}

/// Everybody starts: employed, enrolled at the level of the route, supervised.
pub(super) async fn start(
    trainees: &[Trainee<'_>],
    employed: &str,
    enrolled: &str,
) -> Result<(), PlayError> {
    let level = |t: &Trainee<'_>| if t.candidate.graduate { 7 } else { 6 };
    together(trainees.iter().map(|t| t.is_employed(employed, 4))).await?;
    together(trainees.iter().map(|t| t.is_enrolled(enrolled, level(t)))).await?;
    together(trainees.iter().map(|t| t.training_has_started())).await?;
    together(trainees.iter().map(|t| t.is_placed(enrolled, 4))).await?;
    Ok(())
}

/// What trainees do in their year: who, and which act on which day.
pub(super) type Year<'t, 'a> = (&'t [Trainee<'a>], &'t [(&'t str, Act)]);

/// Training years of several groups at once, day by day.
pub(super) async fn train(years: &[Year<'_, '_>]) -> Result<(), PlayError> {
    let mut days: Vec<(&str, &Trainee<'_>, Act)> = vec![];
    for (trainees, acts) in years {
        for (on, act) in *acts {
            days.extend(trainees.iter().map(|trainee| (*on, trainee, *act)));
        }
    }
    // stable: on one day, acts keep the order in which they are given
    days.sort_by_key(|(on, ..)| *on);
    for day in days.chunk_by(|one, next| one.0 == next.0) {
        together(day.iter().map(async |(on, trainee, act)| match act {
            Act::Pay(number) => trainee.is_paid(*number, on).await,
            Act::Practise(hours) => trainee.practises(on, *hours).await,
            Act::Review => trainee.is_reviewed(on).await,
            Act::Portfolio => trainee.portfolio_is_verified(on).await,
        }))
        .await?;
    }
    Ok(())
}

/// The board passes everybody, and the results are released.
pub(super) async fn qualify(
    trainees: &[Trainee<'_>],
    sitting: &str,
    held: &str,
    released: &str,
) -> Result<(), PlayError> {
    together(
        trainees
            .iter()
            .map(|t| t.outcome_is_ratified(held, sitting, Outcome::Pass)),
    )
    .await?;
    together(trainees.iter().map(|t| t.result_is_released(released))).await?;
    Ok(())
}

/// A person of an organisation other than those who sign in.
pub(super) fn person(organisation: &Organisation, who: &str) -> String {
    PersonId(named(&format!("{}/{who}", organisation.slug))).to_string()
}

/// The region of an employer, as the wire spells it.
pub(super) fn region(organisation: &Organisation) -> String {
    organisation
        .region
        .map(|region| region.to_string())
        .unwrap_or_default()
}
