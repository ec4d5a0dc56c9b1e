//! What anybody may try, and the order in which a life goes well.

use jiff::civil::{Date, date};
use strum::IntoEnumIterator as _;

use super::{
    House, THREADS, WITHOUT_DEGREE,
    course::{self, Turn},
};
use crate::{
    actor::{ActingRole, Actor, Party, TenantId, TenantKind},
    application::{
        AddStudyEvidence, Degree, EntrySource, PanelMember, RecordInterview, StudyEvidenceKind,
        SubmitApplication, Verdict, WithdrawApplication,
    },
    board::{
        BoardCapacity, BoardDecision, BoardMember, ConstituteBoard, FurtherWork, HoldBoard,
        RatifyOutcome, ReleaseResult, SittingKind,
    },
    commitment::{ConfirmBreach, EvidenceQualifiedPost, GrantGrace, PostTerms, ReportPostEnded},
    decision_round::{
        AmendDecision, Decision, OpenDecisionRound, Score, SealDecision, SealShortlist,
        WithdrawDecision,
    },
    employment::{EndEmployment, StartEmployment},
    enrolment::EnrolTrainee,
    funding::{
        ApproveAward, CloseStatement, FundingAward, OpenRecovery, PayInstalment, ReinstateAward,
        ResumeAward, StopAward, SuspendAward,
    },
    given::{
        actor,
        cast::{BAND_5_PERMANENT_BASELINE, mhwp},
        person, tenant,
    },
    identifiers::Sid,
    offer::{
        AcceptOffer, CheckResult, ClearEmploymentCheck, ConfirmConditions, DeclineOffer,
        EmploymentCheck, MakeOffer, Offer, RescindOffer, RescissionReason,
    },
    qualification::RecordRegisterEntry,
    training::{
        AssignSupervisor, EndSupervision, ExtendTraining, HoldThreeWayReview, LogPracticeHours,
        PlaceTrainee, PracticeKind, SignPracticeHours, VerifyPortfolio,
    },
    world::Command,
};

/// Something somebody tries, in the life of one person with one employer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Act {
    Apply,
    Study,
    Shortlist(Party, bool),
    Interview,
    OpenRound,
    Seal(Party, bool),
    Amend(Party, bool),
    WithdrawDecision(Party),
    WithdrawApplication,
    MakeOffer,
    Accept,
    Decline,
    Rescind(Party),
    Checks,
    Confirm(Party),
    Award,
    Employ(u8),
    Enrol(u8),
    Supervise(usize),
    EndSupervision,
    Place,
    Log(u8, u32),
    Sign,
    Review,
    Portfolio,
    Extend,
    Pay(u32),
    Suspend,
    Resume,
    Stop,
    Reinstate,
    Claim(u32),
    Close(i8),
    HoldBoard(SittingKind),
    Decide(u8),
    Release,
    Register,
    Evidence(u8, bool),
    EndPost,
    Grace,
    Breach,
    EndEmployment,
    Course(Turn),
    /// The same as somebody of a tenant that has nothing to do with it.
    Stranger,
}

/// The practice that a portfolio wants: kind and quarters of an hour.
const HOURS: [(PracticeKind, Option<&str>, u32); 5] = [
    (PracticeKind::Contact, None, 384),
    (PracticeKind::Intervention, Some("problem_solving"), 208),
    (PracticeKind::CarePlanning, None, 48),
    (PracticeKind::CaseManagement, None, 92),
    (PracticeKind::ClinicalSkills, None, 92),
];

/// The life of scenario D.1, step by step, each on its earliest day.
#[rustfmt::skip]
pub(super) const PATH: &[(Date, Act)] = &[
    (date(2025, 11, 21), Act::Apply),
    (date(2025, 11, 25), Act::Study),
    (date(2025, 12, 3),  Act::Shortlist(Party::Employer, true)),
    (date(2025, 12, 4),  Act::Shortlist(Party::University, true)),
    (date(2025, 12, 11), Act::Interview),
    (date(2025, 12, 11), Act::OpenRound),
    (date(2025, 12, 12), Act::Seal(Party::Employer, true)),
    (date(2025, 12, 15), Act::Seal(Party::University, true)),
    (date(2025, 12, 16), Act::MakeOffer),
    (date(2025, 12, 18), Act::Accept),
    (date(2026, 2, 13),  Act::Checks),
    (date(2026, 2, 13),  Act::Checks),
    (date(2026, 2, 13),  Act::Checks),
    (date(2026, 2, 13),  Act::Checks),
    (date(2026, 2, 13),  Act::Checks),
    (date(2026, 2, 13),  Act::Checks),
    (date(2026, 2, 16),  Act::Confirm(Party::Employer)),
    (date(2026, 2, 16),  Act::Confirm(Party::University)),
    (date(2026, 2, 16),  Act::Award),
    (date(2026, 2, 23),  Act::Employ(4)),
    (date(2026, 3, 2),   Act::Enrol(7)),
    (date(2026, 3, 2),   Act::Enrol(6)),
    (date(2026, 3, 2),   Act::Supervise(0)),
    (date(2026, 3, 2),   Act::Place),
    (date(2026, 3, 31),  Act::Pay(1)),
    (date(2026, 4, 30),  Act::Pay(2)),
    (date(2026, 5, 11),  Act::Review),
    (date(2026, 5, 29),  Act::Pay(3)),
    (date(2026, 6, 30),  Act::Pay(4)),
    (date(2026, 7, 31),  Act::Pay(5)),
    (date(2026, 8, 28),  Act::Pay(6)),
    (date(2026, 9, 14),  Act::Review),
    (date(2026, 9, 30),  Act::Pay(7)),
    (date(2026, 10, 30), Act::Pay(8)),
    (date(2026, 11, 30), Act::Pay(9)),
    (date(2026, 12, 31), Act::Pay(10)),
    (date(2027, 1, 11),  Act::Review),
    (date(2027, 1, 29),  Act::Pay(11)),
    (date(2027, 1, 29),  Act::Log(0, 1)),
    (date(2027, 1, 29),  Act::Log(1, 1)),
    (date(2027, 1, 29),  Act::Log(2, 1)),
    (date(2027, 1, 29),  Act::Log(3, 1)),
    (date(2027, 1, 29),  Act::Log(4, 1)),
    (date(2027, 1, 29),  Act::Sign),
    (date(2027, 2, 19),  Act::Portfolio),
    (date(2027, 2, 26),  Act::Pay(12)),
    (date(2027, 3, 10),  Act::HoldBoard(SittingKind::Qualifying)),
    (date(2027, 3, 10),  Act::Decide(0)),
    (date(2027, 3, 12),  Act::Release),
    (date(2027, 4, 5),   Act::Evidence(5, true)),
    (date(2027, 5, 14),  Act::Register),
    (date(2027, 6, 16),  Act::HoldBoard(SittingKind::Reassessment)),
    (date(2027, 6, 16),  Act::Decide(0)),
    (date(2027, 6, 17),  Act::Release),
    (date(2027, 7, 1),   Act::Evidence(5, true)),
    (date(2028, 4, 4),   Act::EndPost),
];

fn member(n: u128, capacity: BoardCapacity) -> BoardMember {
    BoardMember {
        person: person(n),
        capacity,
    }
}

fn board() -> Vec<BoardMember> {
    vec![
        member(41, BoardCapacity::Chair),
        member(42, BoardCapacity::Internal),
        member(43, BoardCapacity::Internal),
        member(44, BoardCapacity::External),
    ]
}

/// The university's board.
pub(super) fn constitution() -> ConstituteBoard {
    ConstituteBoard {
        role: mhwp(),
        programme_director: person(40),
        members: board(),
    }
}

fn decision(party: Party, yes: bool) -> Decision {
    let own: &[&str] = match party {
        Party::Employer => &[
            "trauma_informed_recovery",
            "collaborative_work_with_smi_in_a_team",
            "nhs_values",
        ],
        Party::University => &["trauma_informed_recovery", "ability_to_study_at_level"],
    };
    Decision {
        verdict: if yes {
            Verdict::Accept
        } else {
            Verdict::Reject
        },
        conditions: vec![],
        scores: own
            .iter()
            .map(|criterion| Score {
                criterion: (*criterion).to_owned(),
                points: 70,
            })
            .collect(),
        grounds: if yes {
            vec![]
        } else {
            vec!["trauma_informed_recovery".to_owned()]
        },
        reason: "As interviewed.".to_owned(),
    }
}

fn ratified(n: u8, on: Date) -> BoardDecision {
    let next_board = on.saturating_add(jiff::ToSpan::days(90));
    let work = FurtherWork {
        components: vec!["2".to_owned()],
        due: on.saturating_add(jiff::ToSpan::days(60)),
        next_board,
    };
    match n {
        0 => BoardDecision::Pass,
        1 => BoardDecision::Refer(work),
        2 => BoardDecision::Defer(work),
        3 => BoardDecision::DecisionDeferred { next_board },
        4 => BoardDecision::Fail,
        5 => BoardDecision::Withdraw,
        _ => BoardDecision::ExitAward,
    }
}

/// A student number of the university, with its check digit.
fn sid(thread: usize) -> String {
    let stem = format!("261009900100{:04}", THREADS[thread].0);
    (0..10)
        .map(|digit| format!("{stem}{digit}"))
        .find(|sid| Sid::parse(sid, "sid").is_ok())
        .unwrap_or_default()
}

/// Who asks for what.
pub(super) fn command(house: &House, thread: usize, act: Act) -> (Actor, Box<dyn Command>) {
    let cast = *house.cast(thread);
    let whose = house.whose(thread);
    // whoever employs by now acts; the selection was with the first employer
    let (now, employing) = (house.now(thread), *house.employing(thread));
    let (application, training) = (whose.application, whose.training());
    let offer = Offer::id(cast.employer, application);
    let award = match now.employer == whose.employer {
        true => whose.award(),
        false => FundingAward::of_payee(now.commissioner, application, now.employer),
    };
    let commitment = now.commitment();
    let hr = actor(now.employer, ActingRole::EmployerHr);
    let tutor = cast.university(ActingRole::AdmissionsTutor);
    let secretary = cast.university(ActingRole::BoardSecretary);
    let national = cast.national();
    let candidate = actor(TenantId(whose.person.0), ActingRole::Candidate);
    let side = |party| match party {
        Party::Employer => hr.clone(),
        Party::University => tutor.clone(),
    };
    let today = house.today;
    let sitting = house.sittings.last().copied();
    match act {
        Act::Apply => {
            let degree = if THREADS[thread].0 == WITHOUT_DEGREE {
                Degree::None
            } else {
                Degree::Held
            };
            let apply = SubmitApplication {
                vacancy: cast.vacancy,
                person: None,
                name: "Ada Marker".to_owned(),
                contact: "ada@example.org".to_owned(),
                statement: "I want to help people recover.".to_owned(),
                entry: EntrySource::External,
                degree,
                degree_detail: None,
            };
            (candidate, Box::new(apply))
        }
        Act::Study => {
            let study = AddStudyEvidence {
                application,
                kind: StudyEvidenceKind::PriorStudy,
                detail: "Level 5 diploma, 2024".to_owned(),
            };
            (candidate, Box::new(study))
        }
        Act::Shortlist(party, shortlisted) => {
            let seal = SealShortlist {
                application,
                shortlisted,
                scores: vec![],
                reason: "As applied.".to_owned(),
            };
            (side(party), Box::new(seal))
        }
        Act::Interview => {
            let panel = vec![
                PanelMember::ServiceManager,
                PanelMember::AdmissionsTutor,
                PanelMember::ExpertByExperience,
            ];
            let on = today;
            let interview = RecordInterview {
                application,
                on,
                panel,
            };
            (hr, Box::new(interview))
        }
        Act::OpenRound => {
            let deadline = Some(crate::calendar::midday(
                today.saturating_add(jiff::ToSpan::days(8)),
            ));
            let open = OpenDecisionRound {
                application,
                deadline,
            };
            (hr, Box::new(open))
        }
        Act::Seal(party, yes) => {
            let decision = decision(party, yes);
            let seal = SealDecision {
                application,
                round: 1,
                decision,
            };
            (side(party), Box::new(seal))
        }
        Act::Amend(party, yes) => {
            let decision = decision(party, yes);
            let amend = AmendDecision {
                application,
                round: 1,
                decision,
            };
            (side(party), Box::new(amend))
        }
        Act::WithdrawDecision(party) => {
            let round = 1;
            (
                side(party),
                Box::new(WithdrawDecision { application, round }),
            )
        }
        Act::WithdrawApplication => (candidate, Box::new(WithdrawApplication { application })),
        Act::MakeOffer => (hr, Box::new(MakeOffer { application })),
        Act::Accept => (candidate, Box::new(AcceptOffer { offer })),
        Act::Decline => (candidate, Box::new(DeclineOffer { offer })),
        Act::Rescind(party) => {
            let reason = RescissionReason::ConditionsNotMet;
            (side(party), Box::new(RescindOffer { offer, reason }))
        }
        Act::Checks => {
            let held = house.given.state(offer).and_then(Offer::held);
            let open = EmploymentCheck::iter()
                .find(|check| held.is_none_or(|held| !held.checks.contains_key(check)));
            let clear = ClearEmploymentCheck {
                offer,
                check: open.unwrap_or(EmploymentCheck::Identity),
                result: CheckResult::Cleared,
                on: today,
                valid_until: None,
                reference: None,
            };
            (hr, Box::new(clear))
        }
        Act::Confirm(party) => {
            let conditions = vec![];
            (
                side(party),
                Box::new(ConfirmConditions { offer, conditions }),
            )
        }
        Act::Award => {
            let approve = ApproveAward {
                application,
                tuition_pence: None,
                salary_pence: None,
                other_sources: vec![],
            };
            (national, Box::new(approve))
        }
        Act::Employ(band) => {
            let assignment = format!("2000000{thread}-1");
            let start = StartEmployment {
                application,
                band,
                assignment,
            };
            (hr, Box::new(start))
        }
        Act::Enrol(level) => {
            let enrol = EnrolTrainee {
                application,
                sid: sid(thread),
                uln: None,
                level,
            };
            let lead = cast.university(ActingRole::ProgrammeLead);
            (lead, Box::new(enrol))
        }
        Act::Supervise(which) => {
            let supervisor = course::supervisor(house, thread, which);
            let assign = AssignSupervisor {
                application,
                supervisor,
            };
            (hr, Box::new(assign))
        }
        Act::EndSupervision => (hr, Box::new(EndSupervision { training })),
        Act::Place => {
            let place = PlaceTrainee {
                training,
                clinical_service: employing.clinical_service,
                site: None,
            };
            (hr, Box::new(place))
        }
        Act::Log(which, share) => {
            let (kind, intervention, quarters) = HOURS[usize::from(which) % HOURS.len()];
            let log = LogPracticeHours {
                training,
                kind,
                intervention: intervention.map(str::to_owned),
                quarters: quarters / share.max(1),
            };
            let supervisor = actor(now.employer, ActingRole::PracticeSupervisor);
            (supervisor, Box::new(log))
        }
        Act::Sign => {
            let until = today;
            (candidate, Box::new(SignPracticeHours { training, until }))
        }
        Act::Review => {
            let lead = cast.university(ActingRole::ProgrammeLead);
            (lead, Box::new(HoldThreeWayReview { training }))
        }
        Act::Portfolio => {
            let lead = cast.university(ActingRole::ProgrammeLead);
            (lead, Box::new(VerifyPortfolio { training }))
        }
        Act::Extend => {
            let until = today.saturating_add(jiff::ToSpan::days(60));
            (hr, Box::new(ExtendTraining { training, until }))
        }
        Act::Pay(number) => (national, Box::new(PayInstalment { award, number })),
        Act::Suspend => (national, Box::new(SuspendAward { award })),
        Act::Resume => (national, Box::new(ResumeAward { award })),
        Act::Stop => (national, Box::new(StopAward { award })),
        Act::Reinstate => (national, Box::new(ReinstateAward { award })),
        Act::Claim(number) => {
            let instalments = vec![number];
            (national, Box::new(OpenRecovery { award, instalments }))
        }
        Act::Close(months) => {
            let months = jiff::ToSpan::months(i64::from(months));
            let month = today.first_of_month().saturating_sub(months);
            let payee = now.employer;
            (national, Box::new(CloseStatement { payee, month }))
        }
        Act::HoldBoard(kind) => {
            let hold = HoldBoard {
                role: mhwp(),
                kind,
                members: board(),
                chairs_action: None,
            };
            (secretary, Box::new(hold))
        }
        Act::Decide(n) => {
            let ratify = RatifyOutcome {
                sitting: sitting.unwrap_or(crate::id::Id::new(uuid::Uuid::nil())),
                application,
                decision: ratified(n, today),
            };
            (secretary, Box::new(ratify))
        }
        Act::Release => (secretary, Box::new(ReleaseResult { application })),
        Act::Register => {
            let entry = RecordRegisterEntry {
                qualification: whose.qualification(),
                register: "bps".to_owned(),
                number: format!("W12345{thread}"),
                until: None,
            };
            (hr, Box::new(entry))
        }
        Act::Evidence(band, permanent) => {
            let evidence = EvidenceQualifiedPost {
                commitment,
                application,
                employer: now.employer,
                clinical_service: employing.clinical_service,
                post: PostTerms {
                    band,
                    permanent,
                    ..BAND_5_PERMANENT_BASELINE
                },
                replaces: None,
                position: None,
            };
            (hr, Box::new(evidence))
        }
        Act::EndPost => {
            let ended = ReportPostEnded {
                commitment,
                application,
            };
            (hr, Box::new(ended))
        }
        Act::Grace => {
            let grace = GrantGrace {
                commitment,
                application,
                until: today.saturating_add(jiff::ToSpan::days(60)),
            };
            (national, Box::new(grace))
        }
        Act::Breach => {
            let breach = ConfirmBreach {
                commitment,
                application,
            };
            (national, Box::new(breach))
        }
        Act::EndEmployment => {
            let employment = now.employment();
            (hr, Box::new(EndEmployment { employment }))
        }
        Act::Course(turn) => course::command(house, thread, turn),
        Act::Stranger => {
            let stranger = Actor {
                kind: TenantKind::Employer,
                ..actor(tenant(0x5EED), ActingRole::EmployerHr)
            };
            (
                stranger,
                Box::new(RescindOffer {
                    offer,
                    reason: RescissionReason::PostWithdrawn,
                }),
            )
        }
    }
}
