//! What each tenant sees at the end, read back through the service: dashboards, records, feeds and
//! the auditor's replay. Nothing here is counted from what the play knows.

mod asked;

use std::{fmt, time::Duration};

use contract::{UnaryRequest, v1};
use domain::{
    actor::ActingRole::{
        self, AdmissionsTutor, CommissionerNational, EmployerHr, ProfessionalLead, ProgrammeLead,
        ServiceManager,
    },
    funding::FundingAward,
    id::Id,
    preceptorship::Preceptorship,
    qualification::Qualification,
    world::Decider,
};
use uuid::Uuid;

use self::asked::{Feed, Figures, Locks};
use super::{
    Played,
    cast::{Candidate, Cast, Organisation},
    live_intake,
    stage::{PlayError, Stage, request_id, together},
};

/// A feed that has not grown for so long is at its end: twice as long as the runner of reactions and
/// timers waits between two looks.
const STILL: Duration = Duration::from_secs(1);

/// Rows of three columns, aligned.
#[derive(Debug, Default)]
pub(super) struct Summary {
    rows: Vec<[String; 3]>,
}

impl Summary {
    fn row(&mut self, of: &str, who: &str, sees: impl Into<String>) {
        self.rows.push([of.to_owned(), who.to_owned(), sees.into()]);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let (of, who) = (width(0), width(1));
        for [first, second, third] in &self.rows {
            writeln!(f, "{first:<of$}  {second:<who$}  {third}")?;
        }
        Ok(())
    }
}

/// Reads it.
pub(super) async fn read(
    stage: &Stage<'_>,
    cast: &Cast,
    played: &Played,
) -> Result<Summary, PlayError> {
    let Cast {
        commissioner,
        northmoor,
        wexcombe,
        provider,
        exeter,
        ..
    } = cast;
    let readers = [
        (northmoor, EmployerHr),
        (wexcombe, ProgrammeLead),
        (commissioner, CommissionerNational),
        (provider, ProgrammeLead),
        (exeter, ProgrammeLead),
    ];
    let locks = Locks::ask(stage, cast).await?;
    let read = || {
        together(
            readers.map(async |(organisation, role)| Feed::read(stage, organisation, role).await),
        )
    };
    // What the last timers lead to is part of what a tenant sees.
    let mut feeds = read().await?;
    loop {
        tokio::time::sleep(STILL).await;
        let later = read().await?;
        let still = later
            .iter()
            .map(|feed| feed.head)
            .eq(feeds.iter().map(|feed| feed.head));
        feeds = later;
        if still {
            break;
        }
    }
    let reader = Reader {
        stage,
        cast,
        feeds,
        locks,
    };
    let mut summary = Summary::default();
    summary.row("OF", "TENANT", "SEES");
    reader.happy_path(&mut summary).await?;
    reader.split_decision(&mut summary).await?;
    reader.routes(&mut summary).await?;
    reader.resit(&mut summary).await?;
    reader.history(&mut summary).await?;
    for feed in &reader.feeds {
        let dense = if feed.dense { "dense" } else { "WITH HOLES" };
        summary.row("feed", &feed.of, format!("{} events, {dense}", feed.head));
    }
    let how = if played.before {
        "at an earlier start; nothing was sent again".to_owned()
    } else {
        format!(
            "{} calls in {:.1} s, {} of them refused as they must be",
            played.calls,
            played.took.as_secs_f32(),
            played.refusals,
        )
    };
    summary.row("played", "", how);
    Ok(summary)
}

struct Reader<'a> {
    stage: &'a Stage<'a>,
    cast: &'a Cast,
    feeds: Vec<Feed>,
    locks: Locks,
}

impl Reader<'_> {
    async fn asks<M: UnaryRequest + Clone>(
        &self,
        organisation: &Organisation,
        role: ActingRole,
        request: M,
    ) -> Result<M::Response, PlayError> {
        self.stage
            .of(organisation, role)?
            .asks("summary", request)
            .await
    }

    /// A tenant's dashboard on a day; empty for the latest, with everything its feed holds.
    async fn figures(
        &self,
        organisation: &Organisation,
        role: ActingRole,
        as_of: &str,
    ) -> Result<Figures, PlayError> {
        let head = self
            .feeds
            .iter()
            .find(|feed| feed.of == organisation.slug)
            .map_or(0, |feed| feed.head);
        let request = v1::GetDashboardRequest {
            as_of: as_of.to_owned(),
            at_least_position: if as_of.is_empty() { head } else { 0 },
            ..Default::default()
        };
        let answer = self.asks(organisation, role, request).await?;
        Ok(Figures(answer.dashboard.unwrap_or_default().figures))
    }

    /// The record of a candidate of the live intake in another collection.
    async fn record<A: Decider>(
        &self,
        candidate: &Candidate,
        home: &Organisation,
    ) -> Result<String, PlayError> {
        let application = self.application(candidate).await?;
        let id = application.trim_start_matches("applications/");
        let id = Uuid::try_parse(id).unwrap_or_default();
        Ok(Id::<A>::derive(home.tenant, &[id]).name())
    }

    async fn application(&self, candidate: &Candidate) -> Result<String, PlayError> {
        let step = format!("{}/{}/apply", live_intake::LABEL, candidate.slug);
        let receipt = self
            .stage
            .candidate(candidate)?
            .receipt_of("summary", &request_id(&step))
            .await?;
        receipt
            .map(|receipt| receipt.name)
            .ok_or_else(|| unexpected(format!("nothing is recorded of {}", candidate.slug)))
    }

    async fn read_application(
        &self,
        organisation: &Organisation,
        role: ActingRole,
        candidate: &Candidate,
    ) -> Result<v1::Application, PlayError> {
        let request = v1::GetApplicationRequest {
            name: self.application(candidate).await?,
        };
        let answer = self.asks(organisation, role, request).await?;
        Ok(answer.application.unwrap_or_default())
    }

    async fn qualification(
        &self,
        organisation: &Organisation,
        role: ActingRole,
        candidate: &Candidate,
    ) -> Result<v1::Qualification, PlayError> {
        let request = v1::GetQualificationRequest {
            name: self
                .record::<Qualification>(candidate, &self.cast.wexcombe)
                .await?,
        };
        let answer = self.asks(organisation, role, request).await?;
        Ok(answer.qualification.unwrap_or_default())
    }

    /// The commitment's promise to a candidate, and how many are kept of how many posts.
    async fn promise(&self, candidate: &Candidate) -> Result<(v1::Promise, i32, i32), PlayError> {
        let lead = self.stage.of(&self.cast.northmoor, ProfessionalLead)?;
        let given = request_id(&format!("{}/commitment", live_intake::LABEL));
        let name = lead
            .receipt_of("summary", &given)
            .await?
            .map(|receipt| receipt.name)
            .unwrap_or_default();
        let answer = lead
            .asks("summary", v1::GetCommitmentRequest { name })
            .await?;
        let commitment = answer.commitment.unwrap_or_default();
        let application = self.application(candidate).await?;
        let promise = commitment
            .promises
            .into_iter()
            .find(|promise| promise.application == application)
            .unwrap_or_default();
        Ok((promise, commitment.discharged, commitment.posts))
    }

    /// A trainee's life as the employer sees it on a day.
    async fn journey(&self, candidate: &Candidate, as_of: &str) -> Result<v1::Journey, PlayError> {
        let request = v1::GetDashboardRequest {
            as_of: as_of.to_owned(),
            include_journeys: true,
            page_size: 200,
            ..Default::default()
        };
        let answer = self
            .asks(&self.cast.northmoor, ServiceManager, request)
            .await?;
        let person = candidate.person.to_string();
        answer
            .journeys
            .into_iter()
            .find(|journey| journey.person == person)
            .ok_or_else(|| unexpected(format!("the employer sees nothing of {}", candidate.slug)))
    }

    /// D.1: C1.
    async fn happy_path(&self, summary: &mut Summary) -> Result<(), PlayError> {
        let Cast {
            commissioner,
            northmoor,
            wexcombe,
            calderbridge,
            meridian,
            ..
        } = self.cast;
        let [c1, ..] = live_intake::candidates();
        let (_, discharged, posts) = self.promise(&c1).await?;
        let journey = self.journey(&c1, "2028-04-05").await?;
        summary.row(
            "D.1 C1",
            &northmoor.slug,
            format!(
                "qualified {}, band 5 in post from {}, commitment {discharged}/{posts} \
                 discharged, preceptorship complete {}, consolidation {}/{}",
                journey.qualified_on,
                journey.qualified_post_from,
                journey.preceptorship_completed,
                journey.consolidation_months,
                journey.consolidation_months_needed,
            ),
        );
        let preceptorship = v1::GetPreceptorshipRequest {
            name: self.record::<Preceptorship>(&c1, northmoor).await?,
        };
        let preceptorship = self
            .asks(wexcombe, ProgrammeLead, preceptorship)
            .await?
            .preceptorship
            .unwrap_or_default();
        let qualification = self.qualification(wexcombe, ProgrammeLead, &c1).await?;
        summary.row(
            "D.1 C1",
            &wexcombe.slug,
            format!(
                "{} level {}, awarded {}, {} preceptorship sessions, HESA {}",
                qualification.qualification,
                qualification.level,
                qualification.awarded,
                preceptorship.sessions,
                qualification.leaving_code,
            ),
        );
        let award = v1::GetAwardRequest {
            name: self.record::<FundingAward>(&c1, commissioner).await?,
        };
        let award = self
            .asks(commissioner, CommissionerNational, award)
            .await?
            .award
            .unwrap_or_default();
        let national = self.figures(commissioner, CommissionerNational, "").await?;
        summary.row(
            "D.1 C1",
            &commissioner.slug,
            format!(
                "award {}, {} paid of {}; nationally {} % of promised posts kept, {} people in \
                 the North West, {} locks",
                word(award.state().as_str_name()),
                pounds(award.paid_pence),
                pounds(award.salary_pence),
                national.whole("conversion"),
                national.part("people_by_region", "north_west"),
                national.whole("locks_fixed"),
            ),
        );
        let application = v1::GetApplicationRequest {
            name: self.application(&c1).await?,
        };
        let application = self
            .stage
            .candidate(&c1)?
            .asks("summary", application)
            .await?
            .application
            .unwrap_or_default();
        summary.row(
            "D.1 C1",
            &c1.slug,
            format!(
                "{}, level {}; consolidation to {}",
                word(application.state().as_str_name()),
                application.level,
                preceptorship.consolidation_until,
            ),
        );
        summary.row("D.1 C1", &calderbridge.slug, self.locks.of_c1.clone());
        let replay = self
            .stage
            .of(meridian, ActingRole::Auditor)?
            .replays(&c1.person.to_string())
            .await?;
        let verified = if replay.verified {
            "verified"
        } else {
            "NOT VERIFIED"
        };
        summary.row(
            "D.1 C1",
            &meridian.slug,
            format!(
                "{} events of {} records in order, every chain {verified}",
                replay.events, replay.resources,
            ),
        );
        Ok(())
    }

    /// D.2: C2.
    async fn split_decision(&self, summary: &mut Summary) -> Result<(), PlayError> {
        let Cast {
            northmoor,
            wexcombe,
            ..
        } = self.cast;
        let [_, c2, ..] = live_intake::candidates();
        for (organisation, role) in [(northmoor, EmployerHr), (wexcombe, AdmissionsTutor)] {
            let application = self.read_application(organisation, role, &c2).await?;
            let rounds: Vec<_> = application
                .revealed_rounds
                .iter()
                .map(|round| {
                    format!(
                        "round {}: employer {}, university {}",
                        round.round, round.employer, round.university,
                    )
                })
                .collect();
            summary.row(
                "D.2 C2",
                &organisation.slug,
                format!(
                    "{}; {}, level {}",
                    rounds.join("; "),
                    word(application.state().as_str_name()),
                    application.level,
                ),
            );
        }
        let request = v1::GetApplicationRequest {
            name: self.application(&c2).await?,
        };
        let application = self.stage.candidate(&c2)?.asks("summary", request).await?;
        let application = application.application.unwrap_or_default();
        summary.row(
            "D.2 C2",
            &c2.slug,
            format!(
                "{}; feedback: {}",
                word(application.state().as_str_name()),
                application.feedback,
            ),
        );
        Ok(())
    }

    /// D.4: both routes lead to the same post.
    async fn routes(&self, summary: &mut Summary) -> Result<(), PlayError> {
        let Cast {
            commissioner,
            northmoor,
            wexcombe,
            ..
        } = self.cast;
        let [_, _, _, c4, _] = live_intake::candidates();
        for (organisation, role) in [(northmoor, ServiceManager), (wexcombe, ProgrammeLead)] {
            let figures = self.figures(organisation, role, "").await?;
            summary.row(
                "D.4",
                &organisation.slug,
                format!(
                    "route split L7 {} / L6 {}",
                    figures.part("entrants_by_level", "7"),
                    figures.part("entrants_by_level", "6"),
                ),
            );
        }
        let qualification = self.qualification(northmoor, ServiceManager, &c4).await?;
        let (promise, ..) = self.promise(&c4).await?;
        summary.row(
            "D.4 C4",
            &northmoor.slug,
            format!(
                "{} level {}, band 5 in post from {}",
                qualification.qualification, qualification.level, promise.post_starts_on,
            ),
        );
        let national = self.figures(commissioner, CommissionerNational, "").await?;
        summary.row(
            "D.4",
            &commissioner.slug,
            format!(
                "{} people in a promised post, whatever their route",
                national.whole("in_qualified_post"),
            ),
        );
        Ok(())
    }

    /// D.7: C5 between the boards and after.
    async fn resit(&self, summary: &mut Summary) -> Result<(), PlayError> {
        let Cast {
            commissioner,
            northmoor,
            wexcombe,
            ..
        } = self.cast;
        let [.., c5] = live_intake::candidates();
        let between = self
            .figures(northmoor, ServiceManager, "2027-04-05")
            .await?;
        summary.row(
            "D.7",
            &northmoor.slug,
            format!(
                "on 2027-04-05: {} qualified, {} pending, next board 2027-06-16 for {}",
                between.whole("qualified"),
                between.whole("results_pending"),
                between.part("next_boards", "2027-06-16"),
            ),
        );
        let qualification = self.qualification(northmoor, ServiceManager, &c5).await?;
        let (promise, ..) = self.promise(&c5).await?;
        summary.row(
            "D.7 C5",
            &northmoor.slug,
            format!(
                "{} {}, band 5 in post from {}",
                word(qualification.state().as_str_name()),
                qualification.awarded,
                promise.post_starts_on,
            ),
        );
        let between = self.figures(wexcombe, ProgrammeLead, "2027-04-05").await?;
        let figures = self.figures(wexcombe, ProgrammeLead, "").await?;
        summary.row(
            "D.7",
            &wexcombe.slug,
            format!(
                "referred {}, passed first time {}/{}, passed in the end {}/{}; HESA code 98 for {} on 2027-04-05, \
                 code 01 for {} in the end",
                figures.whole("referred"),
                figures.whole("passed_first_time"),
                figures.whole("assessed"),
                figures.whole("passed"),
                figures.whole("assessed"),
                between.part("leaving_codes", "98"),
                figures.part("leaving_codes", "01"),
            ),
        );
        summary.row("D.7 C5", &wexcombe.slug, self.locks.of_c5.clone());
        let national = self.figures(commissioner, CommissionerNational, "").await?;
        summary.row(
            "D.7",
            &commissioner.slug,
            format!(
                "{} promises kept of {} fallen due",
                national.whole("commitments_discharged"),
                national.whole("commitments_fallen_due"),
            ),
        );
        Ok(())
    }

    /// The early history in figures.
    async fn history(&self, summary: &mut Summary) -> Result<(), PlayError> {
        let Cast {
            commissioner,
            provider,
            exeter,
            ..
        } = self.cast;
        let first = self.figures(provider, ProgrammeLead, "2023-04-03").await?;
        summary.row(
            "history",
            &provider.slug,
            format!("{} of the first intake qualified", first.whole("qualified")),
        );
        for caught in &self.locks.of_cohorts {
            summary.row("history", &provider.slug, caught);
        }
        let yipp = self.figures(exeter, ProgrammeLead, "2022-04-01").await?;
        summary.row(
            "history",
            &exeter.slug,
            format!("YIPP pilot: {} in training", yipp.whole("in_training")),
        );
        let all = self.figures(provider, ProgrammeLead, "").await?;
        summary.row(
            "history",
            &provider.slug,
            format!(
                "{} qualified with the second cohort and the pilots",
                all.whole("qualified"),
            ),
        );
        let national = self.figures(commissioner, CommissionerNational, "").await?;
        summary.row(
            "history",
            &commissioner.slug,
            format!(
                "{} awards since 2022, {} paid in salary support; places for pilots: prisons {}",
                national.whole("awards_approved"),
                pounds(national.whole("salary_paid")),
                national.part("places_by_pilot", "prisons"),
            ),
        );
        let request = v1::GetTenantRequest {
            name: commissioner.tenant.to_string(),
            ..Default::default()
        };
        let tenant = self
            .asks(commissioner, CommissionerNational, request)
            .await?;
        let names: Vec<_> = tenant
            .tenant
            .unwrap_or_default()
            .names
            .into_iter()
            .map(|name| format!("{} from {}", name.name, name.from))
            .collect();
        summary.row("history", &commissioner.slug, names.join(", "));
        Ok(())
    }
}

/// `APPLICATION_STATE_NOT_APPOINTED` in words for people.
fn word(constant: &str) -> String {
    let (_, word) = constant.split_once("_STATE_").unwrap_or(("", constant));
    word.to_lowercase().replace('_', " ")
}

/// `27,485.00`
fn pounds(pence: i64) -> String {
    let (pounds, rest) = (pence / 100, pence % 100);
    let digits = pounds.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}.{rest:02}")
}

fn unexpected(what: String) -> PlayError {
    PlayError::Unexpected {
        step: "summary".to_owned(),
        what,
    }
}
