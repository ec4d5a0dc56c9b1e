//! The worlds in which histories are played: what stands when they begin, and what each side can do.

use std::sync::Arc;

use domain::{
    actor::{
        ActingRole::{
            self, AdmissionsTutor, Auditor, BoardSecretary, Candidate, CircumstancesPanel,
            EmployerFinance, EmployerHr, FitnessOfficer, PersonalTutor, PracticeSupervisor,
            ProgrammeLead, ServiceManager,
        },
        Actor, TenantId,
    },
    marks::MarkSheet,
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::history::{
    Act,
    Strand::{self, Hidden, Visible, Worded},
    World, act,
};
use crate::harness::{
    Cast, Service,
    caller::Accepted,
    cast::{AUDITOR, COMMISSIONER, NORTHMOOR, WEXCOMBE, candidate},
    life::{Campaign, Trainee, application, board, examiner, record},
    partner::Partner,
    service::Left,
};

/// What stands when the runs part.
pub(super) struct Base {
    pub(super) left: Left,
    /// What was asked and granted until then, and of whom.
    pub(super) accepted: Vec<(Actor, Accepted)>,
    /// The last instant of recording, in microseconds.
    pub(super) ended: i64,
    names: Stands,
}

/// What there is to speak of.
struct Stands {
    campaign: Campaign,
    partner: Option<Partner>,
    /// The application that is awaiting a decision or in training.
    first: Trainee,
    /// The others: one awaiting a shortlist, one in its second round.
    others: Vec<Trainee>,
    /// A claim of circumstances that is not decided, and a board that has not said what it came to.
    before_the_board: Option<(String, String)>,
}

async fn left(service: Service, names: Stands) -> Arc<Base> {
    let accepted = service.cast.api.accepted().into_iter();
    let accepted = accepted
        .filter_map(|accepted| Some((service.cast.actor_of(&accepted.token)?, accepted)))
        .collect();
    let ended = sqlx::query_scalar(
        "SELECT (extract(epoch FROM max(recorded_at)) * 1000000)::bigint FROM ledger.event",
    )
    .fetch_one(&service.owner)
    .await
    .expect("the owner reads events");
    Arc::new(Base {
        left: service.leave().await,
        accepted,
        ended,
        names,
    })
}

/// Moves business time to a day, as anything that is recorded on it does.
fn day_comes(campaign: &Campaign, on: &'static str, code: &str) -> Act {
    let site = json!({
        "clinical_service": campaign.clinical_service,
        "code": code,
        "display_name": "Northmoor Annexe",
        "region": "north_west",
    });
    act((NORTHMOOR, EmployerHr), on, "AddSite", site)
}

async fn lives_until(cast: &Cast, campaign: &Campaign, on: &'static str) {
    let comes = day_comes(campaign, on, "N1M09");
    let caller = cast.of(comes.by.0, comes.by.1).on(on);
    caller.write(comes.method, comes.message).await;
    cast.settle().await;
}

/// Before the joint decision: one application has an open round, one waits for a shortlist, and one
/// is being decided a second time.
pub(super) async fn selecting() -> Arc<Base> {
    static BASE: OnceCell<Arc<Base>> = OnceCell::const_new();
    BASE.get_or_init(async || {
        let service = Service::start().await;
        let cast = &service.cast;
        let campaign = Campaign::opens(cast).await;
        let partner = Partner::opens(cast, &campaign).await;
        let vacancy = &campaign.vacancy;
        let applies = async |number, on| {
            Trainee::applies(cast, vacancy, candidate(number), on, json!({})).await
        };
        let c1 = applies(1, "2025-11-21").await;
        let c2 = applies(2, "2025-11-22").await;
        let c6 = applies(6, "2025-11-22").await;
        for decided in [&c1, &c6] {
            decided.is_shortlisted().await;
            decided.is_interviewed().await;
        }
        c6.hr("2025-12-12")
            .write("SealDecision", c6.employers(1, "accept", &[]))
            .await;
        c6.admissions("2025-12-12")
            .write("SealDecision", c6.universitys(1, "reject", &[]))
            .await;
        let reason = json!({"application": c6.application, "reason": "A certificate came in."});
        c6.hr("2025-12-13")
            .write("RequestReconsideration", reason)
            .await;
        c6.admissions("2025-12-14")
            .write("AgreeReconsideration", c6.of_application())
            .await;
        cast.settle().await;
        // Business time is past all that follows, so that nothing but the lapse moves it.
        lives_until(cast, &campaign, "2025-12-18").await;
        let names = Stands {
            campaign,
            partner: Some(partner),
            first: c1,
            others: vec![c2, c6],
            before_the_board: None,
        };
        left(service, names).await
    })
    .await
    .clone()
}

type Decides = fn(&Trainee, u32, &str, &[&str]) -> Value;

/// Everything that one side can say in a round, as long as it says it alone.
fn deciding(of: &'static str, trainee: &Trainee, round: u32, side: TenantId) -> Vec<Act> {
    let (role, decides): (ActingRole, Decides) = if side == NORTHMOOR {
        (EmployerHr, Trainee::employers)
    } else {
        (AdmissionsTutor, Trainee::universitys)
    };
    let word = |on, method, verdict: &str, conditions: &[&str]| {
        let message = decides(trainee, round, verdict, conditions);
        act((side, role), on, method, message).seals(of)
    };
    let withdraws = json!({"application": trainee.application, "round": round});
    vec![
        word("2025-12-15", "SealDecision", "accept", &[]),
        word("2025-12-16", "AmendDecision", "reject", &[]),
        act((side, role), "2025-12-16", "WithdrawDecision", withdraws).unseals(of),
        word("2025-12-17", "SealDecision", "accept", &["driving_licence"]),
    ]
}

fn shortlisting(trainee: &Trainee, side: TenantId) -> Vec<Act> {
    let role = if side == NORTHMOOR {
        ServiceManager
    } else {
        AdmissionsTutor
    };
    let message = json!({
        "application": trainee.application, "shortlisted": true, "reason": "Meets the criteria.",
    });
    vec![act((side, role), "2025-12-10", "SealShortlist", message).seals("shortlist")]
}

impl Base {
    /// What can happen before the joint decision, as `viewer` sees it.
    pub(super) fn selecting(&self, viewer: TenantId) -> World {
        let Stands {
            campaign,
            partner,
            first: c1,
            others,
            ..
        } = &self.names;
        let [c2, c6] = others.as_slice() else {
            return World { strands: vec![] };
        };
        let hr = (NORTHMOOR, EmployerHr);
        let admissions = (WEXCOMBE, AdmissionsTutor);
        let applies = application(&campaign.vacancy, json!({}));
        let reconsidered = json!({"application": c1.application, "reason": "We should talk."});
        let mut strands = vec![
            Visible(vec![
                act(
                    (candidate(4), Candidate),
                    "2025-11-26",
                    "SubmitApplication",
                    applies,
                ),
                day_comes(campaign, "2025-12-05", "N1M10"),
                // Refused, without a word about why.
                act(hr, "2025-12-16", "MakeOffer", c1.of_application()),
                act(
                    admissions,
                    "2025-12-16",
                    "RequestReconsideration",
                    reconsidered,
                ),
                act(
                    hr,
                    "2025-12-16",
                    "AgreeReconsideration",
                    c1.of_application(),
                ),
            ]),
            // The deadline of the open round passes, whoever has said what by then.
            Visible(vec![
                day_comes(campaign, "2025-12-17", "N1M11"),
                day_comes(campaign, "2025-12-20", "N1M12"),
                act(hr, "2025-12-20", "MakeOffer", c1.of_application()),
            ]),
        ];
        for side in [NORTHMOOR, WEXCOMBE] {
            let seen = |acts| {
                if side == viewer {
                    Visible(acts)
                } else {
                    Hidden(acts)
                }
            };
            strands.push(seen(deciding("first", c1, 1, side)));
            strands.push(seen(deciding("second", c6, 2, side)));
            strands.push(seen(shortlisting(c2, side)));
        }
        // What else the same person applies for. To the university it is no secret: it is its own.
        if let Some(partner) = partner
            && viewer == NORTHMOOR
        {
            let elsewhere = partner.applies();
            let by = |number| (candidate(number), Candidate);
            strands.push(Hidden(vec![
                act(by(1), "2025-11-25", "SubmitApplication", elsewhere.clone()),
                act(by(2), "2025-11-27", "SubmitApplication", elsewhere.clone()),
            ]));
        }
        World { strands }
    }
}

/// One trainee is in training, with a claim of prior learning and a mark; the board is yet to come.
pub(super) async fn training() -> Arc<Base> {
    static BASE: OnceCell<Arc<Base>> = OnceCell::const_new();
    BASE.get_or_init(async || {
        let service = Service::start().await;
        let cast = &service.cast;
        let campaign = Campaign::opens(cast).await;
        let vacancy = &campaign.vacancy;
        let c3 = Trainee::applies(cast, vacancy, candidate(1), "2025-11-21", json!({})).await;
        c3.is_shortlisted().await;
        c3.is_interviewed().await;
        c3.is_appointed().await;
        c3.accepts().await;
        c3.is_cleared().await;
        c3.is_funded().await;
        // One thing after the other: what follows from both at once is dated by whichever came last.
        let start = c3.employs("20000001-1");
        c3.hr("2026-02-23").write("StartEmployment", start).await;
        cast.settle().await;
        let enrol = c3.enrols("26100990010000011", "", 7);
        c3.programme("2026-03-02")
            .write("EnrolTrainee", enrol)
            .await;
        cast.settle().await;
        let supervised = json!({
            "application": c3.application, "supervisor": campaign.supervisors[0],
        });
        c3.hr("2026-03-02")
            .write("AssignSupervisor", supervised)
            .await;
        let learnt = json!({
            "application": c3.application,
            "credits": 20,
            "learned": "2024-06-30",
            "learning": "A postgraduate module on care planning",
        });
        c3.programme("2026-03-09")
            .write("ClaimPriorLearning", learnt)
            .await;
        let cost =
            json!({"allocation": campaign.allocation, "kind": "supervision", "pence": 110_000});
        cast.of(NORTHMOOR, EmployerFinance)
            .on("2026-03-31")
            .write("RecordEmployerCost", cost)
            .await;
        cast.settle().await;
        let claims = json!({
            "application": c3.application,
            "component": "module_2",
            "statement": "A made-up illness in the family.",
        });
        let claim = cast
            .of(WEXCOMBE, CircumstancesPanel)
            .on("2026-12-14")
            .write("ClaimCircumstances", claims)
            .await;
        let sitting = c3
            .secretary("2027-03-12")
            .write("HoldBoard", board("qualifying", 2, 1))
            .await;
        cast.settle().await;
        lives_until(cast, &campaign, "2027-03-20").await;
        let names = Stands {
            campaign,
            partner: None,
            first: c3,
            others: vec![],
            before_the_board: Some((claim, sitting)),
        };
        left(service, names).await
    })
    .await
    .clone()
}

impl Base {
    /// What can happen in the training year, as `viewer` sees it.
    pub(super) fn training(&self, viewer: TenantId) -> World {
        let c3 = &self.names.first;
        let log = json!({
            "training": c3.training(), "kind": "contact", "intervention": "", "quarter_hours": 40,
        });
        let supervisor = (NORTHMOOR, PracticeSupervisor);
        let reviews = json!({"training": c3.training()});
        let hr = (NORTHMOOR, EmployerHr);
        let mut strands = vec![Visible(vec![
            act(supervisor, "2026-05-29", "LogPracticeHours", log),
            act(
                (WEXCOMBE, ProgrammeLead),
                "2026-05-11",
                "HoldThreeWayReview",
                reviews,
            ),
            act(hr, "2026-06-01", "MakeOffer", c3.of_application()),
            day_comes(&self.names.campaign, "2026-06-02", "N1M10"),
        ])];
        if viewer != WEXCOMBE {
            strands.extend(self.universitys(viewer));
        }
        if viewer != NORTHMOOR {
            strands.extend(self.employers());
        }
        World { strands }
    }

    /// What the university does for itself.
    fn universitys(&self, viewer: TenantId) -> Vec<Strand> {
        let c3 = &self.names.first;
        let (tutor, panel) = ((WEXCOMBE, PersonalTutor), (WEXCOMBE, CircumstancesPanel));
        let secretary = (WEXCOMBE, BoardSecretary);
        let mark = |on, component: &str, mark: u32| {
            let message =
                json!({"application": c3.application, "component": component, "mark": mark});
            act(tutor, on, "RecordProvisionalMark", message)
        };
        let sheet = record::<MarkSheet>(WEXCOMBE, &c3.application);
        let disputes = |record: &str| {
            let event = json!({"record": record, "sequence": 1});
            let message = json!({
                "event": event,
                "reason": "Nobody was there to see it.",
                "commissioner": COMMISSIONER.to_string(),
            });
            act((AUDITOR, Auditor), "2026-08-10", "RaiseDispute", message)
        };
        let claims = json!({
            "application": c3.application,
            "component": "module_1",
            "statement": "A made-up illness in the family.",
        });
        let mut strands = vec![
            Hidden(vec![
                mark("2026-07-31", "module_1", 44),
                mark("2026-12-11", "module_2", 71),
                // Refused: no auditor may see marks.
                disputes(&sheet),
            ]),
            Hidden(vec![act(
                secretary,
                "2027-03-16",
                "HoldBoard",
                board("reassessment", 2, 1),
            )]),
            Worded(vec![(
                act(
                    (WEXCOMBE, FitnessOfficer),
                    "2026-11-17",
                    "OpenFitnessCase",
                    json!({"training": c3.training(), "concern": "A complaint about conduct."}),
                ),
                json!({"concern": "A letter about something else altogether, and longer."}),
            )]),
        ];
        if let Some((claim, sitting)) = &self.names.before_the_board {
            let draft = json!({
                "sitting": sitting, "application": c3.application, "outcome": "withdraw",
            });
            strands.push(Hidden(vec![act(
                secretary,
                "2027-03-15",
                "RatifyOutcome",
                draft,
            )]));
            // What is claimed, and decided, the person may know.
            if viewer == NORTHMOOR {
                let decided = json!({"claim": claim, "accepted": true});
                strands.push(Hidden(vec![
                    act(panel, "2026-12-18", "DecideCircumstances", decided),
                    act(panel, "2026-08-03", "ClaimCircumstances", claims),
                ]));
            }
        }
        strands
    }

    /// What the employer does for itself.
    fn employers(&self) -> Vec<Strand> {
        let (c3, campaign) = (&self.names.first, &self.names.campaign);
        let cost = |on, pence: u32| {
            let message = json!({
                "allocation": campaign.allocation, "kind": "supervision", "pence": pence,
            });
            act(
                (NORTHMOOR, EmployerFinance),
                on,
                "RecordEmployerCost",
                message,
            )
        };
        let senior = json!({
            "clinical_service": campaign.clinical_service,
            "site": "N1M09",
            "practitioner": examiner(40),
        });
        let leave = json!({
            "employment": c3.employment(), "kind": "sickness", "expected_return": "2026-09-14",
        });
        vec![
            Hidden(vec![cost("2026-04-30", 120_000), cost("2026-05-31", 7_000)]),
            Hidden(vec![act(
                (NORTHMOOR, ServiceManager),
                "2026-05-01",
                "NameSeniorPractitioner",
                senior,
            )]),
            Worded(vec![(
                act((NORTHMOOR, EmployerHr), "2026-06-08", "RecordLeave", leave),
                json!({"kind": "other"}),
            )]),
        ]
    }
}
