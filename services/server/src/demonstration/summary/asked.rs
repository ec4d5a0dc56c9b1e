//! What is asked of the service for the summary: feeds to their end, funding locks, figures.

use contract::v1;
use domain::actor::ActingRole::{self, AdmissionsTutor};

use super::super::{
    cast::{Candidate, Cast, Organisation},
    early_history, live_intake,
    stage::{PlayError, Stage, together},
};

/// Items of a feed read at a time.
const PAGE_ITEMS: i32 = 1_000;

/// One tenant's feed, read to its end.
pub(super) struct Feed {
    pub(super) of: String,
    pub(super) head: i64,
    pub(super) dense: bool,
}

impl Feed {
    pub(super) async fn read(
        stage: &Stage<'_>,
        organisation: &Organisation,
        role: ActingRole,
    ) -> Result<Self, PlayError> {
        let caller = stage.of(organisation, role)?;
        let mut feed = Self {
            of: organisation.slug.clone(),
            head: 0,
            dense: true,
        };
        loop {
            let page = v1::ListFeedRequest {
                after_position: feed.head,
                page_size: PAGE_ITEMS,
            };
            let page = caller.asks("summary", page).await?;
            for item in &page.items {
                feed.dense &= item.position == feed.head + 1;
                feed.head = item.position;
            }
            if !page.more {
                return Ok(feed);
            }
        }
    }
}

/// What the funding lock says, as admissions tutors ask. Each question is a record of its own, so
/// they are asked before anything else is read.
pub(super) struct Locks {
    pub(super) of_c1: String,
    pub(super) of_c5: String,
    pub(super) of_cohorts: Vec<String>,
}

impl Locks {
    pub(super) async fn ask(stage: &Stage<'_>, cast: &Cast) -> Result<Self, PlayError> {
        let [c1, .., c5] = live_intake::candidates();
        let said = |answer: v1::CheckFundingLockResponse| match answer.clear {
            true => "eligible for another funded training".to_owned(),
            false => format!(
                "not eligible for another funded training until {}",
                answer.lock_until
            ),
        };
        let mut of_cohorts = vec![];
        for (of, people) in [
            ("first intake", early_history::first_intake_people()),
            ("second cohort", early_history::second_cohort_people()),
        ] {
            let answers = together(people.iter().map(|person| {
                Self::answer(stage, &cast.provider, person, "2024-10-01", "2024-11-04")
            }))
            .await?;
            let caught = answers.iter().filter(|answer| !answer.clear).count();
            let all = people.len();
            of_cohorts.push(format!(
                "{of}: {caught} of {all} caught by the funding lock"
            ));
        }
        let later = "2028-09-10";
        Ok(Self {
            of_c1: said(Self::answer(stage, &cast.calderbridge, &c1, later, "2028-09-25").await?),
            of_c5: said(Self::answer(stage, &cast.wexcombe, &c5, later, "2029-04-02").await?),
            of_cohorts,
        })
    }

    async fn answer(
        stage: &Stage<'_>,
        organisation: &Organisation,
        person: &Candidate,
        on: &str,
        teaching_start: &str,
    ) -> Result<v1::CheckFundingLockResponse, PlayError> {
        let request = v1::CheckFundingLockRequest {
            person: person.person.to_string(),
            teaching_start: teaching_start.to_owned(),
            ..Default::default()
        };
        stage
            .of(organisation, AdmissionsTutor)?
            .answers(format!("summary/lock of {}", person.slug), on, request)
            .await
    }
}

/// A dashboard's figures.
pub(super) struct Figures(pub(super) Vec<v1::Figure>);

impl Figures {
    /// A whole figure.
    pub(super) fn whole(&self, name: &str) -> i64 {
        self.part(name, "").parse().unwrap_or(0)
    }

    /// One part of a figure; `*` where it is suppressed.
    pub(super) fn part(&self, name: &str, part: &str) -> String {
        self.0
            .iter()
            .find(|figure| figure.name == name && figure.part == part)
            .map_or_else(
                || "0".to_owned(),
                |figure| match figure.suppressed {
                    true => "*".to_owned(),
                    false => figure.value.to_string(),
                },
            )
    }
}
