//! Released results, completions in the order of cohorts, and how registers list people.

use std::collections::BTreeMap;

use domain::{
    policy::Policies,
    qualification::{LeavingCode, ListingStatus, QualificationEvent, ReleasedResult, TraineePost},
    refusal::Refusal,
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Keep, Trainee};
use crate::dashboard::cluster;

/// Qualified people by vacancy, where their award does not say what the post was advertised for.
pub(crate) const COMPLETED_BY_VACANCY: &str = "completed_by_vacancy";
const BY_SERVICE: &str = "completions_by_service";
const BY_PILOT: &str = "completions_by_pilot";
/// People in a qualified post whom no register lists.
const UNLISTED: &str = "unlisted_in_post";

/// What those vacancies were opened for: `{vacancy}/services/{uuid}` and `{vacancy}/pilots/{id}`.
const VACANCY_OF: &str = "vacancy_of";

/// Adds qualified people by clinical service and by pilot whom only their vacancy tells of
/// (`ASSESS-05`); by cohort and day of the board they are counted as they are (`ASSESS-04`).
pub(crate) fn completions(figures: &mut Figures) {
    let mut more = Figures::default();
    for (part, _) in figures.parts(VACANCY_OF) {
        let mut parts = part.splitn(3, '/');
        if let (Some(vacancy), Some(kind), Some(of)) = (parts.next(), parts.next(), parts.next()) {
            let people = figures.get_of(COMPLETED_BY_VACANCY, vacancy);
            match kind {
                "pilots" => more.add_part(BY_PILOT, of, people),
                _ => more.add_of(BY_SERVICE, format!("clinicalServices/{of}"), people),
            }
        }
    }
    figures.add_all(&more);
}

/// Tells what a vacancy was opened for.
pub(crate) fn opened_for(figures: &mut Figures, vacancy: Uuid, service: Uuid, pilot: Option<&str>) {
    figures.add_of(VACANCY_OF, format!("{vacancy}/services/{service}"), 1);
    if let Some(pilot) = pilot {
        figures.add_of(VACANCY_OF, format!("{vacancy}/pilots/{pilot}"), 1);
    }
}

/// Adds who practises without a listing: to be registered from `register.required_from` on, an
/// exception from `register.deadline` on (`CAREER-08`).
///
/// # Errors
/// `POLICY_MISSING`.
pub(crate) fn unregistered(
    figures: &mut Figures,
    policies: &Policies,
    on: Date,
) -> Result<(), Refusal> {
    let unlisted = figures.get(UNLISTED);
    let (required, deadline): (Date, Date) = (
        policies.get("register.required_from", on)?,
        policies.get("register.deadline", on)?,
    );
    if on > deadline {
        figures.add("register_exceptions", unlisted);
    } else if on >= required {
        figures.add("register_due", unlisted);
    }
    Ok(())
}

/// Released results and what was conferred. Marks and attempts are no part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QualificationRecord {
    /// Whose.
    pub trainee: Option<Trainee>,
    /// The board that decides next, while the result is not complete.
    pub next_board: Option<Date>,
    /// What was conferred.
    pub award: Option<AwardedQualification>,
    /// Whether the training ended without the qualification; with a lesser award when true.
    pub not_completed: Option<bool>,
    /// Entries in registers.
    pub register_entries: u32,
    /// The vacancy the training came through.
    pub vacancy: Option<Uuid>,
    /// What the post was advertised for, where the award says so.
    pub post: Option<TraineePost>,
    /// How each register lists the person now.
    pub listings: BTreeMap<String, ListingStatus>,
    /// Whether the qualified post lies within the register's system of practice, once there is one.
    pub practice: Option<bool>,
}

/// A qualification conferred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwardedQualification {
    /// Its title.
    pub qualification: String,
    /// Its level.
    pub level: u8,
    /// The day of the board.
    pub awarded: Date,
}

impl QualificationRecord {
    /// The leaving code of the national student return.
    pub fn leaving_code(&self) -> Option<&'static str> {
        let code = match (&self.award, self.not_completed, self.next_board) {
            (Some(_), _, _) | (None, Some(true), _) => LeavingCode::Awarded,
            (None, Some(false), _) => LeavingCode::NotAwarded,
            (None, None, Some(_)) => LeavingCode::BoardPending,
            (None, None, None) => return None,
        };
        Some(code.code())
    }

    fn register_sums(&self, sums: &mut Figures) {
        for status in self.listings.values() {
            sums.add_of("register_listings", status, 1);
        }
        let listed = self.listings.values().any(|status| status.lists());
        let practises = self.award.is_some() && self.practice.is_some();
        sums.count(UNLISTED, practises && !listed);
        sums.count(
            "registers_at_risk",
            practises && self.practice == Some(false),
        );
    }

    /// What it adds to a dashboard of either party.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.count("qualified", self.award.is_some());
        sums.count("not_completed", self.not_completed.is_some());
        sums.count("register_entries", self.register_entries > 0);
        self.register_sums(sums);
        if let (Some(award), Some(trainee)) = (&self.award, &self.trainee) {
            let cohort = format!("intakes/{}/{}", trainee.intake, award.awarded);
            sums.add_of("completions_by_cohort", cohort, 1);
            match (&self.post, self.vacancy) {
                (Some(post), _) => {
                    sums.add_of(BY_SERVICE, post.clinical_service.name(), 1);
                    if let Some(pilot) = &post.pilot {
                        sums.add_part(BY_PILOT, pilot, 1);
                    }
                }
                (None, Some(vacancy)) => sums.add_of(COMPLETED_BY_VACANCY, vacancy, 1),
                (None, None) => {}
            }
        }
        if let Some(board) = self.next_board {
            sums.add("results_pending", 1);
            sums.add_of("next_boards", board, 1);
        }
    }

    /// What it adds to the clusters of the employer.
    pub(crate) fn sums_by_cluster(&self, sums: &mut Figures) {
        if let Some(trainee) = &self.trainee {
            let cluster = cluster(&trainee.role, trainee.intake, trainee.employer);
            let qualified = i64::from(self.award.is_some());
            sums.add_part("cluster_qualified", &cluster, qualified);
            let not = i64::from(self.not_completed.is_some());
            sums.add_part("cluster_not_completed", &cluster, not);
        }
    }
}

impl Keep<QualificationEvent> for QualificationRecord {
    fn note(&mut self, _: &Noted, fact: &QualificationEvent) {
        self.take(fact);
    }

    fn thread(&self) -> Option<Uuid> {
        self.trainee.as_ref().map(|trainee| trainee.application)
    }
}

impl QualificationRecord {
    fn take(&mut self, fact: &QualificationEvent) {
        match fact {
            QualificationEvent::ResultHandedOver { .. } => {}
            QualificationEvent::ResultSuperseded { .. } => {
                self.award = None;
                self.not_completed = None;
            }
            QualificationEvent::ResultRedated { board, .. } => {
                if let Some(award) = &mut self.award {
                    award.awarded = *board;
                }
            }
            QualificationEvent::ResultReleased {
                appointment,
                result,
            }
            | QualificationEvent::ResultTakenOver {
                appointment,
                result,
            } => {
                self.trainee = Some(Trainee::from(appointment));
                self.next_board = None;
                match result {
                    ReleasedResult::Passed => {}
                    ReleasedResult::NotYetComplete { next_board } => {
                        self.next_board = Some(*next_board);
                    }
                    ReleasedResult::NotCompleted { exit_award, .. } => {
                        self.not_completed = Some(*exit_award);
                    }
                }
            }
            QualificationEvent::QualificationAwarded { award, post } => {
                self.vacancy = Some(award.appointment.vacancy.0);
                self.post.clone_from(post);
                self.trainee = Some(Trainee::from(&award.appointment));
                self.award = Some(AwardedQualification {
                    qualification: award.qualification.clone(),
                    level: award.level,
                    awarded: award.awarded,
                });
            }
            QualificationEvent::RegisterEntryRecorded { entry } => {
                self.register_entries = self.register_entries.saturating_add(1);
                self.listings
                    .insert(entry.register.clone(), ListingStatus::Listed);
            }
            QualificationEvent::RegisterStatusRecorded { listing } => {
                self.listings
                    .insert(listing.register.clone(), listing.status);
            }
            QualificationEvent::RegisteredPracticeNoted { practice } => {
                self.practice = Some(practice.within_system);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{
        actor::{PersonId, TenantId},
        appointment::Appointment,
        id::Id,
        policy::catalogue::{Role, Setting},
        qualification::{Listing, QualificationAward, RegisteredPractice},
    };
    use jiff::civil::date;

    use super::*;
    use crate::record::VacancyRecord;

    fn made_up(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    /// Somebody of the cohort who came through a vacancy and qualified on a day; the award says what
    /// the post was advertised for, or did not yet.
    fn awarded(
        person: u128,
        vacancy: u128,
        awarded: Date,
        post: Option<TraineePost>,
    ) -> QualificationRecord {
        let appointment = Appointment {
            application: Id::new(made_up(person)),
            person: PersonId(made_up(person)),
            employer: TenantId(made_up(1)),
            university: TenantId(made_up(2)),
            commissioner: TenantId(made_up(3)),
            intake: Id::new(made_up(4)),
            vacancy: Id::new(made_up(vacancy)),
            allocation: Id::new(made_up(5)),
            role: Role::parse("MHWP", "role").expect("a role id"),
            level: 7,
        };
        let mut record = QualificationRecord::default();
        record.take(&QualificationEvent::QualificationAwarded {
            award: QualificationAward {
                appointment,
                qualification: "Postgraduate Certificate".to_owned(),
                level: 7,
                awarded,
            },
            post,
        });
        record
    }

    fn qualified(person: u128, vacancy: u128, day: Date) -> QualificationRecord {
        awarded(person, vacancy, day, None)
    }

    fn figures(records: &[QualificationRecord]) -> Figures {
        let mut figures = Figures::default();
        for record in records {
            record.sums(&mut figures);
        }
        figures
    }

    #[test]
    fn assess_05_two_people_of_two_services_of_one_employer_are_counted_by_service_and_pilot() {
        let day = date(2024, 3, 13);
        let post = |service| TraineePost {
            clinical_service: Id::new(made_up(service)),
            pilot: Some("drug_and_alcohol".to_owned()),
        };
        // One award says it; for the other, of the first version, the vacancy does.
        let mut figures = figures(&[
            awarded(11, 21, day, Some(post(31))),
            awarded(12, 22, day, None),
        ]);
        for (vacancy, service, pilot) in [(22, 32, "drug_and_alcohol"), (23, 33, "prisons")] {
            let vacancy = VacancyRecord {
                vacancy: Some(made_up(vacancy)),
                clinical_service: Some(made_up(service)),
                pilot: Some(pilot.to_owned()),
                ..VacancyRecord::default()
            };
            vacancy.tell(&mut figures);
        }
        completions(&mut figures);
        let by_service: Vec<_> = figures.parts("completions_by_service").collect();
        assert_eq!(
            by_service,
            [
                (&*format!("clinicalServices/{}", made_up(31)), 1),
                (&*format!("clinicalServices/{}", made_up(32)), 1),
            ]
        );
        let by_pilot: Vec<_> = figures.parts("completions_by_pilot").collect();
        assert_eq!(by_pilot, [("drug_and_alcohol", 2)]);
    }

    #[test]
    fn career_06_an_employer_sees_of_its_cluster_who_qualified_and_who_did_not() {
        let mut failed = QualificationRecord::default();
        let released = qualified(13, 21, date(2027, 3, 10));
        failed.trainee.clone_from(&released.trainee);
        failed.not_completed = Some(false);
        let mut figures = Figures::default();
        for record in [released, qualified(12, 21, date(2027, 6, 16)), failed] {
            record.sums_by_cluster(&mut figures);
        }
        let cluster = cluster("MHWP", made_up(4), TenantId(made_up(1)));
        assert_eq!(figures.get_of("cluster_qualified", &cluster), 2);
        assert_eq!(figures.get_of("cluster_not_completed", &cluster), 1);
    }

    #[test]
    fn assess_04_completions_of_a_cohort_are_listed_in_the_order_of_their_boards() {
        let (board, resit) = (date(2027, 3, 10), date(2027, 6, 16));
        let figures = figures(&[
            qualified(11, 21, resit),
            qualified(12, 21, board),
            qualified(13, 21, board),
        ]);
        let listed: Vec<_> = figures.parts("completions_by_cohort").collect();
        let cohort = format!("intakes/{}", made_up(4));
        assert_eq!(
            listed,
            [
                (&*format!("{cohort}/2027-03-10"), 2),
                (&*format!("{cohort}/2027-06-16"), 1),
            ]
        );
    }

    fn policies() -> Policies {
        let row = |value: &str| {
            serde_json::json!([{
                "version": 1, "from": "2021-04-01", "until": null, "value": value,
                "source": "CAREER-08", "approver": "test",
            }])
        };
        let register = serde_json::json!({"policies": {
            "register.required_from": row("2025-06-30"),
            "register.deadline": row("2026-06-30"),
        }});
        Policies::of(Arc::new(
            serde_json::from_value(register).expect("a register"),
        ))
    }

    #[test]
    fn career_08_who_practises_unlisted_is_due_from_the_first_day_and_an_exception_after_the_last()
    {
        let status = |status| QualificationEvent::RegisterStatusRecorded {
            listing: Listing {
                register: "bps".to_owned(),
                status,
                from: date(2026, 5, 14),
            },
        };
        let practice = |setting: &str, within_system| QualificationEvent::RegisteredPracticeNoted {
            practice: RegisteredPractice {
                from: date(2025, 4, 7),
                setting: Setting::parse(setting, "setting").ok(),
                within_system,
            },
        };
        let mut record = qualified(11, 21, date(2025, 3, 12));
        let shown = |record: &QualificationRecord, on| {
            let mut figures = figures(std::slice::from_ref(record));
            unregistered(&mut figures, &policies(), on).expect("policies");
            (
                figures.get("register_due"),
                figures.get("register_exceptions"),
                figures.get("registers_at_risk"),
            )
        };
        let (before, between, after) = (date(2025, 6, 29), date(2026, 6, 30), date(2026, 7, 1));
        assert_eq!(shown(&record, after), (0, 0, 0), "not in a qualified post");
        record.take(&practice("prison", false));
        assert_eq!(shown(&record, before), (0, 0, 1));
        assert_eq!(shown(&record, between), (1, 0, 1));
        assert_eq!(shown(&record, after), (0, 1, 1));
        record.take(&status(ListingStatus::Pending));
        assert_eq!(shown(&record, after), (0, 1, 1), "applied is not listed");
        record.take(&status(ListingStatus::Restored));
        assert_eq!(shown(&record, after), (0, 0, 1));
        record.take(&status(ListingStatus::Lapsed));
        assert_eq!(shown(&record, after), (0, 1, 1));
    }
}
